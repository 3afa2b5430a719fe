#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/device_rule.h"

static void what_is_no_rule_is_refused_and_leaves_the_output_alone(void **state)
{
    static const char *const bad[] = {
        "",         "c",        "c ",         "c 1",           "c 1:3",
        "c 1:3 ",   "c 1:3 x",  "c 1:3 rwmr", "d 1:3 r",       "cc 1:3 r",
        "c  1:3 r", "c -1:3 r", "c 4096:1 r", "c 1:1048576 r", "c 1:99999999 r",
        "c **:1 r", "c :1 r",   "c 1: r",     "c:1:3:r",       "c 1:3 r ",
        "c 1:3:r",  "C 1:3 r",
    };
    struct device_rule rule = { .kind = 'x' };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (device_rule_parse(bad[i], ' ', &rule) == 0 || rule.kind != 'x')
            fail_msg("'%s' was accepted", bad[i]);
}

static void a_rule_is_read_with_either_separator(void **state)
{
    struct device_rule rule;

    (void) state;
    assert_int_equal(device_rule_parse("c 10:229 mr", ' ', &rule), 0);
    assert_int_equal(rule.kind, 'c');
    assert_int_equal(rule.major, 10);
    assert_int_equal(rule.minor, 229);
    assert_int_equal(rule.access, DEVICE_RULE_READ | DEVICE_RULE_MAKE);
    assert_int_equal(device_rule_parse("a:*:1048575:w", ':', &rule), 0);
    assert_int_equal(rule.kind, 'a');
    assert_int_equal(rule.major, DEVICE_RULE_ANY);
    assert_int_equal(rule.minor, 1048575);
    assert_int_equal(rule.access, DEVICE_RULE_WRITE);
}

static void a_rule_covers_what_allows_no_more(void **state)
{
    static const struct {
        const char *most, *wish;
        bool covers;
    } cases[] = {
        { "c 10:229 rw", "c 10:229 rwm", false }, { "c 10:229 rw", "c 10:* r", false },
        { "c 10:229 rw", "b 10:229 r", false },   { "c *:229 rw", "a 10:229 r", false },
        { "c 10:* rw", "c 11:1 r", false },       { "c 10:229 rw", "c 10:229 w", true },
        { "c 10:* rw", "c 10:* r", true },        { "a *:* rwm", "b 8:0 rwm", true },
        { "a *:* r", "a *:* r", true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct device_rule most, wish;

        assert_int_equal(device_rule_parse(cases[i].most, ' ', &most), 0);
        assert_int_equal(device_rule_parse(cases[i].wish, ' ', &wish), 0);
        if (device_rule_covers(&most, &wish) != cases[i].covers)
            fail_msg("'%s' and '%s'", cases[i].most, cases[i].wish);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_rule_is_refused_and_leaves_the_output_alone),
        cmocka_unit_test(a_rule_is_read_with_either_separator),
        cmocka_unit_test(a_rule_covers_what_allows_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
