#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/paths.h"
#include "cli/process.h"

static char proc[] = "/tmp/test_process.XXXXXX";

static void put(int pid, const char *file, const char *text, size_t len)
{
    auto_free char *dir = paths_join("%s/%d", proc, pid);
    auto_free char *path = paths_join("%s/%s", dir, file);

    (void) mkdir(dir, 0755);
    auto_fd fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, len), len);
}

static void process(int pid, const char *name, int parent, const char *command, size_t len)
{
    char stat[256], status[128];

    (void) snprintf(stat, sizeof stat, "%d (%s) S %d 1 1 0 -1 0 0 0 0 0 120 30 0 0 20 0", pid, name,
                    parent);
    (void) snprintf(status, sizeof status, "Name:\tx\nPPid:\t%d\nUid:\t33\t33\t33\t33\n", parent);
    put(pid, "stat", stat, strlen(stat));
    put(pid, "status", status, strlen(status));
    put(pid, "cmdline", command, len);
}

static int set_up(void **state)
{
    static const char args[] = "nginx\0-g\0a\x1b[2J\xc3\xa4\0";

    (void) state;
    if (!mkdtemp(proc))
        return -1;
    process(10, "init", 1, "init\0", 5);
    process(11, "ngi) S 1 (nx", 10, args, sizeof args - 1);
    process(12, "worker", 11, "", 0);
    process(20, "other", 1, "other\0", 6);
    process(30, "ring", 31, "a\0", 2);
    process(31, "ring", 30, "b\0", 2);
    put(40, "stat", "40 (half", 8);
    return 0;
}

static int tear_down(void **state)
{
    auto_free char *command = paths_join("rm -rf %s", proc);

    (void) state;
    return system(command);
}

static void names_and_arguments_that_a_service_chose_are_read_safely(void **state)
{
    struct process_list l;

    (void) state;
    assert_int_equal(process_list_read(proc, &l, NULL), 0);
    assert_int_equal(l.n, 6); /* what cannot be read is left out */
    assert_int_equal(process_find(&l, 11)->parent, 10);
    assert_int_equal(process_find(&l, 11)->uid, 33);
    assert_int_equal(process_find(&l, 11)->cpu_ticks, 150);
    assert_string_equal(process_find(&l, 11)->command, "nginx -g a?[2J??");
    assert_string_equal(process_find(&l, 12)->command, "[worker]");
    assert_null(process_find(&l, 40));
    process_list_clear(&l);
}

static void only_descendants_are_below_and_a_circle_ends(void **state)
{
    struct process_list l;

    (void) state;
    assert_int_equal(process_list_read(proc, &l, NULL), 0);
    assert_true(process_is_below(&l, process_find(&l, 11), 10));
    assert_true(process_is_below(&l, process_find(&l, 12), 10));
    assert_false(process_is_below(&l, process_find(&l, 10), 10));
    assert_false(process_is_below(&l, process_find(&l, 20), 10));
    assert_false(process_is_below(&l, process_find(&l, 30), 10));
    process_list_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_arguments_that_a_service_chose_are_read_safely),
        cmocka_unit_test(only_descendants_are_below_and_a_circle_ends),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
