/* Which scripts are due: what is refused first, then where each goal leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ops/migration_plan.h"
#include "ops/seeds.h"

enum { TEXT = 80 };

/* what there is is written as "1a 2p 3c": a version and its state */
struct scene {
    struct script scripts[9];
    struct ledger_row rows[9];
    struct scripts s;
    struct ledger l;
    char names[9][16], yes[2], no[1], another[2];
};

static void set_scene(struct scene *scene, const char *text)
{
    *scene = (struct scene){ .s.dir = -1, .yes = "x", .another = "z" };
    scene->s.list = scene->scripts;
    scene->l.rows = scene->rows;
    for (; *text; text += text[2] ? 3 : 2) {
        unsigned version = (unsigned) (text[0] - '0');
        struct script *s = &scene->scripts[scene->s.n];
        struct ledger_row *row = &scene->rows[scene->l.n];
        char *name = scene->names[version];

        (void) snprintf(name, sizeof scene->names[0], "%u.up.sql", version);
        *s = (struct script){ .version = version, .file = name, .down = scene->yes, .sum = "x" };
        *row = (struct ledger_row){
            .version = version, .name = name, .sum = scene->yes, .finished = scene->yes
        };
        scene->s.n += text[1] != 'g';
        scene->l.n += text[1] != 'p';
        if (text[1] == 'c')
            row->sum = scene->another;
        if (text[1] == 'i')
            row->finished = scene->no;
        if (text[1] == 'n')
            s->down = NULL;
    }
}

static void what_nobody_can_answer_for_is_refused(void **state)
{
    static const struct {
        const char *there;
        enum migration_goal goal;
        unsigned n;
        const char *why;
    } cases[] = {
        { "1a 2c 3p", GOAL_UP, 0, "2.up.sql was applied before and has been changed since" },
        { "1g 2a", GOAL_UP, 0, "the database has had 1.up.sql, which this release does not know" },
        { "1i 2p", GOAL_UP, 0, "1.up.sql was begun and has no end" },
        { "1c", GOAL_DOWN, 1, "1.up.sql was applied before and has been changed since" },
        { "1a 2n", GOAL_DOWN, 1, "there is no way back from 2.up.sql" },
        { "1n 2a", GOAL_TO, 0, "there is no way back from 1.up.sql" },
        { "1a 2n", GOAL_REDO, 0, "there is no way back from 2.up.sql" },
        { "1a 2p", GOAL_TO, 3, "there is no migration 3" },
        { "1a 2p", GOAL_BASELINE, 7, "there is no migration 7" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct migration_plan plan = { 0 };
        struct err e = ERR_INIT;
        struct scene scene;

        set_scene(&scene, cases[i].there);
        assert_true(migration_plan(&scene.s, &scene.l, cases[i].goal, cases[i].n, &plan, &e) < 0);
        assert_non_null(strstr(e.msg, cases[i].why));
        assert_int_equal(plan.n, 0);
    }
}

static void every_goal_is_reached_in_order(void **state)
{
    static const struct {
        const char *there;
        enum migration_goal goal;
        unsigned n;
        const char *steps; /* + up, - down, = taken for applied */
    } cases[] = {
        { "", GOAL_UP, 0, "" },
        { "1p 2p", GOAL_UP, 0, "+1 +2 " },
        { "1p 2p", GOAL_UP, 1, "+1 " },
        { "1a 2p 3a", GOAL_UP, 0, "+2 " },
        { "1a 2n", GOAL_UP, 0, "" },
        { "1a 2a 3p", GOAL_DOWN, 1, "-2 " },
        { "1a 2a 3p", GOAL_DOWN, 9, "-2 -1 " },
        { "1p", GOAL_DOWN, 1, "" },
        { "1a 2a 3p 4p", GOAL_TO, 3, "+3 " },
        { "1a 2a 3p 4p", GOAL_TO, 1, "-2 " },
        { "1a 2a", GOAL_TO, 0, "-2 -1 " },
        { "1p 2a", GOAL_TO, 1, "-2 +1 " },
        { "1a 2a 3p", GOAL_REDO, 0, "-2 +2 " },
        { "1p", GOAL_REDO, 0, "" },
        { "1a 2p 3p 4p", GOAL_BASELINE, 3, "=2 =3 " },
    };
    static const char signs[] = { [DUE_UP] = '+', [DUE_DOWN] = '-', [DUE_MARK] = '=' };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct migration_plan plan = { 0 };
        struct err e = ERR_INIT;
        struct scene scene;
        char steps[TEXT] = "";

        set_scene(&scene, cases[i].there);
        assert_int_equal(migration_plan(&scene.s, &scene.l, cases[i].goal, cases[i].n, &plan, &e),
                         0);
        for (size_t k = 0; k < plan.n; k++)
            (void) snprintf(steps + strlen(steps), sizeof steps - strlen(steps), "%c%u ",
                            signs[plan.list[k].due], plan.list[k].script->version);
        assert_string_equal(steps, cases[i].steps);
        migration_plan_clear(&plan);
    }
}

static void only_files_with_a_number_and_a_kind_are_scripts(void **state)
{
    static const struct {
        const char *name;
        unsigned migration, seed;
    } cases[] = {
        { "0001_a.up.sql", 1, 1 },  { "0001_a.down.sql", 0, 1 }, { "0012_a.sql", 0, 12 },
        { "12_a.up.sql", 0, 0 },    { "0001a.up.sql", 0, 0 },    { "0001_a.up.sql~", 0, 0 },
        { "0000_a.up.sql", 0, 0 },  { ".0001_a.up.sql", 0, 0 },  { "README", 0, 0 },
        { "00000001_a.sql", 0, 1 }, { "000000001_a.sql", 0, 0 }, { "0001_.up.sql", 1, 1 },
        { "0001_up.sql", 0, 1 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(script_version(SCRIPT_MIGRATION, cases[i].name), cases[i].migration);
        assert_int_equal(script_version(SCRIPT_SEED, cases[i].name), cases[i].seed);
    }
}

static void a_seed_says_which_table_it_fills(void **state)
{
    static const struct {
        const char *statement, *table;
    } cases[] = {
        { "select * from t", "" },
        { "update t set a = 1", "" },
        { "", "" },
        { "insert", "" },
        { "insert into t values (1)", "t" },
        { "INSERT IGNORE INTO `a b` (c) VALUES (1)", "a b" },
        { "replace t select 1", "t" },
        { "insert\n  low_priority into\tt(a) values (1)", "t" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char table[TEXT];

        seeds_target(cases[i].statement, strlen(cases[i].statement), table, sizeof table);
        assert_string_equal(table, cases[i].table);
    }
}

static void demo_data_is_known_by_its_name_and_kept_out_of_production(void **state)
{
    struct project p = { .database.no_production = false };
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(seeds_allowed(&p, "demo-customers", false, &e), -EPERM);
    assert_int_equal(e.class, ERR_UNSAFE);
    assert_int_equal(seeds_allowed(&p, "Test", false, &e), -EPERM);
    assert_int_equal(seeds_allowed(&p, "demo", true, &e), 0);
    assert_int_equal(seeds_allowed(&p, "regions", false, &e), 0);
    assert_int_equal(seeds_allowed(&p, SEEDS_BASE, false, &e), 0);
    p.database.no_production = true;
    assert_int_equal(seeds_allowed(&p, "demo", false, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_can_answer_for_is_refused),
        cmocka_unit_test(every_goal_is_reached_in_order),
        cmocka_unit_test(only_files_with_a_number_and_a_kind_are_scripts),
        cmocka_unit_test(a_seed_says_which_table_it_fills),
        cmocka_unit_test(demo_data_is_known_by_its_name_and_kept_out_of_production),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
