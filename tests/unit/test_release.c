/* Releases: copies that nothing changes, names made from content, and what may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "model/digest.h"
#include "model/member.h"
#include "ops/release.h"
#include "ops/tree.h"
#include "tests/fakes/fake_dir.h"
#include "tests/fakes/fake_project.h"

static char top[64];

static int open_world(void **state)
{
    auto_free char *app = NULL, *live = NULL;

    (void) state;
    (void) snprintf(top, sizeof top, "/tmp/ipam-release.XXXXXX");
    assert_non_null(mkdtemp(top));
    app = paths_join("%s/project/app/deep", top);
    live = paths_join("%s/project/live", top);
    assert_int_equal(fsio_mkdir_p(app, 0755), 0);
    assert_int_equal(fsio_mkdir_p(live, 0755), 0);
    return setenv("IPAM_ORCH_STATE_DIR", top, 1);
}

static int close_world(void **state)
{
    (void) state;
    return fake_tree_remove(top);
}

static void write_file(const char *name, const char *text)
{
    auto_free char *path = paths_join("%s/project/%s", top, name);
    auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(fsio_write_all(fd, text, strlen(text)), 0);
}

static char *read_path(const char *path)
{
    char *text = NULL;

    assert_int_equal(fsio_read(AT_FDCWD, path, 4096, &text, NULL), 0);
    return text;
}

/* `app` reads two directories of the project, one of them live; `db` none */
static struct project *make(const char *label)
{
    struct project *p = fake_project("p", 2);
    struct arena *a = p->arena;
    const char **live = arena_array(a, 2, sizeof *live);
    struct mount *m = arena_array(a, 2, sizeof *m);
    struct err e = ERR_INIT;

    p->dir = arena_printf(a, "%s/project", top);
    p->release = label;
    live[0] = arena_printf(a, "%s/live", p->dir);
    p->live = live;
    m[0] = (struct mount){ .kind = MOUNT_BIND, .target = "/app", .read_only = true, .subpath = "" };
    m[1] =
        (struct mount){ .kind = MOUNT_BIND, .target = "/live", .read_only = true, .subpath = "" };
    m[0].source = arena_printf(a, "%s/app", p->dir);
    m[1].source = live[0];
    fake_unit(&p->units[0], "app");
    fake_unit(&p->units[1], "db");
    p->units[0].mounts = m;
    p->units[0].n_mounts = 2;
    assert_int_equal(digest_units(p, &e), 0);
    return p;
}

static void make_one(const char *label, char id[RELEASE_ID], char **digest, char **source)
{
    struct project *p = make(label);
    struct err e = ERR_INIT;

    assert_int_equal(release_make(p, id, &e), 0);
    if (digest)
        *digest = strdup(p->units[0].digest);
    if (source)
        *source = strdup(p->units[0].mounts[0].source);
    assert_non_null(strstr(p->units[0].mounts[1].source, "/project/live"));
    assert_string_equal(p->units[1].release, "");
    project_free(p);
}

static void the_same_content_is_the_same_release_and_other_content_another(void **state)
{
    char first[RELEASE_ID], again[RELEASE_ID], second[RELEASE_ID], label[RELEASE_ID];
    auto_free char *was = NULL, *is = NULL;

    (void) state;
    write_file("app/a", "one");
    write_file("app/deep/b", "two");
    make_one("1", first, &was, NULL);
    make_one("1", again, NULL, NULL);
    assert_string_equal(first, again);
    write_file("live/x", "changes nothing");
    make_one("1", again, NULL, NULL);
    assert_string_equal(first, again);
    make_one("2", label, NULL, NULL);
    assert_string_not_equal(first, label);
    write_file("app/deep/b", "three");
    make_one("1", second, &is, NULL);
    assert_string_not_equal(first, second);
    assert_string_not_equal(was, is);
    assert_int_equal(digest_definition(was), digest_definition(is));
    assert_memory_equal(was, is, digest_definition(was));
}

static void a_copy_stays_what_it_was_and_shares_what_has_not_changed(void **state)
{
    char first[RELEASE_ID], second[RELEASE_ID];
    auto_free char *before = NULL, *after = NULL, *a = NULL, *b = NULL, *text = NULL;
    struct err e = ERR_INIT;
    struct stat x, y;

    (void) state;
    write_file("app/a", "stays");
    write_file("app/deep/b", "old");
    make_one("1", first, NULL, &before);
    assert_int_equal(release_note("p", first, "up", "", &e), 0);
    write_file("app/deep/b", "new");
    make_one("1", second, NULL, &after);
    a = paths_join("%s/deep/b", before);
    text = read_path(a);
    assert_string_equal(text, "old");
    free(a);
    a = paths_join("%s/a", before);
    b = paths_join("%s/a", after);
    assert_int_equal(stat(a, &x), 0);
    assert_int_equal(stat(b, &y), 0);
    assert_int_equal(x.st_ino, y.st_ino);
}

static void a_release_is_read_back_with_its_copies_and_the_secrets_of_today(void **state)
{
    static struct secret old[] = { { .name = "s", .value = "old", .len = 3 } };
    static struct secret today[] = { { .name = "s", .value = "today", .len = 5 } };
    struct project *p = make("1"), *now = fake_project("p", 0), *back = NULL;
    const struct project *const known[] = { now, NULL }, *const none[] = { NULL };
    auto_free char *path = NULL, *saved = NULL;
    char id[RELEASE_ID];
    struct err e = ERR_INIT;

    (void) state;
    p->secrets = old;
    p->n_secrets = 1;
    now->secrets = today;
    now->n_secrets = 1;
    assert_int_equal(release_make(p, id, &e), 0);
    path = paths_join("%s/operations/p/releases/%s/project.json", top, id);
    assert_int_equal(fsio_read(AT_FDCWD, path, 65536, &saved, NULL), 0);
    assert_null(strstr(saved, "old"));
    assert_int_equal(release_load("p", id, known, &back, &e), 0);
    assert_string_equal(back->units[0].mounts[0].source, p->units[0].mounts[0].source);
    assert_string_equal(back->units[0].digest, p->units[0].digest);
    assert_string_equal(back->secrets[0].value, "today");
    project_free(back);
    back = NULL;
    assert_int_equal(release_load("p", id, NULL, &back, &e), 0);
    assert_string_equal(back->secrets[0].value, "");
    project_free(back);
    back = NULL;
    assert_int_equal(release_load("p", id, none, &back, &e), -ENOKEY);
    assert_null(back);
    assert_non_null(strstr(e.msg, "'s'"));
    assert_true(release_load("p", "0123456789ab", NULL, &back, &e) < 0);
    project_free(p);
    project_free(now);
}

static bool is_there(const char *name)
{
    auto_free char *path = paths_join("%s/operations/p/releases/%s", top, name);

    return access(path, F_OK) == 0;
}

static void make_there(const char *name)
{
    auto_free char *path = paths_join("%s/operations/p/releases/%s/0/deep", top, name);

    assert_int_equal(fsio_mkdir_p(path, 0755), 0);
}

static void only_what_nobody_needs_goes(void **state)
{
    auto_free char *own = paths_join(".new-%d", (int) getpid());
    char id[4][RELEASE_ID], current[RELEASE_ID], previous[RELEASE_ID], found[RELEASE_ID];
    struct err e = ERR_INIT;
    json_t *removed = NULL, *list = NULL, *status;

    (void) state;
    for (int i = 0; i < 4; i++) {
        char text[16];

        (void) snprintf(text, sizeof text, "content %d", i);
        write_file("app/a", text);
        make_one("r", id[i], NULL, NULL);
        assert_int_equal(release_note("p", id[i], "update", "why", &e), 0);
    }
    assert_int_equal(release_current("p", current, previous, &e), 0);
    assert_string_equal(current, id[3]);
    assert_string_equal(previous, id[2]);
    assert_int_equal(release_find("p", id[1], found, &e), 0);
    assert_int_equal(release_find("p", "none", found, &e), -ENOENT);
    assert_int_equal(release_pin("p", id[0], true, &e), 0);
    status = json_pack("{s:[{s:s,s:i}]}", "services", "release", id[1], "pid", 7);
    for (int i = 0; i < 4; i++) {
        e = ERR_INIT;
        assert_int_equal(release_remove("p", id[i], status, &e), -EBUSY);
        assert_int_equal(e.class, ERR_UNSAFE);
    }
    assert_int_equal(release_prune("p", status, 0, &removed, &e), 0);
    assert_int_equal(json_array_size(removed), 0);
    json_decref(removed);
    assert_int_equal(release_pin("p", id[0], false, &e), 0);
    make_there(".new-4194305"); /* more than PID_MAX_LIMIT: nobody has it */
    make_there(".gone-0123456789ab");
    make_there(own);
    assert_int_equal(release_prune("p", NULL, 0, &removed, &e), 0);
    assert_int_equal(json_array_size(removed), 2);
    json_decref(removed);
    assert_false(is_there(".new-4194305"));
    assert_false(is_there(".gone-0123456789ab"));
    assert_true(is_there(own));
    assert_int_equal(release_list("p", &list, &e), 0);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(member_text(json_array_get(list, 0), "id"), id[3]);
    json_decref(list);
    json_decref(status);
}

static void links_are_kept_and_never_followed(void **state)
{
    auto_free char *app = paths_join("%s/project/app", top), *link = paths_join("%s/out", app);
    auto_free char *source = NULL, *copy = NULL;
    char id[RELEASE_ID], target[64] = "";
    struct tree before, after;
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(tree_read(app, &before, &e), 0);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(tree_read(app, &after, &e), 0);
    assert_string_not_equal(before.digest, after.digest);
    assert_int_equal(before.files, after.files);
    make_one("1", id, NULL, &source);
    copy = paths_join("%s/out", source);
    assert_true(readlink(copy, target, sizeof target - 1) > 0);
    assert_string_equal(target, "/etc/passwd");
    assert_int_equal(unlink(link), 0);
    assert_true(tree_read("/nowhere/at/all", &after, &e) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_same_content_is_the_same_release_and_other_content_another, open_world,
            close_world),
        cmocka_unit_test_setup_teardown(a_copy_stays_what_it_was_and_shares_what_has_not_changed,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(
            a_release_is_read_back_with_its_copies_and_the_secrets_of_today, open_world,
            close_world),
        cmocka_unit_test_setup_teardown(only_what_nobody_needs_goes, open_world, close_world),
        cmocka_unit_test_setup_teardown(links_are_kept_and_never_followed, open_world, close_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
