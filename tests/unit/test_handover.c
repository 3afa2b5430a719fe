#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdpass.h"
#include "sandbox/handover.h"

struct ends {
    int broker, init;
};

static int set_up(void **state)
{
    static struct ends e;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    e = (struct ends){ pair[0], pair[1] };
    *state = &e;
    return 0;
}

static int tear_down(void **state)
{
    struct ends *e = *state;

    if (e->broker >= 0)
        close(e->broker);
    close(e->init);
    return 0;
}

static void a_group_that_cannot_be_entered_is_told_with_its_error(void **state)
{
    struct ends *e = *state;
    auto_fd refuses = open("/dev/full", O_WRONLY | O_CLOEXEC), fine = memfd_create("x", 0);
    int fds[HANDOVER_FDS_MAX], entered = 0;
    size_t n = 0;

    assert_int_equal(handover_send_groups(e->broker, (int[]){ fine, refuses }, 2), 0);
    assert_int_equal(handover_send(e->broker, &fine, 1), 0);
    assert_int_equal(handover_receive(e->init, fds, &n, &entered), 0);
    assert_int_equal(entered, -ENOSPC);
    assert_int_equal(n, 1); /* those of the groups are not among them */
    fdpass_close(fds, n);
}

static void groups_are_entered_by_writing_0(void **state)
{
    struct ends *e = *state;
    auto_fd group = memfd_create("x", 0);
    int fds[HANDOVER_FDS_MAX], entered = -1;
    char text[4] = "";
    size_t n = 7;

    assert_int_equal(handover_send_groups(e->broker, &group, 1), 0);
    assert_int_equal(handover_send(e->broker, NULL, 0), 0);
    assert_int_equal(handover_receive(e->init, fds, &n, &entered), 0);
    assert_int_equal(entered, 0);
    assert_int_equal(n, 0);
    assert_int_equal(pread(group, text, sizeof text, 0), 1);
    assert_string_equal(text, "0");
}

static void more_descriptors_than_a_message_holds_arrive_in_order(void **state)
{
    struct ends *e = *state;
    int sent[FDPASS_MAX + 3], fds[HANDOVER_FDS_MAX], entered;
    size_t n = 0;
    char text[4];

    for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
        const unsigned char mark = (unsigned char) i;

        sent[i] = memfd_create("x", 0);
        assert_int_equal(pwrite(sent[i], &mark, 1, 0), 1);
    }
    assert_int_equal(handover_send(e->broker, sent, ARRAY_LEN(sent)), 0);
    assert_int_equal(handover_receive(e->init, fds, &n, &entered), 0);
    assert_int_equal(n, ARRAY_LEN(sent));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pread(fds[i], text, 1, 0), 1);
        assert_int_equal(text[0], (int) i);
    }
    fdpass_close(fds, n);
    fdpass_close(sent, ARRAY_LEN(sent));
}

static void a_launch_that_was_given_up_never_goes(void **state)
{
    struct ends *e = *state;

    close(take_fd(&e->broker));
    assert_int_equal(handover_receive_go(e->init), -ECONNRESET);
}

static void only_go_is_go(void **state)
{
    struct ends *e = *state;

    assert_int_equal(fdpass_send(e->broker, "m", 1, NULL, 0), 0);
    assert_int_equal(handover_receive_go(e->init), -EBADMSG);
    assert_int_equal(handover_send_go(e->broker), 0);
    assert_int_equal(handover_receive_go(e->init), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_group_that_cannot_be_entered_is_told_with_its_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(groups_are_entered_by_writing_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_descriptors_than_a_message_holds_arrive_in_order,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_launch_that_was_given_up_never_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_go_is_go, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
