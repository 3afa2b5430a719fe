#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/pattern.h"

static void what_could_cost_more_than_its_line_is_refused_and_the_message_says_why(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "", "1 to 256 bytes" },
        { "(a)\\1", "does not refer back" },
        { "\\\\\\1", "does not refer back" },
        { "(a{32}){32}", "multiply to at most 1000" },
        { "a{1001}", "multiply to at most 1000" },
        { "a{2,1001}", "multiply to at most 1000" },
        { "a{99999999999999999999}", "multiply to at most 1000" },
        { "(", "no extended regular expression: Unmatched (" },
        { "[[:nothing:]]", "no extended regular expression: " },
    };
    char longer[LIMIT_PATTERN + 2];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;

        assert_true(pattern_compile(bad[i].text, NULL, &e) < 0);
        assert_non_null(strstr(e.msg, bad[i].why));
    }
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_true(pattern_compile(longer, NULL, NULL) < 0);
    assert_int_equal(pattern_compile(longer + 1, NULL, NULL), 0);
}

static void lines_match_by_their_bytes_and_no_further_than_the_limit(void **state)
{
    static const struct {
        const char *pattern, *line;
        bool matches;
    } cases[] = {
        { "^ready", "not ready", false },
        { "^ready", "ready", true },
        { "(listening|ready)$", "now listening", true },
        { "\\\\1", "a \\1", true },
        { "a{3}", "aaa", true },
        { "port [0-9]+", "on port 80.", true },
        { "^$", "", true },
    };
    char line[LIMIT_PATTERN_LINE + 8];
    regex_t re;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(pattern_compile(cases[i].pattern, &re, NULL), 0);
        assert_int_equal(pattern_matches(&re, cases[i].line, strlen(cases[i].line)),
                         cases[i].matches);
        regfree(&re);
    }
    memset(line, ' ', sizeof line);
    memcpy(line + LIMIT_PATTERN_LINE - 3, "ready", 5);
    assert_int_equal(pattern_compile("ready", &re, NULL), 0);
    assert_false(pattern_matches(&re, line, sizeof line));
    assert_true(pattern_matches(&re, line + 2, sizeof line - 2));
    regfree(&re);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_cost_more_than_its_line_is_refused_and_the_message_says_why),
        cmocka_unit_test(lines_match_by_their_bytes_and_no_further_than_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
