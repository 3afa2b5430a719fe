/* Lines of a log file sent on: what they look like there, and that none is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "logs/forward.h"
#include "logs/rotation.h"

struct world {
    char dir[64], *log, *address;
    sd_event *loop;
    int receiver; /* -1: away */
    struct forward_origin from;
};

static int listen_at(const char *address)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void) snprintf(un.sun_path, sizeof un.sun_path, "%s", address + strlen("unix:"));
    (void) unlink(un.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *) &un, sizeof un), 0);
    return fd;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    (void) snprintf(w->dir, sizeof w->dir, "/tmp/ipam-forward.XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->log = paths_join("%s/web.log", w->dir);
    w->address = paths_join("unix:%s/dev-log", w->dir);
    assert_true(sd_event_new(&w->loop) >= 0);
    w->receiver = listen_at(w->address);
    w->from = (struct forward_origin){ .project = "shop",
                                       .service = "web",
                                       .host = "here",
                                       .to = { .driver = "syslog",
                                               .address = w->address,
                                               .format = "rfc5424micro",
                                               .tag = "shop-web",
                                               .facility = 3 } };
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    auto_free char *command = paths_join("rm -rf %s", w->dir);

    sd_event_unref(w->loop);
    if (w->receiver >= 0)
        close(w->receiver);
    free(w->log);
    free(w->address);
    free(w);
    return system(command); /* NOLINT: the name is ours */
}

static void write_lines(const struct world *w, unsigned from, unsigned to)
{
    auto_file f = fopen(w->log, "ae");

    assert_non_null(f);
    for (unsigned n = from; n < to; n++)
        (void) fprintf(f,
                       "{\"log\":\"line %u\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-24T10:00:"
                       "00.000000Z\",\"attrs\":{\"service\":\"web\",\"instance\":\"1\"}}\n",
                       n);
}

static void run(const struct world *w)
{
    while (sd_event_run(w->loop, 0) > 0)
        ;
}

/* the number of the line that arrives next, -1 when there is none */
static int received(const struct world *w)
{
    char text[1024] = "";
    const char *at;

    if (recv(w->receiver, text, sizeof text - 1, 0) < 0)
        return -1;
    at = strstr(text, "line ");
    assert_non_null(at);
    return atoi(at + 5);
}

/* lets it send and takes what comes, from the expected line on; the next that is awaited */
static int receive_all(const struct world *w, int next)
{
    int n, before;

    do {
        run(w); /* until the receiver has no room */
        for (before = next; (n = received(w)) >= 0; next++)
            assert_int_equal(n, next);
    } while (next > before);
    return next;
}

static void each_form_is_that_of_its_standard(void **state)
{
    static const char line[] = "{\"log\":\"to \\\"all\\\"\\n\",\"stream\":\"stderr\",\"time\":"
                               "\"2026-11-24T10:00:00.123456Z\",\"attrs\":{}}\n";
    static const struct {
        const char *format, *address, *expected;
        bool framed;
    } cases[] = {
        { "rfc5424", "udp:127.0.0.1:514",
          "<27>1 2026-11-24T10:00:00Z here shop-web - - - to \"all\"", false },
        { "rfc5424micro", "udp:127.0.0.1:514",
          "<27>1 2026-11-24T10:00:00.123456Z here shop-web - - - to \"all\"", false },
        { "rfc5424", "tcp:127.0.0.1:601",
          "55 <27>1 2026-11-24T10:00:00Z here shop-web - - - to \"all\"", true },
        { "rfc3164", "unix:/dev/log", "<27>Nov 24 10:00:00 shop-web: to \"all\"", false },
        { "rfc3164", "udp:127.0.0.1:514", "<27>Nov 24 10:00:00 here shop-web: to \"all\"", false },
        { "rfc3164", "tcp:127.0.0.1:601", "<27>Nov 24 10:00:00 here shop-web: to \"all\"\n", true },
    };
    const struct world *w = *state;

    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forward_origin from = w->from;
        size_t len = 0;

        from.to.format = cases[i].format;
        from.to.address = cases[i].address;
        auto_free char *text = forward_line(&from, line, cases[i].framed, &len);
        assert_non_null(text);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(len, strlen(cases[i].expected));
    }
}

static void journald_gets_fields_and_pieces_are_marked(void **state)
{
    static const char line[] = "{\"log\":\"a piece\",\"stream\":\"stdout\",\"time\":"
                               "\"2026-11-24T10:00:00.123456Z\",\"attrs\":{}}\n";
    const struct world *w = *state;
    struct forward_origin from = w->from;
    size_t len = 0;

    from.to.driver = "journald";
    auto_free char *text = forward_line(&from, line, false, &len);
    assert_non_null(text);
    assert_memory_equal(text, "MESSAGE\n\x07\0\0\0\0\0\0\0a piece\n", 24);
    assert_non_null(memmem(text, len, "PRIORITY=6\n", 11));
    assert_non_null(memmem(text, len, "IPAM_ORCH_SERVICE\n\x03\0\0\0\0\0\0\0web\n", 30));
    assert_non_null(memmem(text, len, "CONTAINER_PARTIAL_MESSAGE=true\n", 31));
    assert_null(forward_line(&from, "torn {\n", false, &len));
}

static void addresses_are_numbers(void **state)
{
    static const struct {
        const char *address;
        bool good;
    } cases[] = {
        { "unix:/dev/log", true },    { "unix:dev/log", false },      { "udp:10.0.0.1:514", true },
        { "udp:10.0.0.1", false },    { "tcp:[fd00::1]:601", true },  { "tcp:fd00::1:601", false },
        { "udp:loghost:514", false }, { "tls:10.0.0.1:6514", false }, { "udp:10.0.0.1:0", false },
    };

    struct endpoint parsed;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(endpoint_parse(cases[i].address, &parsed) == 0, cases[i].good);
}

static void every_line_arrives_once_also_over_a_rotation(void **state)
{
    const struct world *w = *state;
    struct forward *f;
    int next;

    write_lines(w, 0, 3); /* before it was forwarded */
    f = forward_new(w->loop, w->log, &w->from);
    write_lines(w, 3, 1000);
    forward_wake(f);
    next = receive_all(w, 3);
    assert_int_equal(next, 1000);
    write_lines(w, 1000, 1100);
    assert_int_equal(rotation_shift(w->log, 5), 0);
    write_lines(w, 1100, 1200);
    assert_int_equal(rotation_shift(w->log, 5), 0);
    write_lines(w, 1200, 1300);
    forward_wake(f);
    assert_int_equal(receive_all(w, next), 1300);
    forward_free(f);
}

static void another_process_goes_on_where_the_last_one_was(void **state)
{
    const struct world *w = *state;
    struct forward *f = forward_new(w->loop, w->log, &w->from);

    write_lines(w, 0, 10);
    forward_wake(f);
    assert_int_equal(receive_all(w, 0), 10);
    forward_free(f);
    /* while nobody looked: a rotation, and more lines */
    write_lines(w, 10, 20);
    assert_int_equal(rotation_shift(w->log, 5), 0);
    write_lines(w, 20, 30);
    f = forward_new(w->loop, w->log, &w->from);
    forward_wake(f);
    assert_int_equal(receive_all(w, 10), 30);
    forward_free(f);
}

static void a_receiver_that_is_away_gets_all_when_it_is_back(void **state)
{
    struct world *w = *state;
    struct forward *f;
    int next = 0;

    close(take_fd(&w->receiver));
    f = forward_new(w->loop, w->log, &w->from);
    write_lines(w, 0, 5);
    forward_wake(f);
    run(w);
    w->receiver = listen_at(w->address);
    /* it looks again by itself */
    while (next < 5) {
        assert_true(sd_event_run(w->loop, UINT64_MAX) >= 0);
        next = receive_all(w, next);
    }
    forward_free(f);
}

static void the_end_sends_what_is_left(void **state)
{
    const struct world *w = *state;
    struct forward *f = forward_new(w->loop, w->log, &w->from);

    write_lines(w, 0, 5);
    forward_free(f);
    for (int n = 0; n < 5; n++)
        assert_int_equal(received(w), n);
    assert_int_equal(received(w), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_form_is_that_of_its_standard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(journald_gets_fields_and_pieces_are_marked, set_up,
                                        tear_down),
        cmocka_unit_test(addresses_are_numbers),
        cmocka_unit_test_setup_teardown(every_line_arrives_once_also_over_a_rotation, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_process_goes_on_where_the_last_one_was, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_receiver_that_is_away_gets_all_when_it_is_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_sends_what_is_left, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
