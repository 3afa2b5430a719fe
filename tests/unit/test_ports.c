/* Published ports: free, or in use by somebody who is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/ports.h"

/* a listening socket on a port that the kernel chooses */
static int listen_somewhere(int type, uint16_t *port)
{
    auto_fd fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof at), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &at, &len), 0);
    *port = ntohs(at.sin_port);
    return take_fd(&fd);
}

static int check(uint16_t published, bool udp, const char *address, struct err *e)
{
    struct port port = {
        .address = address, .published = published, .last = published, .target = 80, .udp = udp
    };
    struct unit unit = { .name = "web", .ports = &port, .n_ports = 1 };

    return ports_check(&unit, e);
}

static void a_port_in_use_is_refused_and_its_holder_named(void **state)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        bool udp = types[i] == SOCK_DGRAM;
        struct err e = ERR_INIT;
        uint16_t port = 0;
        auto_fd holder = listen_somewhere(types[i], &port);
        char text[64];

        assert_true(holder >= 0);
        assert_int_equal(check(port, udp, "127.0.0.1", &e), -EADDRINUSE);
        assert_int_equal(e.class, ERR_CHECK);
        (void) snprintf(text, sizeof text, "port %u/%s", port, udp ? "udp" : "tcp");
        assert_non_null(strstr(e.msg, text));
        assert_non_null(strstr(e.msg, "'web'"));
        (void) snprintf(text, sizeof text, "test_ports (pid %d)", getpid());
        assert_non_null(strstr(e.msg, text));
        assert_true(e.hint[0] != '\0');
        /* the other protocol has ports of its own */
        if (!udp)
            assert_int_equal(check(port, true, "127.0.0.1", &e), 0);
    }
}

static void a_port_that_was_released_is_free(void **state)
{
    struct err e = ERR_INIT;
    uint16_t port = 0;
    int holder = listen_somewhere(SOCK_STREAM, &port);

    (void) state;
    close(holder);
    assert_int_equal(check(port, false, "127.0.0.1", &e), 0);
    assert_string_equal(e.msg, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_in_use_is_refused_and_its_holder_named),
        cmocka_unit_test(a_port_that_was_released_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
