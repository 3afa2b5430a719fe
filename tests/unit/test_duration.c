/* Durations of the Compose specification, as Go reads and writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/arena.h"
#include "base/auto.h"
#include "compose/values.h"

static void what_is_no_duration_is_refused(void **state)
{
    static const struct {
        const char *text;
        int refused;
    } cases[] = {
        { "", -EINVAL },
        { "10", -EINVAL },
        { "s", -EINVAL },
        { "1s ", -EINVAL },
        { "1s5", -EINVAL },
        { "1 s", -EINVAL },
        { "9999999999999h", -ERANGE },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ns = 7;

        assert_int_equal(values_duration(cases[i].text, &ns), cases[i].refused);
    }
}

static void a_duration_is_written_in_its_shortest_form(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        const char *again;
    } cases[] = {
        { "0", 0, "0s" },
        { "40us", 40000, "40µs" },
        { "1500ms", 1500000000, "1.5s" },
        { "1.5s", 1500000000, "1.5s" },
        { "-1s", -1000000000, "-1s" },
        { "1d", 86400000000000, "24h0m0s" },
        { "90s", 90000000000, "1m30s" },
        { "1h5m30s20ms", 3930020000000, "1h5m30.02s" },
    };
    auto_arena a = arena_new();

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ns = 0;

        assert_int_equal(values_duration(cases[i].text, &ns), 0);
        assert_int_equal(ns, cases[i].ns);
        assert_string_equal(values_duration_text(a, ns), cases[i].again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(a_duration_is_written_in_its_shortest_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
