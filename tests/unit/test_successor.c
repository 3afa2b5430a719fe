/* What one process leaves to the next, as a word of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/successor.h"

static void descriptors_are_taken_and_do_not_pass_on_by_themselves(void **state)
{
    struct heritage h = HERITAGE_NONE;
    struct err e = ERR_INIT;
    char text[64];
    int fds[2], more[2];

    (void) state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pipe(more), 0);
    (void) snprintf(text, sizeof text, "%d,%d,%d,%d", fds[0], fds[1], more[0], more[1]);
    assert_int_equal(successor_inherit(text, &h, &e), 0);
    assert_int_equal(h.lock, fds[0]);
    assert_int_equal(h.listener, fds[1]);
    assert_int_equal(h.n_connections, 2);
    assert_int_equal(h.connections[1], more[1]);
    assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(more[1], F_GETFD), FD_CLOEXEC);
    (void) snprintf(text, sizeof text, "%d,-", fds[0]);
    assert_int_equal(successor_inherit(text, &h, &e), 0);
    assert_int_equal(h.listener, -1);
    for (size_t i = 0; i < 2; i++) {
        close(fds[i]);
        close(more[i]);
    }
}

static void what_is_no_open_descriptor_is_refused(void **state)
{
    static const char *const texts[] = { "",      "0",        "x,0",
                                         "0,",    "0,-1",     "-,0",
                                         "0,1,-", "0,900000", "0,99999999999999999999" };
    char long_text[1024] = "0";

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct heritage h = HERITAGE_NONE;
        struct err e = ERR_INIT;

        assert_int_equal(successor_inherit(texts[i], &h, &e), -EINVAL);
        assert_int_equal(h.lock, -1);
    }
    for (size_t i = 0; i < SUCCESSOR_CONNECTIONS + 2; i++)
        (void) snprintf(long_text + strlen(long_text), sizeof long_text - strlen(long_text), ",0");
    assert_int_equal(successor_inherit(long_text, &(struct heritage){ 0 }, &ERR_INIT), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_taken_and_do_not_pass_on_by_themselves),
        cmocka_unit_test(what_is_no_open_descriptor_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
