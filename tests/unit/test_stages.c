#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox/stages.h"

static void a_stage_of_a_newer_init_still_has_a_text(void **state)
{
    (void) state;
    assert_string_equal(stages_text(STAGE_COUNT), "an unknown stage");
    assert_string_equal(stages_text(UINT32_MAX), "an unknown stage");
}

static void a_complete_set_up_has_the_empty_text(void **state)
{
    (void) state;
    assert_string_equal(stages_text(STAGE_NONE), "");
}

static void every_stage_has_its_own_text(void **state)
{
    (void) state;
    for (unsigned a = STAGE_NONE + 1; a < STAGE_COUNT; a++) {
        assert_string_not_equal(stages_text(a), "");
        for (unsigned b = STAGE_NONE; b < a; b++)
            assert_string_not_equal(stages_text(a), stages_text(b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_of_a_newer_init_still_has_a_text),
        cmocka_unit_test(a_complete_set_up_has_the_empty_text),
        cmocka_unit_test(every_stage_has_its_own_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
