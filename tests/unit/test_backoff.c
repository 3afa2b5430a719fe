/* Restart delays, from one crash to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/backoff.h"

static struct restart_spec plain(void)
{
    struct restart_spec spec = restart_spec_default(RESTART_ALWAYS);

    spec.jitter = 0;
    return spec;
}

static void delays_start_at_once_double_and_stop_at_a_minute(void **state)
{
    static const uint64_t ms[] = { 0, 100, 200, 400, 800 };
    struct restart_spec spec = plain();
    unsigned streak = 0;
    uint64_t last = 0;

    (void) state;
    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++)
        assert_int_equal(backoff_next(&streak, &spec, 1000, 0), ms[i] * USEC_PER_MSEC);
    for (int i = 0; i < 40; i++)
        last = backoff_next(&streak, &spec, 1000, 0);
    assert_int_equal(last, spec.max_delay_us);
}

static void a_long_life_makes_the_next_crash_a_first_one(void **state)
{
    struct restart_spec spec = plain();
    unsigned streak = 9;

    (void) state;
    assert_int_equal(backoff_next(&streak, &spec, spec.reset_us, 0), 0);
    assert_int_equal(streak, 1);
}

static void a_delay_of_the_file_holds_from_the_first_crash_on(void **state)
{
    struct restart_spec spec = plain();
    unsigned streak = 0;

    (void) state;
    spec.patient = true;
    spec.delay_us = spec.max_delay_us = 5 * USEC_PER_SEC;
    for (int i = 0; i < 4; i++)
        assert_int_equal(backoff_next(&streak, &spec, 1000, 0), 5 * USEC_PER_SEC);
}

static void jitter_spreads_a_delay_and_never_more_than_that(void **state)
{
    struct restart_spec spec = plain();
    uint64_t least = UINT64_MAX, most = 0;

    (void) state;
    spec.jitter = 10;
    for (uint32_t chance = 0; chance < 100000; chance += 7) {
        unsigned streak = 1;
        uint64_t delay = backoff_next(&streak, &spec, 0, chance);

        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_in_range(least, 90 * USEC_PER_MSEC, 91 * USEC_PER_MSEC);
    assert_in_range(most, 109 * USEC_PER_MSEC, 110 * USEC_PER_MSEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_start_at_once_double_and_stop_at_a_minute),
        cmocka_unit_test(a_long_life_makes_the_next_crash_a_first_one),
        cmocka_unit_test(a_delay_of_the_file_holds_from_the_first_crash_on),
        cmocka_unit_test(jitter_spreads_a_delay_and_never_more_than_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
