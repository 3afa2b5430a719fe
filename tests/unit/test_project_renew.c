/* A restart takes over what files say of the services it is about, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "model/project_renew.h"
#include "tests/fakes/fake_project.h"

static struct project *project(const char *digest, size_t n_units)
{
    static const char *const names[] = { "web", "db", "new" };
    struct project *p = fake_project("shop", n_units);

    for (size_t i = 0; i < n_units; i++) {
        fake_unit(&p->units[i], names[i]);
        p->units[i].digest = digest;
    }
    return p;
}

static void only_what_is_named_is_what_it_will_be(void **state)
{
    static const char *const web[] = { "web", NULL };
    struct project *now = project("old", 2), *next = project("new", 3), *mixed = NULL;
    struct volume more = { .key = "more", .name = "shop_more" };
    struct err e = ERR_INIT;

    (void) state;
    now->units[0].replicas = 3;
    next->volumes = &more;
    next->n_volumes = 1;
    assert_int_equal(project_renew(now, next, web, &mixed, &e), 0);
    assert_int_equal(mixed->n_units, 2);
    assert_string_equal(project_unit(mixed, "web")->digest, "new");
    assert_int_equal(project_unit(mixed, "web")->replicas, 3);
    assert_string_equal(project_unit(mixed, "db")->digest, "old");
    assert_int_equal(mixed->n_volumes, now->n_volumes + 1);
    project_free(mixed);
    assert_int_equal(project_renew(now, next, NULL, &mixed, &e), 0);
    assert_string_equal(project_unit(mixed, "db")->digest, "new");
    assert_null(project_unit(mixed, "new"));
    project_free(mixed);
    project_free(now);
    project_free(next);
}

static void a_service_that_needs_a_new_one_is_refused(void **state)
{
    struct project *now = project("old", 2), *next = project("new", 3), *mixed = NULL;
    struct dep dep = { .unit = "new", .condition = DEP_STARTED, .required = true };
    struct err e = ERR_INIT;

    (void) state;
    next->units[0].deps = &dep;
    next->units[0].n_deps = 1;
    assert_true(project_renew(now, next, NULL, &mixed, &e) < 0);
    assert_non_null(strstr(e.msg, "'web' depends on 'new', which is not there"));
    project_free(now);
    project_free(next);
}

static void secrets_have_other_values_and_all_else_stays(void **state)
{
    struct secret secrets[] = { { .name = "a", .value = "1", .len = 1 },
                                { .name = "b", .value = "2", .len = 1 } };
    struct project *now = project("old", 2), *next = NULL;
    json_t *values = json_pack("{s:[i,i]}", "b", 0, 7), *digests = json_pack("{s:s}", "db", "new");
    json_t *unknown = json_pack("{s:s}", "c", "x");
    struct err e = ERR_INIT;

    (void) state;
    now->secrets = secrets;
    now->n_secrets = 2;
    assert_int_equal(project_renew_secrets(now, unknown, NULL, &next, &e), -ENOENT);
    assert_string_equal(e.msg, "the project has no secret 'c'");
    assert_int_equal(project_renew_secrets(now, values, unknown, &next, &e), -ENOENT);
    assert_int_equal(project_renew_secrets(now, values, digests, &next, &e), 0);
    assert_string_equal(project_secret(next, "a")->value, "1");
    assert_int_equal(project_secret(next, "b")->len, 2);
    assert_memory_equal(project_secret(next, "b")->value, "\0\7", 3);
    assert_string_equal(next->units[0].digest, "old");
    assert_string_equal(next->units[1].digest, "new");
    project_free(next);
    json_decref(values);
    json_decref(digests);
    json_decref(unknown);
    project_free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_named_is_what_it_will_be),
        cmocka_unit_test(secrets_have_other_values_and_all_else_stays),
        cmocka_unit_test(a_service_that_needs_a_new_one_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
