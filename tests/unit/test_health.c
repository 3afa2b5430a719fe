/* Health checks on a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/health.h"

static const struct health_spec spec = { .probe = { .kind = PROBE_TCP },
                                         .interval_us = 5000000,
                                         .timeout_us = 1000000,
                                         .start_period_us = 10000000,
                                         .start_interval_us = 500000,
                                         .retries = 3 };

static void failures_in_the_start_period_do_not_count(void **state)
{
    struct health_run h;

    (void) state;
    health_begin(&h, &spec, 100);
    for (int i = 0; i < 10; i++)
        assert_false(health_answer(&h, &spec, false, 100 + 1000000));
    assert_int_equal(h.health, HEALTH_STARTING);
    assert_int_equal(h.failing, 0);
}

static void three_failures_after_the_start_period_make_it_unhealthy(void **state)
{
    uint64_t late = spec.start_period_us + 1;
    struct health_run h;

    (void) state;
    health_begin(&h, &spec, 0);
    assert_false(health_answer(&h, &spec, false, late));
    assert_false(health_answer(&h, &spec, false, late));
    assert_true(health_answer(&h, &spec, false, late));
    assert_int_equal(h.health, HEALTH_BAD);
    assert_true(health_answer(&h, &spec, true, late));
    assert_int_equal(h.health, HEALTH_GOOD);
    assert_int_equal(h.failing, 0);
}

static void after_the_first_success_failures_count_even_in_the_start_period(void **state)
{
    struct health_run h;

    (void) state;
    health_begin(&h, &spec, 0);
    assert_true(health_answer(&h, &spec, true, 1000));
    (void) health_answer(&h, &spec, false, 2000);
    (void) health_answer(&h, &spec, false, 3000);
    assert_true(health_answer(&h, &spec, false, 4000));
    assert_int_equal(h.health, HEALTH_BAD);
}

static void probes_come_quickly_at_first_and_at_the_interval_once_healthy(void **state)
{
    struct health_run h;

    (void) state;
    health_begin(&h, &spec, 0);
    assert_true(h.due_us > 0 && h.due_us <= 100000);
    (void) health_answer(&h, &spec, false, 8000000);
    assert_int_equal(h.due_us, 8000000 + spec.start_interval_us);
    (void) health_answer(&h, &spec, true, 9000000);
    assert_int_equal(h.due_us, 9000000 + spec.interval_us);
}

static void without_a_check_nothing_is_ever_due(void **state)
{
    static const struct health_spec none = { .probe = { .kind = PROBE_NONE } };
    struct health_run h;

    (void) state;
    health_begin(&h, &none, 5);
    assert_int_equal(h.health, HEALTH_NONE);
    assert_int_equal(h.due_us, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_the_start_period_do_not_count),
        cmocka_unit_test(three_failures_after_the_start_period_make_it_unhealthy),
        cmocka_unit_test(after_the_first_success_failures_count_even_in_the_start_period),
        cmocka_unit_test(probes_come_quickly_at_first_and_at_the_interval_once_healthy),
        cmocka_unit_test(without_a_check_nothing_is_ever_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
