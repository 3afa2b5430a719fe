/* What is kept on disk, as version 0.1.0 has written it (tests/unit/fixtures): this version reads
 * it as it was meant, and the same with members taken away or added, as older and newer versions
 * have them.  A change of format that these do not pass needs another schema number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/deployment.h"
#include "model/project.h"
#include "model/project_json.h"
#include "sandbox/spec.h"

/* what came of reading: 0 or an error, whether something was not known, and what would be written
 */
struct reading {
    int result;
    bool foreign;
    json_t *written; /* NULL on failure */
};

typedef struct reading reader(json_t *saved);

static json_t *fixture(const char *name)
{
    const char *source = getenv("IPAM_ORCH_SOURCE");
    auto_free char *path = NULL;
    json_t *json;

    assert_true(asprintf(&path, "%s/tests/unit/fixtures/%s", source ? source : ".", name) > 0);
    json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static struct reading read_project(json_t *saved)
{
    auto_free char *text = json_dumps(saved, 0), *again = NULL;
    struct project *p = NULL;
    struct err e = ERR_INIT;
    struct reading r = { .result = project_from_saved(text, strlen(text), &p, &e) };

    if (r.result < 0)
        return r;
    r.foreign = p->foreign != NULL;
    assert_int_equal(project_to_saved(p, &again, &e), 0);
    r.written = json_loads(again, 0, NULL);
    project_free(p);
    return r;
}

static struct reading read_spec(json_t *saved)
{
    auto_arena a = arena_new();
    json_t *copy = json_deep_copy(saved);
    struct err e = ERR_INIT;
    struct spec s = { 0 };
    struct reading r = { 0 };

    r.result = spec_read_saved(copy, a, &s, &r.foreign, &e);
    json_decref(copy);
    if (r.result == 0)
        r.written = spec_save(&s);
    return r;
}

/* everything of `part` is in `whole`, which may have more members */
static void assert_contains(const json_t *whole, const json_t *part)
{
    json_t *object = (json_t *) (uintptr_t) part, *value;
    const char *key;
    size_t i;

    if (json_is_object(part)) {
        json_object_foreach (object, key, value)
            assert_contains(json_object_get(whole, key), value);
    } else if (json_is_array(part)) {
        assert_int_equal(json_array_size(whole), json_array_size(part));
        json_array_foreach (object, i, value)
            assert_contains(json_array_get(whole, i), value);
    } else {
        assert_true(json_equal(whole, part));
    }
}

static void check_meaning(const char *name, reader *read)
{
    json_t *saved = fixture(name);
    struct reading r = read(saved);

    assert_int_equal(r.result, 0);
    assert_false(r.foreign);
    assert_contains(r.written, saved);
    json_decref(r.written);
    json_decref(saved);
}

static void todays_files_mean_what_they_meant(void **state)
{
    (void) state;
    check_meaning("project.json", read_project);
    check_meaning("spec.json", read_spec);
}

/* each object of a tree, one after the other */
static void each_object(json_t *root, json_t *at, reader *read,
                        void (*change)(json_t *root, json_t *object, reader *read))
{
    const char *key;
    json_t *value;
    void *next;
    size_t i;

    if (json_is_object(at)) {
        json_object_foreach_safe(at, next, key, value) each_object(root, value, read, change);
        change(root, at, read);
    }
    json_array_foreach (at, i, value)
        each_object(root, value, read, change);
}

/* without these there is no service, or it would be another one: the project is left alone */
static bool is_essential(const char *key)
{
    static const char *const keys[] = {
        "name", "units",   "argv",   "uid",   "gid",     "key",
        "unit", "network", "secret", "value", "secrets", "networks"
    };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* `value` (taken) in place of each member in turn, NULL: none */
static void replace_each(json_t *root, json_t *object, reader *read, json_t *value)
{
    json_t *members = json_copy(object), *was;
    const char *key;

    json_object_foreach (members, key, was) {
        bool counts = object != root || strcmp(key, "schema") != 0;
        struct reading r;

        if (value)
            (void) json_object_set(object, key, value);
        else
            (void) json_object_del(object, key);
        r = read(root);
        if (r.result < 0 && !is_essential(key))
            fail_msg("'%s' is missed", key);
        if (r.result == 0 && r.foreign != (value && counts))
            fail_msg("'%s' is %s", key, r.foreign ? "called foreign" : "not found to be foreign");
        json_decref(r.written);
        (void) json_object_set(object, key, was);
    }
    json_decref(members);
    json_decref(value);
}

static void take_away(json_t *root, json_t *object, reader *read)
{
    replace_each(root, object, read, NULL);
}

/* nothing that is saved is null */
static void make_null(json_t *root, json_t *object, reader *read)
{
    replace_each(root, object, read, json_null());
}

static void add(json_t *root, json_t *object, reader *read)
{
    struct reading r;

    (void) json_object_set_new(object, "of_tomorrow", json_integer(7));
    r = read(root);
    assert_int_equal(r.result, 0);
    assert_true(r.foreign);
    json_decref(r.written);
    (void) json_object_del(object, "of_tomorrow");
}

static void check_all(void (*change)(json_t *root, json_t *object, reader *read))
{
    static const struct {
        const char *name;
        reader *read;
    } files[] = { { "project.json", read_project }, { "spec.json", read_spec } };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        json_t *root = fixture(files[i].name);

        each_object(root, root, files[i].read, change);
        json_decref(root);
    }
}

static void a_member_that_an_older_version_has_not_written_has_its_default(void **state)
{
    (void) state;
    check_all(take_away);
}

static void a_member_that_cannot_be_read_is_foreign_and_has_its_default(void **state)
{
    (void) state;
    check_all(make_null);
}

static void a_member_of_a_newer_version_is_foreign_and_takes_nothing_else_along(void **state)
{
    (void) state;
    check_all(add);
}

static void a_newer_format_is_foreign(void **state)
{
    json_t *project = fixture("project.json"), *spec = fixture("spec.json");
    struct reading r;

    (void) state;
    (void) json_object_set_new(project, "schema", json_integer(2));
    r = read_project(project);
    assert_true(r.result == 0 && r.foreign);
    json_decref(r.written);
    (void) json_object_set_new(spec, "schema", json_integer(2));
    r = read_spec(spec);
    assert_true(r.result == 0 && r.foreign);
    json_decref(r.written);
    json_decref(project);
    json_decref(spec);
}

static struct deployment *load(const json_t *state, int *result)
{
    auto_free char *text = NULL;
    json_t *saved = fixture("project.json");
    struct deployment *d = deployment_new(NULL, NULL);
    struct project *p = NULL;
    struct err e = ERR_INIT;

    text = json_dumps(saved, 0);
    json_decref(saved);
    assert_int_equal(project_from_saved(text, strlen(text), &p, &e), 0);
    deployment_adopt(d, p);
    *result = deployment_from_json(d, state, &e);
    return d;
}

static void a_state_is_read_as_far_as_it_goes(void **state)
{
    json_t *saved = fixture("state.json"), *again;
    json_t *instances = json_object_get(saved, "instances");
    struct deployment *d;
    int result;

    (void) state;
    d = load(saved, &result);
    assert_int_equal(result, 0);
    again = deployment_to_json(d);
    assert_contains(again, saved);
    json_decref(again);
    deployment_free(d);

    (void) json_object_set_new(saved, "of_tomorrow", json_true());
    (void) json_object_set_new(json_array_get(instances, 1), "of_tomorrow", json_true());
    (void) json_object_del(json_array_get(instances, 0), "state");
    d = load(saved, &result);
    assert_int_equal(result, -EINVAL);
    assert_string_equal(deployment_instance(d, "db")->id, "");
    assert_string_equal(deployment_instance(d, "web")->id, "shop.web.1.1");
    assert_int_equal(deployment_instance(d, "web")->state, STATE_UP);
    deployment_free(d);
    json_decref(saved);
}

/* a supervisor that ended when the next definition was the present one already, and the state was
 * not written yet: whoever has taken the place of another keeps its address */
static void what_took_a_place_keeps_it_when_the_rollout_is_over(void **state)
{
    json_t *saved = fixture("state.json"), *web;
    struct deployment *d;
    int result;

    (void) state;
    web = json_array_get(json_object_get(saved, "instances"), 1);
    (void) json_object_update_new(
        web, json_pack("{s:b,s:i,s:i,s:s}", "next", true, "slot", 1, "spent", 7, "roll", "done"));
    d = load(saved, &result);
    assert_int_equal(result, 0);
    assert_int_equal(deployment_instance(d, "web")->slot, 1);
    assert_int_equal(deployment_instance(d, "web")->spent, 7);
    assert_ptr_equal(deployment_instance(d, "web")->unit, project_unit(d->project, "web"));
    assert_int_equal(deployment_instance(d, "web")->rolling.roll, ROLL_NONE);
    deployment_free(d);
    json_decref(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(todays_files_mean_what_they_meant),
        cmocka_unit_test(a_member_that_an_older_version_has_not_written_has_its_default),
        cmocka_unit_test(a_member_that_cannot_be_read_is_foreign_and_has_its_default),
        cmocka_unit_test(a_member_of_a_newer_version_is_foreign_and_takes_nothing_else_along),
        cmocka_unit_test(a_newer_format_is_foreign),
        cmocka_unit_test(a_state_is_read_as_far_as_it_goes),
        cmocka_unit_test(what_took_a_place_keeps_it_when_the_rollout_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
