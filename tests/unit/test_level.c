/* Levels of log lines, each by its rule, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/auto.h"
#include "cli/level.h"

static void a_line_says_its_level(void **state)
{
    static const struct {
        const char *line;
        enum level level;
    } cases[] = {
        { "", LEVEL_NONE },
        { "error without a mark", LEVEL_NONE },
        { "the level is high", LEVEL_NONE },
        { "<3>disk", LEVEL_ERROR },
        { "<30>daemon.info", LEVEL_INFO },
        { "<0>", LEVEL_EMERGENCY },
        { "<192>too much", LEVEL_NONE },
        { "<-3>below", LEVEL_NONE },
        { "<b>[error] is markup", LEVEL_NONE },
        { "<3", LEVEL_NONE },
        { "{\"level\":\"warn\",\"m\":1}\n", LEVEL_WARNING },
        { "{\"severity\":\"CRITICAL\"}", LEVEL_CRITICAL },
        { "{\"levelname\":\"DEBUG\"}", LEVEL_DEBUG },
        { "{\"log.level\":\"error\"}", LEVEL_ERROR },
        { "{\"log\":{\"level\":\"notice\"}}", LEVEL_NOTICE },
        { "{\"log\":\"level\"}", LEVEL_NONE },
        { "{\"level\":50}", LEVEL_ERROR },
        { "{\"level\":60}", LEVEL_CRITICAL },
        { "{\"level\":10}", LEVEL_TRACE },
        { "{\"level\":4}", LEVEL_WARNING },
        { "{\"level\":8}", LEVEL_NONE },
        { "{\"level\":-1}", LEVEL_NONE },
        { "{\"level\":9223372036854775807}", LEVEL_CRITICAL },
        { "{\"level\":\"high\",\"severity\":\"info\"}", LEVEL_INFO },
        { "{\"level\":\"error\"", LEVEL_NONE },
        { "{not json, level=error", LEVEL_NONE },
        { "ts=1 level=info msg=\"a\"", LEVEL_INFO },
        { "level=\"error\"", LEVEL_ERROR },
        { "lvl=wrn", LEVEL_WARNING },
        { "mylevel=error", LEVEL_NONE },
        { "level=", LEVEL_NONE },
        { "2026/11/24 10:00:00 [error] 7#7: *1 open() failed", LEVEL_ERROR },
        { "2026-11-24 10:00:00 0 [Note] mariadbd: ready", LEVEL_NOTICE },
        { "[pid 7] [warn] x", LEVEL_WARNING },
        { "[] [errors] [", LEVEL_NONE },
        { "WARNING: deprecated", LEVEL_WARNING },
        { "note to self: error", LEVEL_NONE },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (level_of(cases[i].line) != cases[i].level)
            fail_msg("%s: '%s'", cases[i].line, level_text[level_of(cases[i].line)]);
}

static void a_name_in_any_case_is_a_level_and_nothing_else(void **state)
{
    (void) state;
    assert_int_equal(level_parse("Fatal", 5), LEVEL_CRITICAL);
    assert_int_equal(level_parse("ERR", 3), LEVEL_ERROR);
    assert_int_equal(level_parse("", 0), LEVEL_NONE);
    assert_int_equal(level_parse("errorx", 6), LEVEL_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_its_level),
        cmocka_unit_test(a_name_in_any_case_is_a_level_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
