/* Saved projects: what a supervisor that was killed in the middle of writing or removing leaves is
 * nobody's any more, and what cannot be read takes nothing else along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "engine/store.h"
#include "tests/fakes/fake_project.h"

struct saved {
    char path[64], names[256], unreadable[64]; /* what store_load has found */
    unsigned with_state;
};

static int set_up(void **state)
{
    struct saved *p = calloc(1, sizeof *p);

    (void) snprintf(p->path, sizeof p->path, "/tmp/ipam-store.XXXXXX");
    assert_non_null(mkdtemp(p->path));
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct saved *p = *state;

    /* a file or a folder that was forgotten makes this fail */
    assert_int_equal(rmdir(p->path), 0);
    free(p);
    return 0;
}

static void save(const struct saved *p, const char *name)
{
    struct project *project = fake_project(name, 1);
    struct err e = ERR_INIT;

    fake_unit(&project->units[0], "web");
    assert_int_equal(store_save_project(p->path, project, &e), 0);
    project_free(project);
}

static void put(const struct saved *p, const char *name, const char *file, const char *text)
{
    char path[256];

    (void) snprintf(path, sizeof path, "%s/%s", p->path, name);
    assert_int_equal(fsio_mkdir_p(path, 0700), 0);
    (void) snprintf(path, sizeof path, "%s/%s/%s", p->path, name, file);
    assert_int_equal(fsio_write_atomic(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static bool is_there(const struct saved *p, const char *name)
{
    char path[256];

    (void) snprintf(path, sizeof path, "%s/%s", p->path, name);
    return access(path, F_OK) == 0;
}

static void note(void *owner, struct project *project, json_t *state)
{
    struct saved *p = owner;
    size_t len = strlen(p->names);

    (void) snprintf(p->names + len, sizeof p->names - len, "%s ", project->name);
    p->with_state += state != NULL;
    project_free(project);
}

static void note_unreadable(void *owner, const char *project, const struct err *why)
{
    struct saved *p = owner;

    assert_true(why->code < 0);
    (void) snprintf(p->unreadable, sizeof p->unreadable, "%s", project);
}

static void load(struct saved *p)
{
    struct store_reader reader = { .owner = p, .each = note, .unreadable = note_unreadable };
    struct err e = ERR_INIT;

    p->names[0] = p->unreadable[0] = '\0';
    p->with_state = 0;
    assert_int_equal(store_load(p->path, &reader, &e), 0);
}

static void a_removal_takes_half_written_files_along(void **state)
{
    struct saved *p = *state;
    struct err e = ERR_INIT;

    save(p, "shop");
    put(p, "shop", "state.json", "{}");
    put(p, "shop", "state.json.77.tmp", "{\"insta");
    assert_int_equal(store_remove(p->path, "shop", &e), 0);
    assert_false(is_there(p, "shop"));
    assert_int_equal(store_remove(p->path, "shop", &e), 0);
}

static void half_a_removal_and_the_beginning_of_a_project_are_gone_when_it_is_loaded(void **state)
{
    static const char *const files[] = { "state.json", "project.json.77.tmp", "state.json.77.tmp" };
    struct saved *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        put(p, "shop", files[i], "{}");
        load(p);
        assert_string_equal(p->names, "");
        assert_false(is_there(p, "shop"));
    }
}

static void
a_state_that_is_cut_off_or_empty_does_not_keep_the_project_from_coming_back(void **state)
{
    static const char *const texts[] = { "", "{\"schema\": 1, \"insta", "\x01\x02", "{}" };
    struct saved *p = *state;
    struct err e = ERR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        save(p, "shop");
        put(p, "shop", "state.json", texts[i]);
        put(p, "shop", "state.json.77.tmp", texts[i]);
        load(p);
        assert_string_equal(p->names, "shop ");
        assert_int_equal(p->with_state, strcmp(texts[i], "{}") == 0);
        assert_false(is_there(p, "shop/state.json.77.tmp"));
        assert_int_equal(store_remove(p->path, "shop", &e), 0);
    }
}

static void a_project_that_cannot_be_read_is_kept_and_others_are_loaded(void **state)
{
    struct saved *p = *state;
    struct err e = ERR_INIT;

    save(p, "good");
    put(p, "bad", "project.json", "{\"name\": \"b");
    load(p);
    assert_string_equal(p->names, "good ");
    assert_string_equal(p->unreadable, "bad");
    assert_true(is_there(p, "bad/project.json"));
    assert_int_equal(store_remove(p->path, "bad", &e), 0);
    assert_int_equal(store_remove(p->path, "good", &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_removal_takes_half_written_files_along, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            half_a_removal_and_the_beginning_of_a_project_are_gone_when_it_is_loaded, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_state_that_is_cut_off_or_empty_does_not_keep_the_project_from_coming_back, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_project_that_cannot_be_read_is_kept_and_others_are_loaded,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
