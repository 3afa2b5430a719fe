/* Secrets: what is made is strong and harmless, what is not is refused with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/password.h"

static void what_is_made_has_128_bits_whatever_length_is_asked_for(void **state)
{
    static const size_t asked[] = { 0, 1, 8, 22, 23, 32, 64, PASSWORD_MAX, PASSWORD_MAX + 9 };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        char text[PASSWORD_MAX + 1];

        assert_int_equal(password_make(text, asked[i]), 0);
        assert_true(strlen(text) >= 23 && strlen(text) <= PASSWORD_MAX);
        assert_true(strlen(text) >= asked[i] || asked[i] > PASSWORD_MAX);
        assert_int_equal(
            strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            strlen(text));
    }
}

static void two_that_are_made_differ_and_are_accepted(void **state)
{
    char first[PASSWORD_MAX + 1], second[PASSWORD_MAX + 1], why[160];

    (void) state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(password_make(first, PASSWORD_LENGTH), 0);
        assert_int_equal(password_make(second, PASSWORD_LENGTH), 0);
        assert_string_not_equal(first, second);
        assert_false(password_refuse(first, why, sizeof why));
    }
}

static void weak_ones_are_refused_and_told_why(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "", "empty" },
        { "changeme", "placeholder" },
        { "CHANGEME", "placeholder" },
        { "<your password>", "placeholder" },
        { "short", "5 characters" },
        { "aaaaaaaaaaaaaaaaaaaaaaaa", "bits" },
        { "abcdefghijklmnopqrstuvwx", "bits" },
        { "123456789012345678901234", "bits" },
        { "abababababababababababab", "bits" },
        { "correct$horse-battery", "'$'" },
        { "correct'horse-battery", "'''" },
        { "correct\"horse-battery", "'\"'" },
        { "correct#horse-battery", "'#'" },
        { "correct\\horse-battery", "'\\'" },
        { "correct%horse-battery", "'%'" },
        { "correct@horse-battery", "'@'" },
        { "correct:horse-battery", "':'" },
        { "correct/horse-battery", "'/'" },
        { "correct horse battery", "blank" },
        { "correct-horse-b\xc3\xa4ttery", "ASCII" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char why[160];

        assert_true(password_refuse(cases[i].text, why, sizeof why));
        if (!strstr(why, cases[i].why))
            fail_msg("'%s': '%s' lacks '%s'", cases[i].text, why, cases[i].why);
    }
}

static void strong_ones_of_people_are_accepted(void **state)
{
    static const char *const texts[] = { "Corner-Hat-Bicycle-42", "x9kQ-mmT2.wLp_7",
                                         "kf83hf93kq02mf7s" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char why[160];

        if (password_refuse(texts[i], why, sizeof why))
            fail_msg("'%s' %s", texts[i], why);
    }
}

static void bits_grow_with_length_and_kinds(void **state)
{
    (void) state;
    assert_int_equal(password_bits(""), 0);
    assert_int_equal(password_bits("k"), 4); /* of 26: 4.7 */
    assert_true(password_bits("kfmq") < password_bits("kFmq"));
    assert_true(password_bits("kFmq") < password_bits("kFm7"));
    /* 32 of 62: 5.95 each, but for the neighbours */
    assert_in_range(password_bits("nC8hRt2vKpX5wLzQ7yJbM4gFs9dTa3Ee"), 160, 191);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_has_128_bits_whatever_length_is_asked_for),
        cmocka_unit_test(two_that_are_made_differ_and_are_accepted),
        cmocka_unit_test(weak_ones_are_refused_and_told_why),
        cmocka_unit_test(strong_ones_of_people_are_accepted),
        cmocka_unit_test(bits_grow_with_length_and_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
