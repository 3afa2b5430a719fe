/* Names of images: only the last part before tag and digest counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "model/image.h"

static void an_image_is_called_by_the_last_part_of_its_name(void **state)
{
    static const char *const no[] = {
        "", "prom", "prometheus-x:1", "xprometheus", "prometheus/x", "prom:prometheus"
    };
    static const char *const yes[] = { "prometheus", "prometheus:2", "prom/prometheus:v2.42.0",
                                       "host:5000/prom/prometheus", "prometheus@sha256:00" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(image_is(no[i], "prometheus"));
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(image_is(yes[i], "prometheus"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_called_by_the_last_part_of_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
