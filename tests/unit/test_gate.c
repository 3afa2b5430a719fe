/* The gate of an update: what fails afterwards is its fault, unless it failed before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/gate.h"

/* one check called "a" */
static struct verify_results of(struct verify_result *one, enum verify_status status)
{
    *one = (struct verify_result){ .status = status };
    (void) snprintf(one->id, sizeof one->id, "a");
    return (struct verify_results){ .items = one, .n = 1 };
}

static void a_check_is_broken_when_it_fails_now_and_did_not_fail_before(void **state)
{
    struct verify_result was, is;

    (void) state;
    for (int i = 0; i < VERIFY_STATUS_COUNT; i++)
        for (int k = 0; k < VERIFY_STATUS_COUNT; k++) {
            const struct verify_results before = of(&was, (enum verify_status) i);
            const struct verify_results after = of(&is, (enum verify_status) k);
            bool broken = k == VERIFY_FAIL && i != VERIFY_FAIL;

            assert_ptr_equal(gate_broken(&before, &after), broken ? &is : NULL);
        }
}

static void a_check_that_is_new_is_judged_too(void **state)
{
    const struct verify_results before = { 0 };
    struct verify_result is;
    struct verify_results after = of(&is, VERIFY_FAIL);

    (void) state;
    assert_ptr_equal(gate_broken(&before, &after), &is);
    after = of(&is, VERIFY_OK);
    assert_null(gate_broken(&before, &after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_broken_when_it_fails_now_and_did_not_fail_before),
        cmocka_unit_test(a_check_that_is_new_is_judged_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
