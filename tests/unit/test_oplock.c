/* The work directory of a project: who has the lock, and what is written down before it is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "ops/intent.h"
#include "ops/oplock.h"
#include "ops/workdir.h"

static char top[] = "/tmp/ipam-oplock.XXXXXX";

static int open_world(void **state)
{
    (void) state;
    assert_non_null(mkdtemp(top));
    return setenv("IPAM_ORCH_STATE_DIR", top, 1);
}

static int close_world(void **state)
{
    auto_free char *command = paths_join("rm -rf %s", top);

    (void) state;
    return system(command); /* NOLINT: the name is ours */
}

static int work(const char *project)
{
    struct err e = ERR_INIT;
    int fd = -1;

    assert_int_equal(workdir_open(project, NULL, &fd, &e), 0);
    return fd;
}

/* a process that takes the lock, says so, and is killed */
static pid_t hold_in_child(const char *project)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err e = ERR_INIT;
        int dir = -1, lock = -1;

        if (workdir_open(project, NULL, &dir, &e) < 0 ||
            oplock_take(dir, "backup", "before the weekend", 0, &lock, &e) < 0 ||
            write(ready[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void a_second_operation_is_told_who_works(void **state)
{
    auto_fd dir = work("two");
    pid_t pid = hold_in_child("two");
    struct err e = ERR_INIT;
    json_t *holder = NULL;
    int lock = -1, status;

    (void) state;
    assert_int_equal(oplock_take(dir, "update", "", 0, &lock, &e), -EBUSY);
    assert_int_equal(e.class, ERR_LOCKED);
    assert_non_null(strstr(e.msg, "backup"));
    assert_non_null(strstr(e.msg, "before the weekend"));
    assert_int_equal(oplock_holder(dir, &holder, &e), 0);
    assert_int_equal(json_integer_value(json_object_get(holder, "pid")), pid);
    json_decref(holder);
    /* however it ends, the next one may */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(oplock_take(dir, "update", "", 0, &lock, &e), 0);
    close(lock);
    assert_int_equal(oplock_holder(dir, &holder, &e), 0);
    assert_null(holder);
}

static void a_hold_keeps_everybody_away_until_it_is_released(void **state)
{
    auto_fd dir = work("held");
    struct err e = ERR_INIT;
    int lock = -1;

    (void) state;
    assert_int_equal(oplock_take(dir, "lock", "", 0, &lock, &e), 0);
    assert_int_equal(oplock_hold(dir, "the storage is being moved", &e), 0);
    close(lock);
    assert_int_equal(oplock_take(dir, "backup", "", 0, &lock, &e), -EBUSY);
    assert_non_null(strstr(e.msg, "the storage is being moved"));
    assert_int_equal(oplock_release(dir, &e), 0);
    assert_int_equal(oplock_release(dir, &e), -ENOENT);
    assert_int_equal(oplock_take(dir, "backup", "", 0, &lock, &e), 0);
    close(lock);
}

static void what_was_about_to_be_done_is_read_back(void **state)
{
    auto_fd dir = work("intent");
    struct err e = ERR_INIT;
    json_t *intent = NULL;

    (void) state;
    assert_int_equal(intent_load(dir, &intent, &e), 0);
    assert_null(intent);
    assert_int_equal(intent_begin(dir, json_pack("{s:s,s:i}", "verb", "update", "to", 7), &e), 0);
    assert_int_equal(intent_begin(dir, json_pack("{s:s}", "verb", "restore"), &e), -EEXIST);
    assert_int_equal(intent_step(dir, "backup", json_pack("{s:s}", "name", "b1"), &e), 0);
    assert_int_equal(intent_step(dir, "migrate", NULL, &e), 0);
    assert_int_equal(intent_load(dir, &intent, &e), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(intent, "meant"), "to")),
                     7);
    assert_string_equal(json_string_value(json_object_get(intent_find(intent, "backup"), "name")),
                        "b1");
    assert_non_null(intent_find(intent, "migrate"));
    assert_null(intent_find(intent, "replace"));
    json_decref(intent);
    assert_int_equal(intent_end(dir, &e), 0);
    assert_int_equal(intent_load(dir, &intent, &e), 0);
    assert_null(intent);
}

static void a_torn_step_has_not_begun(void **state)
{
    auto_fd dir = work("torn");
    auto_fd fd = -1;
    struct err e = ERR_INIT;
    json_t *intent = NULL;

    (void) state;
    assert_int_equal(intent_begin(dir, json_pack("{s:s}", "verb", "update"), &e), 0);
    assert_int_equal(workdir_open_at(dir, "intent", O_WRONLY | O_APPEND, &fd, &e), 0);
    assert_int_equal(fsio_write_all(fd, "{\"step\":\"bac", 12), 0);
    assert_int_equal(intent_load(dir, &intent, &e), 0);
    assert_int_equal(json_array_size(json_object_get(intent, "steps")), 0);
    json_decref(intent);
    /* nothing is appended to half a line */
    assert_int_equal(intent_step(dir, "undo", NULL, &e), 0);
    assert_int_equal(intent_load(dir, &intent, &e), 0);
    assert_non_null(intent_find(intent, "undo"));
    json_decref(intent);
}

static void nothing_is_reached_through_a_link(void **state)
{
    auto_fd dir = work("linked");
    auto_free char *outside = paths_join("%s/outside", top);
    struct err e = ERR_INIT;
    struct stat st;
    int fd = -1;

    (void) state;
    assert_int_equal(symlinkat(outside, dir, "lock"), 0);
    assert_int_equal(oplock_take(dir, "backup", "", 0, &fd, &e), -ELOOP);
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(symlinkat(outside, dir, "backups"), 0);
    assert_int_equal(workdir_open("linked", "backups", &fd, &e), -ENOTDIR);
    assert_int_equal(workdir_open("linked", "../../outside", &fd, &e), -EXDEV);
    assert_int_equal(stat(outside, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_operation_is_told_who_works),
        cmocka_unit_test(a_hold_keeps_everybody_away_until_it_is_released),
        cmocka_unit_test(what_was_about_to_be_done_is_read_back),
        cmocka_unit_test(a_torn_step_has_not_begun),
        cmocka_unit_test(nothing_is_reached_through_a_link),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
