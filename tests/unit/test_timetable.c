/* The supervisor and its schedules, on a clock of our own and a runtime that runs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/supervisor.h"
#include "engine/timetable.h"
#include "tests/fakes/fake_dir.h"
#include "tests/fakes/fake_project.h"
#include "tests/fakes/fake_runtime.h"

#define MIDNIGHT (UINT64_C(1795737600) * USEC_PER_SEC) /* 2026-11-27 00:00 UTC */
#define HOUR     (UINT64_C(3600) * USEC_PER_SEC)

#define SENT "send off -p p --lock-wait=30m --yes version; "

struct stage {
    char dir[64], projects[80], schedules[80];
    struct timers *timers;
    struct supervisor *supervisor;
    struct fake_runtime fake;
    unsigned dones;
    char result[32];
};

/* the clock of the wall goes with the timers */
static uint64_t wall_from;
static const struct timers *wall_timers;

static uint64_t wall(void)
{
    return wall_from + timers_now(wall_timers);
}

static void open_supervisor(struct stage *s)
{
    struct supervisor_config config = { .state_dir = s->projects,
                                        .log_dir = s->dir,
                                        .schedule_dir = s->schedules,
                                        .host = "here",
                                        .wall_us = wall,
                                        .milli_cpus = 4000 };
    struct err e = ERR_INIT;

    config.timers = s->timers = timers_new(NULL);
    wall_timers = s->timers;
    s->supervisor = supervisor_new(&config);
    s->fake.to = supervisor_listener(s->supervisor);
    supervisor_use(s->supervisor, &fake_runtime_ops, &s->fake);
    assert_int_equal(supervisor_load(s->supervisor, &e), 0);
}

/* the machine is off for so long */
static void reopen(struct stage *s, uint64_t off_us)
{
    wall_from = wall() + off_us;
    supervisor_free(s->supervisor);
    timers_free(s->timers);
    (void) fake_notes(&s->fake);
    open_supervisor(s);
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);

    (void) snprintf(s->dir, sizeof s->dir, "/tmp/ipam-timetable.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void) snprintf(s->projects, sizeof s->projects, "%s/projects", s->dir);
    (void) snprintf(s->schedules, sizeof s->schedules, "%s/schedules", s->dir);
    wall_from = MIDNIGHT;
    open_supervisor(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;

    supervisor_free(s->supervisor);
    timers_free(s->timers);
    assert_int_equal(fake_tree_remove(s->dir), 0);
    free(s);
    return 0;
}

static void on_event(void *owner, json_t *event)
{
    (void) owner, (void) event;
}

static void on_done(void *owner, const struct operation_failure *failure)
{
    struct stage *s = owner;

    s->dones += failure == NULL;
}

static struct project *timed(size_t n)
{
    static const char *const run[] = { "version", NULL };
    static const char *const names[] = { "nightly", "weekly" };
    struct project *p = fake_project("p", 1);

    fake_unit(&p->units[0], "web");
    p->schedules = arena_array(p->arena, n, sizeof *p->schedules);
    p->n_schedules = n;
    for (size_t i = 0; i < n; i++)
        p->schedules[i] =
            (struct schedule){ .name = names[i], .when = "04:30", .run = run, .timeout_us = HOUR };
    return p;
}

static void begin(struct stage *s, enum operation_kind kind, struct project *p)
{
    struct watcher w = { .owner = s, .event = on_event, .done = on_done };
    struct supervisor_request r = { .kind = kind, .project = "p", .definition = p };
    struct err e = ERR_INIT;

    if (supervisor_begin(s->supervisor, &r, &w, &e) < 0)
        fail_msg("%s", e.msg);
}

static void up(struct stage *s, size_t schedules)
{
    begin(s, OP_UP, timed(schedules));
    s->fake.to.started(s->supervisor, &(struct runtime_seen){ .id = "p.web.1.1", .pid = 4711 });
    assert_int_equal(s->dones, 1);
    (void) fake_notes(&s->fake);
}

static void pass(struct stage *s, uint64_t us)
{
    uint64_t until = timers_now(s->timers) + us;

    while (timers_next(s->timers, until))
        ;
}

static void answer(struct stage *s, bool told, int code, bool timed_out)
{
    json_t *fields = told ? json_pack("{s:I,s:I}", "started_us", (json_int_t) wall(), "ended_us",
                                      (json_int_t) (wall() + 5 * USEC_PER_SEC))
                          : NULL;
    uint64_t tag = s->fake.errand_tag;

    s->fake.errand_tag = 0;
    s->fake.to.answered(s->supervisor, tag,
                        &(struct runtime_answer){ .ok = told && code == 0 && !timed_out,
                                                  .timed_out = timed_out,
                                                  .code = code,
                                                  .fields = fields,
                                                  .output = "said" });
    json_decref(fields);
}

/* of the first schedule: the result of run number `n`, the newest is 0 */
static const char *result(struct stage *s, size_t n)
{
    struct err e = ERR_INIT;
    json_t *all = NULL;
    const char *text;

    assert_int_equal(supervisor_schedules(s->supervisor, "p", &all, &e), 0);
    text = json_string_value(json_object_get(
        json_array_get(json_object_get(json_array_get(all, 0), "runs"), n), "result"));
    (void) snprintf(s->result, sizeof s->result, "%s", text ? text : "-");
    json_decref(all);
    return s->result;
}

static void what_is_due_is_sent_off_once_a_day_and_its_end_is_kept(void **state)
{
    struct stage *s = *state;

    up(s, 1);
    pass(s, 4 * HOUR);
    assert_string_equal(fake_notes(&s->fake), "");
    pass(s, HOUR);
    assert_string_equal(fake_notes(&s->fake), SENT);
    assert_string_equal(result(s, 0), "-");
    answer(s, true, 0, false);
    assert_string_equal(result(s, 0), "done");
    pass(s, 23 * HOUR);
    assert_string_equal(fake_notes(&s->fake), "");
    pass(s, HOUR);
    assert_string_equal(fake_notes(&s->fake), SENT);
    answer(s, true, 12, false);
    assert_string_equal(result(s, 0), "failed");
    pass(s, 24 * HOUR);
    answer(s, true, 0, true);
    assert_string_equal(result(s, 0), "timed out");
    assert_string_equal(result(s, 2), "done");
}

static void
one_that_still_runs_is_not_begun_again_and_one_after_the_other_of_a_project(void **state)
{
    struct stage *s = *state;

    up(s, 2);
    pass(s, 5 * HOUR);
    assert_string_equal(fake_notes(&s->fake), SENT);
    pass(s, 48 * HOUR);
    assert_string_equal(fake_notes(&s->fake), "");
    answer(s, true, 0, false); /* what became due meanwhile, of each one */
    assert_string_equal(fake_notes(&s->fake), SENT);
    answer(s, true, 0, false);
    assert_string_equal(fake_notes(&s->fake), SENT);
    answer(s, true, 0, false);
    assert_string_equal(fake_notes(&s->fake), "");
}

static void while_an_operation_runs_it_waits(void **state)
{
    struct stage *s = *state;

    up(s, 1);
    begin(s, OP_RESTART, NULL);
    (void) fake_notes(&s->fake);
    pass(s, 5 * HOUR);
    assert_null(strstr(fake_notes(&s->fake), "send off"));
}

static void a_run_of_an_earlier_supervisor_is_found_again(void **state)
{
    const struct runtime_seen web = { .id = "p.web.1.1", .pid = 4711 };
    struct stage *s = *state;

    up(s, 1);
    pass(s, 5 * HOUR);
    s->fake.seen = &web;
    s->fake.n_seen = 1;
    reopen(s, USEC_PER_SEC);
    assert_non_null(strstr(fake_notes(&s->fake), "find again 4711"));
    answer(s, true, 0, false);
    assert_string_equal(result(s, 0), "done");
    /* and one that nobody has heard of since */
    pass(s, 24 * HOUR);
    assert_string_equal(fake_notes(&s->fake), SENT);
    reopen(s, HOUR);
    answer(s, false, 0, false);
    assert_string_equal(result(s, 0), "interrupted");
    assert_string_equal(result(s, 1), "done");
}

static void days_without_a_machine_are_made_up_for_once_its_services_are_up(void **state)
{
    struct stage *s = *state;

    up(s, 1);
    reopen(s, 103 * HOUR);
    /* it is started again, and is not up yet */
    pass(s, USEC_PER_SEC);
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.2; ");
    s->fake.to.started(s->supervisor, &(struct runtime_seen){ .id = "p.web.1.2", .pid = 4712 });
    (void) fake_notes(&s->fake);
    pass(s, 2 * 60 * USEC_PER_SEC);
    assert_string_equal(fake_notes(&s->fake), SENT);
    answer(s, true, 0, false);
    pass(s, 2 * HOUR);
    assert_string_equal(fake_notes(&s->fake), "");
}

static void on_renewed(void *owner, json_t *instances, const struct err *why)
{
    (void) owner, (void) instances, (void) why;
}

static void secrets_that_are_renewed_leave_schedules_as_they_are(void **state)
{
    struct stage *s = *state;
    struct project *p = timed(1);
    struct supervisor_renewal r = { .project = "p" };
    struct err e = ERR_INIT;
    json_t *secrets = json_pack("{s:s}", "word", "new");

    p->secrets = arena_array(p->arena, 1, sizeof *p->secrets);
    p->n_secrets = 1;
    p->secrets[0] = (struct secret){ .name = "word", .value = "old", .len = 3 };
    begin(s, OP_UP, p);
    s->fake.to.started(s->supervisor, &(struct runtime_seen){ .id = "p.web.1.1", .pid = 4711 });
    pass(s, 5 * HOUR);
    (void) fake_notes(&s->fake);
    r.secrets = secrets;
    /* in the middle of a run */
    if (supervisor_renew(s->supervisor, &r,
                         &(struct inquiry_watcher){ .owner = s, .done = on_renewed }, &e) < 0)
        fail_msg("%s", e.msg);
    json_decref(secrets);
    (void) fake_notes(&s->fake);
    answer(s, true, 0, false);
    assert_string_equal(result(s, 0), "done");
    pass(s, 24 * HOUR);
    assert_string_equal(fake_notes(&s->fake), SENT);
}

static void a_schedule_that_the_next_up_does_not_have_any_more_is_forgotten(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    json_t *all = NULL;

    up(s, 2);
    pass(s, 5 * HOUR);
    begin(s, OP_UP, timed(1)); /* the first one runs */
    answer(s, true, 0, false);
    assert_string_equal(result(s, 0), "done");
    begin(s, OP_UP, timed(0));
    answer(s, true, 0, false); /* of nobody */
    assert_int_equal(supervisor_schedules(s->supervisor, "p", &all, &e), 0);
    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_is_due_is_sent_off_once_a_day_and_its_end_is_kept),
        T(one_that_still_runs_is_not_begun_again_and_one_after_the_other_of_a_project),
        T(while_an_operation_runs_it_waits),
        T(a_run_of_an_earlier_supervisor_is_found_again),
        T(days_without_a_machine_are_made_up_for_once_its_services_are_up),
        T(secrets_that_are_renewed_leave_schedules_as_they_are),
        T(a_schedule_that_the_next_up_does_not_have_any_more_is_forgotten),
    };
#undef T

    (void) mallopt(M_PERTURB, 0x55); /* what is freed says nothing any more */
    (void) setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
