/* An env file as lines: what it says is understood, what is changed is one line and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "model/settings.h"

static const char template[] = "# Head.\n"
                               "\n"
                               "# Name of the database,\n"
                               "# which is created.\n"
                               "#: type=string required=yes\n"
                               "DB=ipam\n"
                               "\n"
                               "# Its password.\n"
                               "#: type=secret required=yes generate=32 once previous=OLD\n"
                               "PASSWORD=\n"
                               "PLAIN=x # comment\n"
                               "  export QUOTED='a b'  \n"
                               "LONG=\"one\n"
                               "PASSWORD=not this\n"
                               "two\"\n"
                               "#: type=port required=no\n"
                               "PORT=80";

static void a_template_is_understood(void **state)
{
    struct settings s;
    const struct setting *item;

    (void) state;
    settings_parse(template, &s);
    assert_int_equal(s.n, 6);
    item = settings_find(&s, "DB");
    assert_string_equal(item->value, "ipam");
    assert_string_equal(item->comment, "Name of the database, which is created.");
    assert_true(item->described && item->required && item->type == SETTING_STRING);
    assert_int_equal(item->line, 6);
    item = settings_find(&s, "PASSWORD");
    assert_int_equal(item->line, 10);
    assert_int_equal(item->generate, 32);
    assert_true(item->type == SETTING_SECRET && item->once);
    assert_string_equal(item->previous, "OLD");
    item = settings_find(&s, "PLAIN");
    assert_false(item->described);
    assert_string_equal(item->value, "x");
    assert_string_equal(settings_find(&s, "QUOTED")->value, "a b");
    assert_true(settings_find(&s, "LONG")->several);
    item = settings_find(&s, "PORT");
    assert_true(item->type == SETTING_PORT && !item->required);
    assert_null(settings_find(&s, "two"));
    settings_clear(&s);
}

static void what_is_not_changed_stays_byte_by_byte(void **state)
{
    static const char *const texts[] = { template,  "",      "\n",
                                         "A=1",     "A=1\n", "A=1\r\n\r\nB='x\ny'\n",
                                         "no key\n" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        auto_free char *text = NULL;
        struct settings s;

        settings_parse(texts[i], &s);
        text = settings_text(&s, NULL);
        assert_string_equal(text, texts[i]);
        settings_clear(&s);
    }
}

static void one_value_is_changed_and_nothing_else(void **state)
{
    auto_free char *text = NULL;
    struct settings s;
    struct err e = ERR_INIT;

    (void) state;
    settings_parse("# c\n  export A = 1\nB='old' # why\nB=2\r\nC=3", &s);
    assert_int_equal(settings_set(&s, "B", "new", &e), 0);
    assert_int_equal(settings_set(&s, "C", "4", &e), 0);
    assert_string_equal(settings_find(&s, "B")->value, "new");
    text = settings_text(&s, NULL);
    assert_string_equal(text, "# c\n  export A = 1\nB='old' # why\nB=new\r\nC=4");
    settings_clear(&s);
}

static void what_cannot_be_written_back_is_refused(void **state)
{
    static const char *const bad[] = { "a b", "a'b", "a\"b", "a$b", "a\\b", "a#b", "a\nb" };
    struct settings s;
    struct err e = ERR_INIT;

    (void) state;
    settings_parse("A=1\nB='x\ny'\n", &s);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(settings_set(&s, "A", bad[i], &e) < 0);
    assert_true(settings_set(&s, "B", "1", &e) < 0);
    assert_true(settings_set(&s, "C", "1", &e) < 0);
    assert_string_equal(settings_find(&s, "A")->value, "1");
    settings_clear(&s);
}

static void the_age_of_a_value_is_known_until_it_is_changed_by_hand(void **state)
{
    enum { DAY = 24 * 3600 };
    const long long now = 1790000000;
    auto_free char *text = NULL;
    struct settings s;
    struct err e = ERR_INIT;

    (void) state;
    settings_parse(
        "#: type=secret required=yes\nA=one\n#: type=secret since=2026-13-40/zz x\nB=two\nC=3\n",
        &s);
    assert_int_equal(settings_age_days(settings_find(&s, "A"), now), -1);
    settings_date(&s, "A", now);
    settings_date(&s, "B", now);
    settings_date(&s, "C", now); /* has no description */
    assert_int_equal(settings_age_days(settings_find(&s, "A"), now), 0);
    assert_int_equal(settings_age_days(settings_find(&s, "A"), now + 40LL * DAY), 40);
    assert_int_equal(settings_age_days(settings_find(&s, "B"), now), 0);
    assert_int_equal(settings_age_days(settings_find(&s, "C"), now), -1);
    text = settings_text(&s, NULL);
    assert_non_null(strstr(text, "#: type=secret required=yes since=2026-09-21/"));
    assert_non_null(strstr(text, " x\nB=two\nC=3\n"));
    assert_int_equal(settings_set(&s, "A", "by-hand", &e), 0);
    assert_int_equal(settings_age_days(settings_find(&s, "A"), now), -1);
    settings_clear(&s);
}

static void a_key_of_the_template_is_put_at_the_end_with_its_comment(void **state)
{
    auto_free char *text = NULL;
    struct settings s, from;

    (void) state;
    settings_parse("A=1", &s);
    settings_parse(template, &from);
    settings_append(&s, &from, "DB");
    text = settings_text(&s, NULL);
    assert_string_equal(text, "A=1\n\n# Name of the database,\n# which is created.\n"
                              "#: type=string required=yes\nDB=ipam\n");
    settings_clear(&s);
    settings_clear(&from);
}

static void values_have_to_be_of_their_type(void **state)
{
    static const struct {
        enum setting_type type;
        const char *good[6], *bad[7];
    } cases[] = {
        { SETTING_PORT, { "1", "443", "65535" }, { "0", "65536", "abc", "80 ", "-1", "" } },
        { SETTING_DOMAIN,
          { "localhost", "ipam.example.org", "10.0.0.1", "a-b.c" },
          { "", ".", "a..b", "-a.b", "a-.b", "a b", "https://a" } },
        { SETTING_EMAIL,
          { "a@b.org", "x.y@localhost" },
          { "", "a", "@b", "a@", "a b@c", "a@b@c", "<a@b>" } },
        { SETTING_NUMBER, { "0", "12" }, { "", "1.5", "x", "-1" } },
        { SETTING_BOOLEAN, { "yes", "false", "1" }, { "", "maybe", "2" } },
        { SETTING_SECRET, { "Corner-Hat-Bicycle-42" }, { "changeme", "abc", "" } },
        { SETTING_STRING, { "", "anything at all" }, { NULL } },
    };
    char why[256];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct setting item = { .type = cases[i].type };

        for (size_t k = 0; k < 6 && cases[i].good[k]; k++)
            assert_false(setting_refuse(&item, cases[i].good[k], why, sizeof why));
        for (size_t k = 0; k < 7 && cases[i].bad[k]; k++)
            assert_true(setting_refuse(&item, cases[i].bad[k], why, sizeof why) && why[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_written_back_is_refused),
        cmocka_unit_test(a_template_is_understood),
        cmocka_unit_test(what_is_not_changed_stays_byte_by_byte),
        cmocka_unit_test(one_value_is_changed_and_nothing_else),
        cmocka_unit_test(the_age_of_a_value_is_known_until_it_is_changed_by_hand),
        cmocka_unit_test(a_key_of_the_template_is_put_at_the_end_with_its_comment),
        cmocka_unit_test(values_have_to_be_of_their_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
