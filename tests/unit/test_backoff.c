/* Restart delays, from one crash to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/backoff.h"

static void delays_start_at_once_double_and_stop_at_a_minute(void **state)
{
    static const uint64_t ms[] = { 0, 100, 200, 400, 800 };
    unsigned streak = 0;
    uint64_t last = 0;

    (void) state;
    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++)
        assert_int_equal(backoff_next(&streak, 1000), ms[i] * USEC_PER_MSEC);
    for (int i = 0; i < 40; i++)
        last = backoff_next(&streak, 1000);
    assert_int_equal(last, BACKOFF_MAX_US);
}

static void ten_seconds_of_life_make_the_next_crash_a_first_one(void **state)
{
    unsigned streak = 9;

    (void) state;
    assert_int_equal(backoff_next(&streak, BACKOFF_RESET_US), 0);
    assert_int_equal(streak, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_start_at_once_double_and_stop_at_a_minute),
        cmocka_unit_test(ten_seconds_of_life_make_the_next_crash_a_first_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
