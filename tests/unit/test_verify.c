/* Results of a verification: which count, how several runs become one, what they say of criteria.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tests/fakes/fake_project.h"
#include "verify/criteria.h"
#include "verify/lines.h"
#include "verify/rights.h"
#include "verify/verify.h"

static void add(struct verify_results *r, const char *id, const char *criterion,
                enum verify_status status, const char *evidence)
{
    r->items = reallocarray(r->items, r->n + 1, sizeof *r->items);
    assert_non_null(r->items);
    r->items[r->n] = (struct verify_result){ .criterion = criterion,
                                             .status = status,
                                             .evidence = strdup(evidence) };
    (void) snprintf(r->items[r->n++].id, sizeof r->items->id, "%s", id);
}

static void a_score_leaves_out_what_was_skipped(void **state)
{
    struct verify_results r = { 0 };

    (void) state;
    assert_int_equal(verify_score(&r), 100);
    add(&r, "a", "R1.1", VERIFY_SKIP, "");
    assert_int_equal(verify_score(&r), 100);
    add(&r, "b", "R1.1", VERIFY_OK, "");
    add(&r, "c", "R1.1", VERIFY_WARN, "");
    assert_int_equal(verify_score(&r), 75);
    add(&r, "d", "R1.1", VERIFY_FAIL, "");
    assert_int_equal(verify_score(&r), 50);
    verify_results_clear(&r);
}

static void of_several_runs_the_worst_stays(void **state)
{
    static const struct {
        enum verify_status before, now, stays;
    } cases[] = {
        { VERIFY_OK, VERIFY_FAIL, VERIFY_FAIL }, { VERIFY_FAIL, VERIFY_OK, VERIFY_FAIL },
        { VERIFY_OK, VERIFY_WARN, VERIFY_WARN }, { VERIFY_SKIP, VERIFY_OK, VERIFY_OK },
        { VERIFY_OK, VERIFY_SKIP, VERIFY_OK },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct verify_results all = { 0 }, more = { 0 };

        add(&all, "a", "R1.1", cases[i].before, "before");
        add(&more, "a", "R1.1", cases[i].now, "now");
        add(&more, "b", "R1.1", VERIFY_OK, "new");
        verify_merge(&all, &more);
        assert_int_equal(all.n, 2);
        assert_int_equal(all.items[0].status, cases[i].stays);
        assert_string_equal(all.items[0].evidence,
                            cases[i].stays == cases[i].before ? "before" : "now");
        verify_results_clear(&all);
    }
}

static void a_name_is_a_check_a_subject_or_a_part(void **state)
{
    char *only[] = { (char[]){ "frontend" }, (char[]){ "service.probe.web" }, NULL };

    (void) state;
    assert_true(verify_knows("frontend"));
    assert_true(verify_knows("frontend.page"));
    assert_true(verify_knows("service.probe.anything"));
    assert_false(verify_knows("front"));
    assert_false(verify_knows("frontend.pag"));
    assert_false(verify_knows(""));
    assert_true(verify_matches(only, "frontend.assets"));
    assert_true(verify_matches(only, "service.probe.web"));
    assert_false(verify_matches(only, "service.probe.website"));
    assert_false(verify_matches(only, "service.probe"));
    assert_false(verify_matches(NULL, "frontend"));
}

static const struct criterion_result *of(const struct criterion_result *all, const char *id)
{
    for (size_t i = 0; i < CRITERIA; i++)
        if (strcmp(all[i].criterion->id, id) == 0)
            return &all[i];
    fail_msg("there is no criterion %s", id);
    return NULL;
}

static void a_criterion_is_ok_only_by_a_check_that_was_made(void **state)
{
    struct verify_results r = { 0 };
    struct criterion_result *all;

    (void) state;
    add(&r, "frontend.page", "R9.2", VERIFY_OK, "there");
    add(&r, "service.probe", "R9.1 R5.3", VERIFY_OK, "well");
    add(&r, "database.cache", "R9.4", VERIFY_OK, "works");
    add(&r, "database.operations", "R9.4", VERIFY_FAIL, "INSERT is refused");
    add(&r, "monitoring.targets", "R9.1 R6.1", VERIFY_SKIP, "none runs");
    all = criteria_judge(&r);
    for (size_t i = 0; i < CRITERIA; i++)
        assert_true(all[i].criterion->id && all[i].criterion->title && all[i].evidence[0]);
    assert_int_equal(of(all, "R9.2")->status, CRITERION_OK);
    assert_int_equal(of(all, "R9.1")->status, CRITERION_OK);
    assert_int_equal(of(all, "R5.3")->status, CRITERION_PARTLY);
    assert_int_equal(of(all, "R9.4")->status, CRITERION_FAIL);
    assert_non_null(strstr(of(all, "R9.4")->evidence, "INSERT is refused"));
    assert_int_equal(of(all, "R6.1")->status, CRITERION_SKIP);
    /* R1.1 is not R10.1, and nothing that runs shows it */
    assert_int_equal(of(all, "R1.1")->status, CRITERION_ELSEWHERE);
    assert_non_null(strstr(of(all, "R1.1")->evidence, "ipam-orch check docker"));
    criteria_free(all);
    verify_results_clear(&r);
}

/* every check shows criteria that there are */
static void the_table_of_checks_speaks_of_known_criteria(void **state)
{
    (void) state;
    for (const struct verify_check *c = verify_checks; c->id; c++) {
        auto_free char *copy = strdup(c->criterion);
        char *rest = copy;

        assert_true(c->summary && c->run && strchr(c->id, '.'));
        for (char *id; (id = strsep(&rest, " "));) {
            bool known = false;

            for (size_t i = 0; i < CRITERIA; i++)
                known |= strcmp(criteria[i].id, id) == 0;
            if (!known)
                fail_msg("%s: there is no criterion '%s'", c->id, id);
        }
    }
}

static void the_first_error_of_a_client_names_its_line(void **state)
{
    unsigned line = 9;
    char said[64];

    (void) state;
    assert_false(lines_sql_error("1\nSELECT 2\n", &line, said, sizeof said));
    assert_true(lines_sql_error("1\nERROR 1142 (42000) at line 5: INSERT command denied\n"
                                "ERROR 1146 (42S02) at line 6: no table\n",
                                &line, said, sizeof said));
    assert_int_equal(line, 5);
    assert_string_equal(said, "ERROR 1142 (42000) at line 5: INSERT command denied");
    assert_true(lines_sql_error("ERROR 2002 (HY000): Can't connect\n", &line, said, sizeof said));
    assert_int_equal(line, 0);
    /* the row of a table is no error */
    assert_false(lines_sql_error("an ERROR 1 at line 2\n", &line, said, sizeof said));
    assert_true(lines_have("a\nb", "b"));
    assert_false(lines_have("a\nbc\n", "b"));
}

static void rights_beyond_the_file_are_named(void **state)
{
    static const char *const raw[] = { "NET_RAW", NULL };
    static const struct {
        const char *nnp, *seccomp, *cap, *uid, *says;
        bool raw;
    } cases[] = {
        { "1", "2", "0000000000000000", "65534", "", false },
        { "0", "2", "0000000000000000", "65534", "NoNewPrivs", false },
        { "1", "0", "0000000000000000", "65534", "filter", false },
        { "1", "2", "0000000000002000", "65534", "capabilities 0x2000", false },
        { "1", "2", "0000000000002000", "65534", "", true },
        { "1", "2", "0000000000000000", "0", "user 0", false },
    };
    struct project *p = fake_project("p", 1);

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        auto_free char *status = NULL;
        char says[256];

        fake_unit(&p->units[0], "web");
        p->units[0].capabilities = cases[i].raw ? raw : NULL;
        assert_true(asprintf(&status,
                             "Name:\tx\nUid:\t%s\t0\t0\t0\nCapEff:\t%s\nNoNewPrivs:\t%s\n"
                             "Seccomp:\t%s\nSeccomp_filters:\t2\n",
                             cases[i].uid, cases[i].cap, cases[i].nnp, cases[i].seccomp) > 0);
        rights_judge(&p->units[0], status, says, sizeof says);
        if (cases[i].says[0])
            assert_non_null(strstr(says, cases[i].says));
        else
            assert_string_equal(says, "");
    }
    project_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_leaves_out_what_was_skipped),
        cmocka_unit_test(of_several_runs_the_worst_stays),
        cmocka_unit_test(a_name_is_a_check_a_subject_or_a_part),
        cmocka_unit_test(a_criterion_is_ok_only_by_a_check_that_was_made),
        cmocka_unit_test(the_table_of_checks_speaks_of_known_criteria),
        cmocka_unit_test(the_first_error_of_a_client_names_its_line),
        cmocka_unit_test(rights_beyond_the_file_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
