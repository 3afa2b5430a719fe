/* What the last health checks said: bounded, in order, readable whatever they printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/limits.h"
#include "engine/health_log.h"

static const char *output(const json_t *list, size_t n)
{
    return json_string_value(json_object_get(json_array_get(list, n), "output"));
}

static json_int_t number(const json_t *list, size_t n, const char *key)
{
    return json_integer_value(json_object_get(json_array_get(list, n), key));
}

static void an_empty_log_is_an_empty_list(void **state)
{
    struct health_log l = { 0 };
    json_t *list = health_log_to_json(&l);

    (void) state;
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    health_log_clear(&l);
}

static void only_the_last_results_are_kept_the_oldest_first(void **state)
{
    struct health_log l = { 0 };
    json_t *list;

    (void) state;
    for (int n = 0; n < HEALTH_LOG_MAX + 2; n++) {
        char text[16];

        (void) snprintf(text, sizeof text, "answer %d\n", n);
        health_log_begin(&l, 1000 + (uint64_t) n, 50);
        health_log_end(&l, 57, n % 2 == 0, n, text);
    }
    list = health_log_to_json(&l);
    assert_int_equal(json_array_size(list), HEALTH_LOG_MAX);
    assert_string_equal(output(list, 0), "answer 2");
    assert_string_equal(output(list, HEALTH_LOG_MAX - 1), "answer 17");
    assert_int_equal(HEALTH_LOG_MAX + 1, 17);
    assert_int_equal(number(list, 0, "begun_us"), 1002);
    assert_int_equal(number(list, 0, "took_us"), 7);
    assert_int_equal(number(list, 1, "code"), 3);
    assert_false(json_is_true(json_object_get(json_array_get(list, 1), "ok")));
    json_decref(list);
    health_log_clear(&l);
    assert_int_equal(l.n, 0);
}

static void long_and_binary_output_is_bounded_and_readable(void **state)
{
    auto_free char *lots = calloc(1, LIMIT_PROBE_OUTPUT + 100);
    struct health_log l = { 0 };
    json_t *list;

    (void) state;
    assert_non_null(lots);
    memset(lots, 'x', LIMIT_PROBE_OUTPUT + 99);
    health_log_end(&l, 0, false, 1, lots);
    health_log_end(&l, 0, false, 1, "a\xff\xfe");
    list = health_log_to_json(&l);
    assert_int_equal(strlen(output(list, 0)), LIMIT_PROBE_OUTPUT);
    assert_string_equal(output(list, 1), "a??");
    json_decref(list);
    health_log_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_log_is_an_empty_list),
        cmocka_unit_test(only_the_last_results_are_kept_the_oldest_first),
        cmocka_unit_test(long_and_binary_output_is_bounded_and_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
