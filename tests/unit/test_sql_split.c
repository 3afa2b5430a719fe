/* A migration file as statements: what ends one and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "ops/sql_split.h"

enum { STATEMENTS_MAX = 4 };

static void what_is_not_closed_is_an_error(void **state)
{
    static const char *const bad[] = {
        "SELECT 'open", "SELECT \"open",      "SELECT `open", "SELECT 'esc\\'",
        "/* open",      "SELECT 1 /* open ;", "SELECT 'a''",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct sql_statement st;
        struct sql_split s;
        int r;

        sql_split_begin(&s, bad[i], strlen(bad[i]));
        while ((r = sql_split_next(&s, &st)) > 0)
            ;
        assert_int_equal(r, -EINVAL);
    }
}

static void statements_end_where_the_client_of_mariadb_ends_them(void **state)
{
    static const struct {
        const char *text;
        const char *statements[STATEMENTS_MAX];
        unsigned last_line;
    } cases[] = {
        { "", { NULL }, 0 },
        { " ;; \n ; ", { NULL }, 0 },
        { "-- nothing\n# nothing\n/* nothing; */", { NULL }, 0 },
        { "SELECT 1", { "SELECT 1" }, 1 },
        { "SELECT 1;\nSELECT 2 ;", { "SELECT 1", "SELECT 2" }, 2 },
        { "SELECT ';';SELECT \";\";SELECT `;`", { "SELECT ';'", "SELECT \";\"", "SELECT `;`" }, 1 },
        { "SELECT 'it''s;';SELECT 'a\\';b';", { "SELECT 'it''s;'", "SELECT 'a\\';b'" }, 1 },
        { "SELECT 5--1;SELECT 5 -- ;\n+ 1;", { "SELECT 5--1", "SELECT 5 -- ;\n+ 1" }, 1 },
        { "SELECT 1 /* ; */ + 1; # end;\n", { "SELECT 1 /* ; */ + 1" }, 1 },
        { "/*!40101 SET NAMES utf8 */;", { "/*!40101 SET NAMES utf8 */" }, 1 },
        { "DELIMITER //\nBEGIN; END//\ndelimiter ;\nSELECT 1;", { "BEGIN; END", "SELECT 1" }, 4 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sql_statement st = { 0 };
        struct sql_split s;
        size_t n = 0;

        sql_split_begin(&s, cases[i].text, strlen(cases[i].text));
        for (; sql_split_next(&s, &st) > 0; n++) {
            assert_true(n < STATEMENTS_MAX && cases[i].statements[n]);
            assert_int_equal(st.len, strlen(cases[i].statements[n]));
            assert_memory_equal(st.text, cases[i].statements[n], st.len);
        }
        assert_true(n == STATEMENTS_MAX || !cases[i].statements[n]);
        assert_int_equal(st.line, cases[i].last_line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_closed_is_an_error),
        cmocka_unit_test(statements_end_where_the_client_of_mariadb_ends_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
