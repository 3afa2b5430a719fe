/* What services say of themselves, on a clock that only moves when asked: who is believed, what it
 * leads to, what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fdpass.h"
#include "engine/supervisor.h"
#include "tests/fakes/fake_dir.h"
#include "tests/fakes/fake_project.h"
#include "tests/fakes/fake_runtime.h"

enum { NOBODY_HAS_THIS_PID = 0x3ffffff };

struct stage {
    char dir[64];
    sd_event *loop;
    struct timers *timers;
    struct supervisor *supervisor;
    struct fake_runtime fake;
    int says; /* what the service writes to */
};

static void on_event(void *owner, json_t *event)
{
    (void) owner, (void) event;
}

static void on_done(void *owner, const struct operation_failure *failure)
{
    (void) owner, (void) failure;
}

static struct project *notifying(uint64_t watchdog_us)
{
    struct project *p = fake_project("p", 1);
    struct unit *u = &p->units[0];

    fake_unit(u, "web");
    fake_health(u, 10 * USEC_PER_SEC);
    u->health.probe.kind = PROBE_NOTIFY;
    u->health.probe.watchdog_us = watchdog_us;
    u->health.start_period_us = 60 * USEC_PER_SEC;
    u->sickness.action = UNHEALTHY_IGNORE;
    return p;
}

/* as the broker hands it over */
static void connect_socket(struct stage *s)
{
    static const int on = 1;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    s->says = pair[1];
    s->fake.to.notify(s->supervisor, "p.web.1.1", pair[0]);
}

static void open_stage(struct stage *s, uint64_t watchdog_us)
{
    struct supervisor_config config = { .state_dir = s->dir, .log_dir = s->dir };
    struct watcher w = { .owner = s, .event = on_event, .done = on_done };
    struct supervisor_request r = { .kind = OP_UP,
                                    .project = "p",
                                    .definition = notifying(watchdog_us) };
    struct err e = ERR_INIT;

    assert_true(sd_event_new(&s->loop) >= 0);
    config.loop = s->loop;
    config.timers = s->timers = timers_new(NULL);
    s->supervisor = supervisor_new(&config);
    s->fake.to = supervisor_listener(s->supervisor);
    supervisor_use(s->supervisor, &fake_runtime_ops, &s->fake);
    assert_int_equal(supervisor_connect(s->supervisor, &e), 0);
    assert_int_equal(supervisor_begin(s->supervisor, &r, &w, &e), 0);
    connect_socket(s);
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);

    (void) snprintf(s->dir, sizeof s->dir, "/tmp/ipam-notify.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;

    close(s->says);
    supervisor_free(s->supervisor);
    timers_free(s->timers);
    sd_event_unref(s->loop);
    assert_int_equal(fake_tree_remove(s->dir), 0);
    free(s);
    return 0;
}

static void start(struct stage *s, int pid)
{
    s->fake.to.started(s->supervisor, &(struct runtime_seen){ .id = "p.web.1.1", .pid = pid });
}

static void say(struct stage *s, const char *text)
{
    assert_int_equal(send(s->says, text, strlen(text), 0), (ssize_t) strlen(text));
    while (sd_event_run(s->loop, 0) > 0)
        ;
}

static void pass(struct stage *s, uint64_t us)
{
    uint64_t until = timers_now(s->timers) + us;

    while (timers_next(s->timers, until))
        ;
}

static const char *shown(struct stage *s, const char *key)
{
    static char text[512];
    json_t *status = supervisor_status(s->supervisor, "p");
    json_t *service = json_array_get(
        json_object_get(json_array_get(json_object_get(status, "projects"), 0), "services"), 0);

    (void) snprintf(text, sizeof text, "%s", json_string_value(json_object_get(service, key)));
    json_decref(status);
    return text;
}

static void whoever_is_none_of_it_is_not_believed(void **state)
{
    struct stage *s = *state;

    open_stage(s, 0);
    say(s, "READY=1\nSTATUS=too early to know");
    assert_string_equal(shown(s, "says"), "");
    start(s, NOBODY_HAS_THIS_PID);
    say(s, "READY=1\nSTATUS=not me");
    assert_string_equal(shown(s, "state"), "starting");
    assert_string_equal(shown(s, "says"), "");
}

static void ready_is_heard_however_early_it_was_said(void **state)
{
    struct stage *s = *state;

    open_stage(s, 0);
    say(s, "STATUS=loading\nREADY=1\nMAINPID=1");
    assert_string_equal(shown(s, "state"), "preparing");
    start(s, getpid());
    assert_string_equal(shown(s, "state"), "starting");
    say(s, "STATUS=serves");
    assert_string_equal(shown(s, "health"), "healthy");
    assert_string_equal(shown(s, "says"), "serves");
    pass(s, 3600 * USEC_PER_SEC);
    assert_string_equal(shown(s, "health"), "healthy");
    assert_int_equal(s->fake.probe_tag, 0);
}

static void who_is_silent_becomes_unhealthy_and_the_check_says_what_is_missing(void **state)
{
    struct stage *s = *state;

    open_stage(s, 0);
    start(s, getpid());
    say(s, "STATUS=loading\nREADY=0\nREADY=11\nready=1\nWATCHDOG=1\n\n=");
    pass(s, 80 * USEC_PER_SEC);
    assert_string_equal(shown(s, "health"), "unhealthy");
    assert_string_equal(shown(s, "health_output"), "it has not said READY=1 yet");
    say(s, "READY=1");
    assert_string_equal(shown(s, "health"), "healthy");
}

static void what_is_shown_is_text_of_one_line(void **state)
{
    struct stage *s = *state;
    char longer[600] = "STATUS=";

    open_stage(s, 0);
    start(s, getpid());
    say(s, "STATUS=a\x1b[31m\tb\x7f");
    assert_string_equal(shown(s, "says"), "a [31m b ");
    say(s, "STATUS=gr\xc3\xbc\xc3\x9f");
    assert_string_equal(shown(s, "says"), "gr\xc3\xbc\xc3\x9f");
    say(s, "STATUS=bad \xff\xc3\xbc");
    assert_string_equal(shown(s, "says"), "bad ???");
    memset(longer + 7, 'x', 126);
    (void) snprintf(longer + 7 + 126, 8, "\xc3\xbcyz");
    say(s, longer);
    assert_int_equal(strlen(shown(s, "says")), 126); /* not half a letter */
    say(s, "STATUS=");
    assert_string_equal(shown(s, "says"), "");
}

static void a_message_too_long_or_with_descriptors_is_taken_and_kept_open_by_nobody(void **state)
{
    struct stage *s = *state;
    auto_free char *longer = calloc(1, 8000);
    int pipe_ends[2];
    char byte;

    open_stage(s, 0);
    start(s, getpid());
    memset(longer, '\n', 7000);
    memcpy(longer, "READY=1\n", 8);
    say(s, longer);
    assert_string_equal(shown(s, "state"), "starting");
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(fdpass_send(s->says, "BARRIER=1", 9, (int[]){ pipe_ends[1] }, 1), 0);
    close(pipe_ends[1]);
    say(s, "READY=1");
    assert_int_equal(read(pipe_ends[0], &byte, 1), 0); /* the end: the barrier is open */
    close(pipe_ends[0]);
    assert_string_equal(shown(s, "health"), "healthy");
}

static void the_watchdog_waits_for_ready_and_bites_who_is_late(void **state)
{
    struct stage *s = *state;

    open_stage(s, 5 * USEC_PER_SEC);
    start(s, getpid());
    pass(s, 30 * USEC_PER_SEC);
    assert_string_equal(shown(s, "health"), "starting");
    say(s, "READY=1");
    for (int i = 0; i < 5; i++) {
        pass(s, 4 * USEC_PER_SEC);
        say(s, "WATCHDOG=1");
    }
    assert_string_equal(shown(s, "health"), "healthy");
    pass(s, 6 * USEC_PER_SEC);
    assert_string_equal(shown(s, "health"), "unhealthy");
    assert_string_equal(shown(s, "health_output"), "no WATCHDOG=1 in time");
    pass(s, 30 * USEC_PER_SEC);
    assert_string_equal(shown(s, "health_output"), "no WATCHDOG=1 yet");
    say(s, "WATCHDOG=1");
    assert_string_equal(shown(s, "health"), "healthy");
    say(s, "WATCHDOG=trigger");
    assert_string_equal(shown(s, "health_output"), "it said WATCHDOG=trigger");
    assert_string_equal(shown(s, "health"), "unhealthy");
}

static void who_says_that_it_ends_is_left_alone_by_the_watchdog(void **state)
{
    struct stage *s = *state;

    open_stage(s, 5 * USEC_PER_SEC);
    start(s, getpid());
    say(s, "READY=1");
    say(s, "STOPPING=1\nSTATUS=writes everything down");
    pass(s, 60 * USEC_PER_SEC);
    assert_string_equal(shown(s, "health"), "healthy");
    s->fake.to.ended(s->supervisor, "p.web.1.1", &(struct exit_info){ .code = 0 });
    assert_string_equal(shown(s, "says"), "");
    assert_true(send(s->says, "READY=1", 7, MSG_NOSIGNAL) < 0); /* nobody listens */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define STAGED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        STAGED(whoever_is_none_of_it_is_not_believed),
        STAGED(ready_is_heard_however_early_it_was_said),
        STAGED(who_is_silent_becomes_unhealthy_and_the_check_says_what_is_missing),
        STAGED(what_is_shown_is_text_of_one_line),
        STAGED(a_message_too_long_or_with_descriptors_is_taken_and_kept_open_by_nobody),
        STAGED(the_watchdog_waits_for_ready_and_bites_who_is_late),
        STAGED(who_says_that_it_ends_is_left_alone_by_the_watchdog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
