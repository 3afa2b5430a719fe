#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/beside.h"
#include "model/member.h"
#include "ops/plan.h"
#include "tests/fakes/fake_project.h"

enum { WEB, APP, DB, UNITS };

static struct dep needs_app[] = { { .unit = "app", .required = true } };
static struct attachment net[] = {
    { .network = "net", .ipv4 = "", .ipv6 = "", .mac = "", .interface = "" }
};
static struct network networks[] = {
    { .key = "net", .name = "p_net", .ipv4 = { "", "", "", NULL }, .ipv6 = { "", "", "", NULL } }
};

/* web needs app, db is alone; everything has digest d1+c1 */
static struct project *make(void)
{
    static const char *const names[UNITS] = { "web", "app", "db" };
    struct project *p = fake_project("p", UNITS);

    for (size_t i = 0; i < UNITS; i++) {
        fake_unit(&p->units[i], names[i]);
        p->units[i].digest = "d1+c1";
        p->units[i].networks = net;
        p->units[i].n_networks = 1;
        p->units[i].update.order = ROLLOUT_START_FIRST;
    }
    p->units[WEB].deps = needs_app;
    p->units[WEB].n_deps = 1;
    p->networks = networks;
    p->n_networks = 1;
    return p;
}

static json_t *status_of(const char *digest, int pid)
{
    json_t *services = json_array();
    static const char *const names[UNITS] = { "web", "app", "db" };

    for (size_t i = 0; i < UNITS; i++)
        (void) json_array_append_new(services,
                                     json_pack("{s:s,s:s,s:s,s:i}", "service", names[i], "name",
                                               names[i], "digest", digest, "pid", pid));
    return json_pack("{s:o}", "services", services);
}

static const json_t *find(const json_t *plan, const char *service)
{
    const json_t *one;
    size_t i;

    json_array_foreach (plan, i, one)
        if (strcmp(member_text(one, "service"), service) == 0)
            return one;
    fail();
    return NULL;
}

static const char *field(const json_t *item, const char *name, const char *side)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(item, "fields"), i, one)
        if (strcmp(member_text(one, "field"), name) == 0)
            return member_text(one, side);
    return NULL;
}

static json_t *plan_of(const struct project *now, const json_t *status, const struct project *next)
{
    struct err e = ERR_INIT;
    json_t *plan = NULL;

    assert_int_equal(plan_make(now, status, next, &plan, &e), 0);
    return plan;
}

static void what_runs_as_it_is_to_be_stays(void **state)
{
    struct project *now = make(), *next = make();
    json_t *status = status_of("d1+c1", 7), *plan = plan_of(now, status, next);

    (void) state;
    assert_false(plan_changes(plan));
    assert_string_equal(member_text(json_array_get(plan, UNITS - 1), "service"), "web");
    json_decref(plan);
    json_decref(status);
    project_free(now);
    project_free(next);
}

static void each_change_has_its_action_its_fields_and_what_it_costs(void **state)
{
    static const char *const env[] = { "SECRET=two", "NEW=1", NULL };
    static const char *const old_env[] = { "SECRET=one", "GONE=1", NULL };
    struct project *now = make(), *next = make();
    json_t *status = status_of("d1+c1", 7), *plan;
    const json_t *item;

    (void) state;
    now->units[APP].env = old_env;
    next->units[APP].env = env;
    next->units[APP].digest = "d2+c1";
    next->units[WEB].digest = "d1+c2";
    next->units[DB].replicas = 3;
    next->units[DB].update.order = ROLLOUT_STOP_FIRST;
    plan = plan_of(now, status, next);
    assert_true(plan_changes(plan));

    item = find(plan, "app");
    assert_string_equal(member_text(item, "action"), "replace");
    assert_true(json_is_false(json_object_get(item, "downtime")));
    assert_string_equal(field(item, "env SECRET", "to"), "changed");
    assert_string_equal(field(item, "env NEW", "to"), "set");
    assert_string_equal(field(item, "env GONE", "to"), "");
    item = find(plan, "web");
    assert_string_equal(member_text(item, "action"), "replace");
    assert_string_equal(field(item, "files", "from"), "c1");
    assert_string_equal(field(item, "files", "to"), "c2");
    item = find(plan, "db");
    assert_string_equal(member_text(item, "action"), "update");
    assert_string_equal(field(item, "replicas", "to"), "3");
    json_decref(plan);
    json_decref(status);
    project_free(now);
    project_free(next);
}

static void what_is_new_is_created_and_what_is_gone_removed(void **state)
{
    struct project *now = make(), *next = make();
    json_t *status = status_of("d1+c1", 7), *plan;

    (void) state;
    now->n_units = APP + 1; /* no db yet */
    next->units[WEB] = next->units[DB];
    next->units[WEB].name = "db";
    next->n_units = APP + 1; /* no web any more */
    plan = plan_of(now, status, next);
    assert_string_equal(member_text(find(plan, "db"), "action"), "create");
    assert_string_equal(member_text(find(plan, "web"), "action"), "remove");
    assert_true(json_is_true(json_object_get(find(plan, "web"), "downtime")));
    json_decref(plan);
    json_decref(status);
    project_free(now);
    project_free(next);
}

static void other_secrets_alone_are_told_as_such(void **state)
{
    struct project *now = make(), *next = make();
    json_t *status = status_of("d1+c1", 7), *plan;

    (void) state;
    next->units[DB].digest = "d9+c1";
    plan = plan_of(now, status, next);
    assert_string_equal(field(find(plan, "db"), "secrets", "to"), "changed");
    json_decref(plan);
    json_decref(status);
    project_free(now);
    project_free(next);
}

static void what_cannot_run_twice_is_stopped_first_and_the_plan_says_why(void **state)
{
    static struct attachment fixed[] = {
        { .network = "net", .ipv4 = "10.1.1.1", .ipv6 = "", .mac = "", .interface = "" }
    };
    struct project *now = make(), *next = make();
    json_t *status = status_of("d1+c1", 7), *plan;

    (void) state;
    next->units[APP].networks = fixed;
    next->units[APP].digest = "d2+c1";
    next->units[WEB].network_of = "db";
    next->units[DB].digest = "d2+c1";
    plan = plan_of(now, status, next);
    assert_non_null(strstr(member_text(find(plan, "app"), "impact"), "fixed address"));
    assert_non_null(strstr(member_text(find(plan, "db"), "impact"), "others live"));
    assert_true(json_is_true(json_object_get(find(plan, "app"), "downtime")));
    assert_null(beside_refused(now, &now->units[APP]));
    json_decref(plan);
    json_decref(status);
    project_free(now);
    project_free(next);
}

static void the_basis_of_a_plan_moves_with_what_runs_and_with_nothing_else(void **state)
{
    struct project *now = make();
    json_t *status = status_of("d1+c1", 7), *same = status_of("d1+c1", 8),
           *other = status_of("d2+c1", 7), *stopped = status_of("d1+c1", 0);
    auto_free char *a = plan_basis(now, status), *b = plan_basis(now, same),
                   *c = plan_basis(now, other), *d = plan_basis(now, stopped), *f = NULL;

    (void) state;
    assert_string_equal(a, b); /* a crash that was put right moves nothing */
    assert_string_not_equal(a, c);
    assert_string_not_equal(a, d);
    now->units[APP].replicas = 2;
    f = plan_basis(now, status);
    assert_string_not_equal(a, f);
    json_decref(status);
    json_decref(same);
    json_decref(other);
    json_decref(stopped);
    project_free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_as_it_is_to_be_stays),
        cmocka_unit_test(each_change_has_its_action_its_fields_and_what_it_costs),
        cmocka_unit_test(what_is_new_is_created_and_what_is_gone_removed),
        cmocka_unit_test(other_secrets_alone_are_told_as_such),
        cmocka_unit_test(what_cannot_run_twice_is_stopped_first_and_the_plan_says_why),
        cmocka_unit_test(the_basis_of_a_plan_moves_with_what_runs_and_with_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
