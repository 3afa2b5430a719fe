/* Scripts for MySQL 8: what is none first, then what MariaDB would stumble over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "preflight/mysql8.h"

enum { TEXT = 200 };

static void take(void *owner, const char *file, const struct mysql8_gap *gap)
{
    char *text = owner;

    (void) file;
    assert_true(gap->instead[0] != '\0');
    (void) snprintf(text + strlen(text), TEXT - strlen(text), "%u:%s;", gap->line, gap->what);
}

static void gaps_are_found_with_their_line_and_nothing_else_is(void **state)
{
    static const struct {
        const char *script, *gaps;
    } cases[] = {
        { "", "" },
        { "create table t (a json_x, b varchar(9) default '->') charset=utf8mb4", "" },
        { "select 'utf8mb4_0900_ai_ci', \"a->b\" -- utf8mb4_0900_ai_ci\n# x->>y\n/* a -> b */",
          "" },
        { "select a - > b, json_extract(a, '$.b') from t;", "" },
        { "set global x = 1; set default role r for u;", "" },
        { "alter table t alter index i ignored", "" },
        { "insert into t select 1 as a on duplicate key update b = 1", "1:as a;" },
        { "\ncreate table t (a int) collate utf8mb4_0900_ai_ci;", "2:utf8mb4_0900_ai_ci;" },
        { "create table t (a int)\ncollate `utf8mb4_0900_bin`", "2:utf8mb4_0900_bin;" },
        { "create user u identified with caching_sha2_password by 'x'",
          "1:caching_sha2_password;" },
        { "set persist max_connections = 9;\nset persist_only a = 1",
          "1:set persist;2:set persist_only;" },
        { "select a->'$.b', a->>'$.c' from t", "1:->;1:->>;" },
        { "/*!80000 select a->'$.b' */", "1:->;" },
        { "where 1 member\n of (a)", "1:member of;" },
        { "create table t (a int, key k ((lower(b))))", "1:key k;" },
        { "create index i on t ((a + 1))", "1:on t;" },
        { "set default role r to u", "1:set default;" },
        { "create table t (\na json,\nb JSON not null)", "2:json ,;3:JSON not;" },
        { "select UUID_TO_BIN(uuid())", "1:UUID_TO_BIN;" },
        { "select '\\'->', \"\"\"->\" from `a->b`", "" },
        { "select 'open -> ", "" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[TEXT] = "";

        mysql8_scan("f", cases[i].script, strlen(cases[i].script), take, text);
        assert_string_equal(text, cases[i].gaps);
    }
}

static void an_image_of_mysql_8_is_known_by_its_name(void **state)
{
    static const struct {
        const char *image;
        bool is;
    } cases[] = {
        { "mariadb:10.11", false },
        { "mysql:5.7", false },
        { "mysqlx:8", false },
        { "", false },
        { "mysql", true },
        { "mysql:8.0.36", true },
        { "mysql:latest", true },
        { "docker.io/mysql:8", true },
        { "host:5000/a/mysql:8@sha256:1", true },
        { "my:8", false },
        { "mysql@sha256:12", true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(mysql8_is_image(cases[i].image), cases[i].is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_found_with_their_line_and_nothing_else_is),
        cmocka_unit_test(an_image_of_mysql_8_is_known_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
