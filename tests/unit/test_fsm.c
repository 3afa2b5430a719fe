/* Every pair of state and event has its answer; the table is the one of fsm.h, written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/fsm.h"

enum { N = STATE_COUNT, KEEP = -1 };

/* what a transition leads to for a unit that is wanted and restarts always; KEEP = stays, no action
 */
static const int expected[FSM_EVENT_COUNT][N] = {
#define ROW(down, waiting, preparing, starting, up, sick, stopping, backoff, failed, done)         \
    {                                                                                              \
        down, waiting, preparing, starting, up, sick, stopping, backoff, failed, done              \
    }
    [FSM_START] =
        ROW(STATE_WAITING, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, STATE_WAITING, STATE_WAITING),
    [FSM_STOP] = ROW(STATE_DOWN, STATE_DOWN, STATE_STOPPING, STATE_STOPPING, STATE_STOPPING,
                     STATE_STOPPING, KEEP, STATE_DOWN, STATE_DOWN, STATE_DOWN),
    [FSM_DEPS_OK] = ROW(KEEP, STATE_PREPARING, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP),
    [FSM_DEPS_FAILED] = ROW(KEEP, STATE_FAILED, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP),
    [FSM_STARTED] = ROW(KEEP, KEEP, STATE_STARTING, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP),
    [FSM_READY] = ROW(KEEP, KEEP, KEEP, STATE_UP, KEEP, STATE_UP, KEEP, KEEP, KEEP, KEEP),
    [FSM_SICK] = ROW(KEEP, KEEP, KEEP, STATE_SICK, STATE_SICK, KEEP, KEEP, KEEP, KEEP, KEEP),
    [FSM_ENDED] = ROW(KEEP, KEEP, STATE_BACKOFF, STATE_BACKOFF, STATE_BACKOFF, STATE_BACKOFF,
                      STATE_WAITING, KEEP, KEEP, KEEP),
    [FSM_HOOKED] =
        ROW(KEEP, KEEP, KEEP, STATE_STARTING, KEEP, KEEP, STATE_STOPPING, KEEP, KEEP, KEEP),
    [FSM_HOOK_FAILED] =
        ROW(KEEP, KEEP, KEEP, STATE_STOPPING, KEEP, KEEP, STATE_STOPPING, KEEP, KEEP, KEEP),
    [FSM_TIMER] =
        ROW(KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, STATE_STOPPING, STATE_PREPARING, KEEP, KEEP),
    [FSM_VANISHED] = ROW(KEEP, KEEP, STATE_WAITING, STATE_WAITING, STATE_WAITING, STATE_WAITING,
                         STATE_WAITING, STATE_WAITING, KEEP, KEEP),
#undef ROW
};

static struct fsm_facts wanted(enum restart_policy policy)
{
    return (struct fsm_facts){
        .want = WANT_RUN, .restart = { .policy = policy }, .backoff_us = 7, .stop_grace_us = 9
    };
}

static void every_pair_of_state_and_event_has_its_answer(void **state)
{
    struct fsm_facts facts = wanted(RESTART_ALWAYS);

    (void) state;
    for (int ev = 0; ev < FSM_EVENT_COUNT; ev++)
        for (int s = 0; s < N; s++) {
            struct fsm_step step = fsm_step((enum state) s, (enum fsm_event) ev, &facts);
            int want = expected[ev][s] == KEEP ? s : expected[ev][s];

            assert_int_equal(step.next, want);
            if (expected[ev][s] == KEEP)
                assert_int_equal(step.actions, 0);
        }
}

static void a_running_program_gets_its_stop_signal_and_its_grace(void **state)
{
    struct fsm_facts facts = { .want = WANT_REST, .stop_grace_us = 9 };
    struct fsm_step step = fsm_step(STATE_UP, FSM_STOP, &facts);

    (void) state;
    assert_int_equal(step.actions, FSM_SIGNAL | FSM_SET_TIMER);
    assert_int_equal(step.timer_us, 9);
    assert_int_equal(fsm_step(STATE_STOPPING, FSM_TIMER, &facts).actions, FSM_KILL);
    assert_int_equal(fsm_step(STATE_PREPARING, FSM_STOP, &facts).actions, FSM_KILL);
}

static void hooks_come_before_probing_and_before_the_stop_signal(void **state)
{
    struct fsm_facts facts = wanted(RESTART_ALWAYS);

    (void) state;
    assert_int_equal(fsm_step(STATE_PREPARING, FSM_STARTED, &facts).actions, FSM_PROBE);
    facts.has_post_start = facts.has_pre_stop = true;
    assert_int_equal(fsm_step(STATE_PREPARING, FSM_STARTED, &facts).actions, FSM_POST_START);
    assert_int_equal(fsm_step(STATE_STARTING, FSM_HOOKED, &facts).actions, FSM_PROBE);
    assert_int_equal(fsm_step(STATE_UP, FSM_STOP, &facts).actions, FSM_PRE_STOP | FSM_SET_TIMER);
    assert_int_equal(fsm_step(STATE_STOPPING, FSM_HOOK_FAILED, &facts).actions, FSM_SIGNAL);
}

static void sickness_ends_in_what_was_ordered(void **state)
{
    struct fsm_facts facts = wanted(RESTART_ALWAYS);
    struct fsm_step step;

    (void) state;
    facts.sick_grace_us = 5;
    assert_int_equal(fsm_step(STATE_UP, FSM_SICK, &facts).actions, 0);
    facts.on_unhealthy = UNHEALTHY_RELOAD;
    step = fsm_step(STATE_UP, FSM_SICK, &facts);
    assert_int_equal(step.actions, FSM_SET_TIMER);
    assert_int_equal(step.timer_us, 5);
    step = fsm_step(STATE_SICK, FSM_TIMER, &facts);
    assert_int_equal(step.next, STATE_SICK);
    assert_int_equal(step.actions, FSM_RELOAD | FSM_SET_TIMER);
    facts.on_unhealthy = UNHEALTHY_RESTART;
    step = fsm_step(STATE_SICK, FSM_TIMER, &facts);
    assert_int_equal(step.next, STATE_STOPPING);
    assert_int_equal(step.actions, FSM_SIGNAL | FSM_SET_TIMER | FSM_BLAME);
    facts.to_blame = true;
    assert_int_equal(fsm_step(STATE_STOPPING, FSM_ENDED, &facts).next, STATE_BACKOFF);
    facts.on_unhealthy = UNHEALTHY_STOP;
    assert_int_equal(fsm_step(STATE_STOPPING, FSM_ENDED, &facts).next, STATE_FAILED);
}

static void who_lives_in_another_network_waits_for_it_after_a_crash(void **state)
{
    struct fsm_facts facts = wanted(RESTART_ALWAYS);

    (void) state;
    assert_int_equal(fsm_step(STATE_BACKOFF, FSM_TIMER, &facts).next, STATE_PREPARING);
    facts.is_lodger = true;
    assert_int_equal(fsm_step(STATE_BACKOFF, FSM_TIMER, &facts).next, STATE_WAITING);
    assert_int_equal(fsm_step(STATE_BACKOFF, FSM_TIMER, &facts).actions, 0);
}

static void who_went_with_another_waits_for_it_whatever_the_policy(void **state)
{
    struct fsm_facts facts = wanted(RESTART_NO);

    (void) state;
    assert_int_equal(fsm_step(STATE_UP, FSM_ENDED, &facts).next, STATE_FAILED);
    facts.evicted = true;
    assert_int_equal(fsm_step(STATE_UP, FSM_ENDED, &facts).next, STATE_WAITING);
    assert_int_equal(fsm_step(STATE_UP, FSM_ENDED, &facts).actions, FSM_RELEASE);
    facts.want = WANT_REST;
    assert_int_equal(fsm_step(STATE_UP, FSM_ENDED, &facts).next, STATE_DOWN);
}

static void an_end_that_was_asked_for_leads_down_whatever_the_policy(void **state)
{
    struct fsm_facts facts = wanted(RESTART_ALWAYS);

    (void) state;
    facts.want = WANT_REST;
    for (int s = 0; s < N; s++)
        if (state_is_live((enum state) s))
            assert_int_equal(fsm_step((enum state) s, FSM_ENDED, &facts).next, STATE_DOWN);
}

static void the_policy_decides_about_an_unasked_end(void **state)
{
    static const struct {
        enum restart_policy policy;
        unsigned max, attempts;
        bool clean;
        enum state next;
    } cases[] = {
        { RESTART_NO, 0, 0, true, STATE_DONE },
        { RESTART_NO, 0, 0, false, STATE_FAILED },
        { RESTART_ON_FAILURE, 0, 5, true, STATE_DONE },
        { RESTART_ON_FAILURE, 0, 5, false, STATE_BACKOFF },
        { RESTART_ON_FAILURE, 3, 2, false, STATE_BACKOFF },
        { RESTART_ON_FAILURE, 3, 3, false, STATE_FAILED },
        { RESTART_ALWAYS, 0, 0, true, STATE_BACKOFF },
        { RESTART_UNLESS_STOPPED, 0, 0, false, STATE_BACKOFF },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fsm_facts facts = wanted(cases[i].policy);
        struct fsm_step step;

        facts.restart.max_attempts = cases[i].max;
        facts.attempts = cases[i].attempts;
        facts.exit_clean = cases[i].clean;
        step = fsm_step(STATE_UP, FSM_ENDED, &facts);
        assert_int_equal(step.next, cases[i].next);
        assert_true(step.actions & FSM_RELEASE);
        if (step.next == STATE_BACKOFF)
            assert_int_equal(step.timer_us, 7);
    }
}

static void a_sandbox_that_cannot_be_built_is_not_tried_again(void **state)
{
    struct fsm_facts facts = wanted(RESTART_ALWAYS);

    (void) state;
    facts.setup_failed = true;
    assert_int_equal(fsm_step(STATE_PREPARING, FSM_ENDED, &facts).next, STATE_FAILED);
}

static void what_vanished_starts_again_only_if_it_is_wanted_and_its_policy_allows(void **state)
{
    static const struct {
        enum state now;
        enum want want;
        enum restart_policy policy;
        enum state next;
    } cases[] = {
        { STATE_UP, WANT_REST, RESTART_ALWAYS, STATE_DOWN },
        { STATE_STOPPING, WANT_REST, RESTART_ALWAYS, STATE_DOWN },
        { STATE_UP, WANT_RUN, RESTART_NO, STATE_FAILED },
        { STATE_STARTING, WANT_RUN, RESTART_NO, STATE_FAILED },
        { STATE_PREPARING, WANT_RUN, RESTART_NO, STATE_WAITING },
        { STATE_UP, WANT_RUN, RESTART_UNLESS_STOPPED, STATE_WAITING },
        { STATE_BACKOFF, WANT_RUN, RESTART_ON_FAILURE, STATE_WAITING },
    };

    (void) state;
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        struct fsm_facts facts = wanted(cases[n].policy);

        facts.want = cases[n].want;
        assert_int_equal(fsm_step(cases[n].now, FSM_VANISHED, &facts).next, cases[n].next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_event_has_its_answer),
        cmocka_unit_test(a_running_program_gets_its_stop_signal_and_its_grace),
        cmocka_unit_test(hooks_come_before_probing_and_before_the_stop_signal),
        cmocka_unit_test(sickness_ends_in_what_was_ordered),
        cmocka_unit_test(who_lives_in_another_network_waits_for_it_after_a_crash),
        cmocka_unit_test(who_went_with_another_waits_for_it_whatever_the_policy),
        cmocka_unit_test(an_end_that_was_asked_for_leads_down_whatever_the_policy),
        cmocka_unit_test(the_policy_decides_about_an_unasked_end),
        cmocka_unit_test(what_vanished_starts_again_only_if_it_is_wanted_and_its_policy_allows),
        cmocka_unit_test(a_sandbox_that_cannot_be_built_is_not_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
