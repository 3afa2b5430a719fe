/* The order of services, and the error that shows a cycle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "model/graph.h"

enum { UNITS_MAX = 5, DEPS_MAX = 4 };

/* "a:bc" is a unit a that depends on b and c */
struct shape {
    struct project project;
    struct unit units[UNITS_MAX];
    struct dep deps[UNITS_MAX][DEPS_MAX];
    char names[UNITS_MAX][DEPS_MAX + 1][2];
};

static void draw(struct shape *s, const char *const *lines)
{
    *s = (struct shape){ .project = { .units = s->units } };
    for (; *lines; lines++) {
        size_t n = s->project.n_units++;
        struct unit *u = &s->units[n];

        s->names[n][DEPS_MAX][0] = (*lines)[0];
        u->name = s->names[n][DEPS_MAX];
        u->deps = s->deps[n];
        for (const char *d = *lines + 2; (*lines)[1] && *d; d++) {
            s->names[n][u->n_deps][0] = *d;
            u->deps[u->n_deps].unit = s->names[n][u->n_deps];
            u->n_deps++;
        }
    }
}

static void a_cycle_is_an_error_that_shows_the_way_round(void **state)
{
    static const struct {
        const char *const lines[UNITS_MAX + 1];
        const char *way;
    } cases[] = {
        { { "a:a" }, "a -> a" },
        { { "a:b", "b:a" }, "a -> b -> a" },
        /* the way into the cycle is not part of it */
        { { "x:a", "a:b", "b:c", "c:a" }, "a -> b -> c -> a" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t order[UNITS_MAX];
        struct err e = ERR_INIT;
        struct shape s;

        draw(&s, cases[i].lines);
        assert_int_equal(graph_order(&s.project, order, &e), -ELOOP);
        assert_int_equal(e.class, ERR_CONFIG);
        assert_non_null(strstr(e.msg, cases[i].way));
    }
}

static void every_unit_comes_after_what_it_depends_on_else_as_written(void **state)
{
    static const struct {
        const char *const lines[UNITS_MAX + 1];
        const char *order;
    } cases[] = {
        { { NULL }, "" },
        { { "a", "b", "c" }, "abc" },
        { { "a:b", "b:c", "c" }, "cba" },
        { { "a:bc", "b:d", "c:d", "d" }, "dbca" },
        { { "a:z", "b" }, "ab" }, /* a dependency that is not there is somebody else's error */
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char names[UNITS_MAX + 1] = "";
        size_t order[UNITS_MAX];
        struct err e = ERR_INIT;
        struct shape s;

        draw(&s, cases[i].lines);
        assert_int_equal(graph_order(&s.project, order, &e), 0);
        for (size_t n = 0; n < s.project.n_units; n++)
            names[n] = s.units[order[n]].name[0];
        assert_string_equal(names, cases[i].order);
    }
}

static void marking_spreads_to_everything_below_and_to_nothing_else(void **state)
{
    static const char *const lines[] = { "a:b", "b:c", "c", "d:c", "e", NULL };
    bool in[UNITS_MAX] = { true };
    struct shape s;

    (void) state;
    draw(&s, lines);
    graph_add_dependencies(&s.project, in);
    assert_true(in[0] && in[1] && in[2]);
    assert_false(in[3] || in[4]);
}

static void what_asks_for_it_is_restarted_with_its_dependency_and_what_asks_that(void **state)
{
    static const char *const lines[] = { "a:", "b:a", "c:b", "d:a", NULL };
    bool in[UNITS_MAX] = { true };
    struct shape s;

    (void) state;
    draw(&s, lines);
    s.deps[1][0].restart = s.deps[2][0].restart = true;
    graph_add_restarted(&s.project, in);
    assert_true(in[0] && in[1] && in[2]);
    assert_false(in[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_asks_for_it_is_restarted_with_its_dependency_and_what_asks_that),
        cmocka_unit_test(a_cycle_is_an_error_that_shows_the_way_round),
        cmocka_unit_test(every_unit_comes_after_what_it_depends_on_else_as_written),
        cmocka_unit_test(marking_spreads_to_everything_below_and_to_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
