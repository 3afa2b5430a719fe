/* "Did you mean": near enough to help, never a guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/suggest.h"

static const char *const verbs[] = { "up",    "down",   "start", "stop", "restart",
                                     "stats", "status", "logs",  NULL };

static void a_word_near_to_nothing_gets_no_suggestion(void **state)
{
    static const char *const words[] = {
        "", "xyzzy", "d", "kubernetes",
        "a-word-that-is-longer-than-anything-that-has-a-name-in-a-project"
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_null(suggest(words[i], verbs));
    assert_null(suggest("up", NULL));
    assert_null(suggest("up", (const char *const[]){ NULL }));
}

static void a_mistyped_word_gets_the_nearest_one(void **state)
{
    static const struct {
        const char *word, *meant;
    } cases[] = {
        { "strat", "start" }, { "stauts", "status" }, { "sttas", "stats" }, { "restat", "restart" },
        { "dwon", "down" },   { "log", "logs" },      { "stoq", "stop" },   { "up", "up" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(suggest(cases[i].word, verbs), cases[i].meant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_near_to_nothing_gets_no_suggestion),
        cmocka_unit_test(a_mistyped_word_gets_the_nearest_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
