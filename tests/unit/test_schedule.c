/* When a run is due and what is made up for, on a clock of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "engine/schedule.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

#define MIDNIGHT INT64_C(1795737600) /* 2026-11-27 00:00 UTC */

static struct schedule rule_of(const char *when)
{
    return (struct schedule){ .name = "backup", .when = when };
}

struct play {
    struct schedule rule;
    struct calendar calendar;
    struct schedule_state state;
    struct schedule_look look;
    int64_t due;
};

static void play_open(struct play *p, const char *when)
{
    struct err e = ERR_INIT;

    *p = (struct play){ .rule = rule_of(when) };
    p->look = (struct schedule_look){ .rule = &p->rule, .calendar = &p->calendar };
    assert_int_equal(calendar_parse(when, &p->calendar, &e), 0);
}

static enum schedule_verdict at(struct play *p, int64_t now)
{
    enum schedule_verdict v;

    p->look.now_s = now;
    v = schedule_look(&p->look, &p->state, &p->due);
    if (v != SCHEDULE_WAIT)
        schedule_deal(&p->look, &p->state);
    return v;
}

static void a_new_one_waits_for_its_first_moment(void **state)
{
    struct play p;

    (void) state;
    play_open(&p, "04:30");
    assert_int_equal(at(&p, MIDNIGHT + 5 * HOUR), SCHEDULE_WAIT);
    assert_int_equal(p.due, MIDNIGHT + DAY + 4 * HOUR + 1800);
    assert_int_equal(at(&p, p.due - 1), SCHEDULE_WAIT);
    assert_int_equal(at(&p, p.due), SCHEDULE_RUN);
    assert_int_equal(at(&p, p.due), SCHEDULE_WAIT);
    assert_int_equal(p.due, MIDNIGHT + 2 * DAY + 4 * HOUR + 1800);
}

static void what_was_missed_is_made_up_for_once(void **state)
{
    struct play p;

    (void) state;
    play_open(&p, "04:30");
    assert_int_equal(at(&p, MIDNIGHT), SCHEDULE_WAIT);
    assert_int_equal(at(&p, MIDNIGHT + 9 * DAY + 12 * HOUR), SCHEDULE_RUN);
    assert_int_equal(p.due, MIDNIGHT + 4 * HOUR + 1800); /* since then */
    assert_int_equal(at(&p, MIDNIGHT + 9 * DAY + 12 * HOUR + 1), SCHEDULE_WAIT);
    assert_int_equal(p.due, MIDNIGHT + 10 * DAY + 4 * HOUR + 1800);
}

static void who_does_not_want_that_is_passed_over_but_not_for_some_minutes(void **state)
{
    struct play p;

    (void) state;
    play_open(&p, "04:30");
    p.rule.no_catch_up = true;
    assert_int_equal(at(&p, MIDNIGHT), SCHEDULE_WAIT);
    assert_int_equal(at(&p, MIDNIGHT + 5 * HOUR), SCHEDULE_SKIP);
    assert_int_equal(at(&p, MIDNIGHT + 5 * HOUR), SCHEDULE_WAIT);
    assert_int_equal(at(&p, MIDNIGHT + DAY + 4 * HOUR + 1800 + 599), SCHEDULE_RUN);
}

static void what_is_disabled_is_passed_over_and_not_made_up_for(void **state)
{
    struct play p;

    (void) state;
    play_open(&p, "hourly");
    p.rule.disabled = true;
    assert_int_equal(at(&p, MIDNIGHT), SCHEDULE_WAIT);
    assert_int_equal(at(&p, MIDNIGHT + 2 * HOUR), SCHEDULE_SKIP);
    p.state.said = SCHEDULE_ENABLED; /* what an operator says stands over the file */
    assert_int_equal(at(&p, MIDNIGHT + 2 * HOUR), SCHEDULE_WAIT);
    assert_int_equal(at(&p, MIDNIGHT + 3 * HOUR), SCHEDULE_RUN);
    p.rule.disabled = false;
    p.state.said = SCHEDULE_DISABLED;
    assert_int_equal(at(&p, MIDNIGHT + 4 * HOUR), SCHEDULE_SKIP);
}

static void a_clock_that_went_far_back_begins_anew_and_one_hour_back_changes_nothing(void **state)
{
    struct play p;

    (void) state;
    play_open(&p, "daily");
    assert_int_equal(at(&p, MIDNIGHT + 400 * DAY), SCHEDULE_WAIT);
    assert_int_equal(at(&p, MIDNIGHT + 400 * DAY - HOUR), SCHEDULE_WAIT);
    assert_int_equal(p.due, MIDNIGHT + 401 * DAY);
    assert_int_equal(at(&p, MIDNIGHT + HOUR), SCHEDULE_WAIT);
    assert_int_equal(p.due, MIDNIGHT + DAY);
}

/* whatever the moments at which somebody looks: each day has one run, a spread later */
static void with_a_spread_every_day_has_one_run(void **state)
{
    struct play p;
    unsigned runs = 0;

    (void) state;
    play_open(&p, "00:00");
    p.rule.spread_us = 2 * HOUR * USEC_PER_SEC;
    for (int64_t jitter = 0; jitter < 2 * HOUR; jitter += 17 * 60) {
        schedule_clear(&p.state);
        p.look.jitter_s = jitter;
        runs = 0;
        for (int64_t t = MIDNIGHT + 12 * HOUR; t < MIDNIGHT + 30 * DAY + 12 * HOUR; t += 307)
            if (at(&p, t) == SCHEDULE_RUN) {
                assert_in_range((t - MIDNIGHT) % DAY, jitter, jitter + 307);
                runs++;
            }
        assert_int_equal(runs, 30);
    }
}

static void a_host_has_its_own_part_of_the_spread_and_keeps_it(void **state)
{
    struct schedule rule = rule_of("daily"), other = { .name = "drill" };
    unsigned quarters[4] = { 0 };

    (void) state;
    assert_int_equal(schedule_jitter("host", "ipam", &rule), 0);
    rule.spread_us = other.spread_us = HOUR * USEC_PER_SEC;
    assert_int_equal(schedule_jitter("host", "ipam", &rule),
                     schedule_jitter("host", "ipam", &rule));
    assert_int_not_equal(schedule_jitter("host", "ipam", &rule),
                         schedule_jitter("host", "ipam", &other));
    assert_int_not_equal(schedule_jitter("host", "ipam", &rule),
                         schedule_jitter("host", "ipan", &rule));
    for (int i = 0; i < 1000; i++) {
        char host[16];
        int64_t jitter;

        (void) snprintf(host, sizeof host, "host%d", i);
        jitter = schedule_jitter(host, "ipam", &rule);
        assert_in_range(jitter, 0, HOUR - 1);
        quarters[jitter / (HOUR / 4)]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(quarters[i], 180, 320);
}

static void what_is_known_survives_and_the_oldest_runs_go(void **state)
{
    struct schedule_state s = {
        .base_s = MIDNIGHT, .said = SCHEDULE_DISABLED, .pid = 42, .pid_start = 99
    };
    struct schedule_state again = { 0 };
    json_t *json;

    (void) state;
    for (int i = 0; i < SCHEDULE_RUNS + 5; i++) {
        char output[16];

        (void) snprintf(output, sizeof output, "run %d", i);
        schedule_keep(&s, &(struct schedule_run){ .result = SCHEDULE_TIMED_OUT,
                                                  .started_us = (uint64_t) i + 1,
                                                  .took_us = 7,
                                                  .code = 143,
                                                  .by = (char[]){ "root (pid 1)" },
                                                  .output = output });
    }
    assert_int_equal(s.n_runs, SCHEDULE_RUNS);
    json = schedule_to_json(&s);
    schedule_from_json(&again, json);
    json_decref(json);
    assert_int_equal(again.base_s, MIDNIGHT);
    assert_int_equal(again.said, SCHEDULE_DISABLED);
    assert_int_equal(again.pid, 42);
    assert_int_equal(again.pid_start, 99);
    assert_int_equal(again.n_runs, SCHEDULE_RUNS);
    assert_string_equal(again.runs[0].output, "run 24");
    assert_string_equal(again.runs[SCHEDULE_RUNS - 1].output, "run 5");
    assert_int_equal(again.runs[0].result, SCHEDULE_TIMED_OUT);
    assert_int_equal(again.runs[0].code, 143);
    schedule_from_json(&again, NULL);
    assert_int_equal(again.base_s, 0);
    schedule_clear(&s);
    schedule_clear(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_one_waits_for_its_first_moment),
        cmocka_unit_test(what_was_missed_is_made_up_for_once),
        cmocka_unit_test(who_does_not_want_that_is_passed_over_but_not_for_some_minutes),
        cmocka_unit_test(what_is_disabled_is_passed_over_and_not_made_up_for),
        cmocka_unit_test(a_clock_that_went_far_back_begins_anew_and_one_hour_back_changes_nothing),
        cmocka_unit_test(with_a_spread_every_day_has_one_run),
        cmocka_unit_test(a_host_has_its_own_part_of_the_spread_and_keeps_it),
        cmocka_unit_test(what_is_known_survives_and_the_oldest_runs_go),
    };

    (void) setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
