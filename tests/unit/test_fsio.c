/* Files: bounded reads that wait for nobody, writes that leave the old or the new. */
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"

struct place {
    char path[64];
    int dir;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    (void) snprintf(p->path, sizeof p->path, "/tmp/ipam-fsio.XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->dir = open(p->path, O_DIRECTORY | O_CLOEXEC);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = { "file", "fifo", "a/b/c", "a/b", "a" };
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (unlinkat(p->dir, names[i], 0) < 0)
            (void) unlinkat(p->dir, names[i], AT_REMOVEDIR);
    close(p->dir);
    /* a temporary file that was forgotten makes this fail */
    assert_int_equal(rmdir(p->path), 0);
    free(p);
    return 0;
}

static void what_is_no_file_or_too_large_is_refused_at_once(void **state)
{
    struct place *p = *state;
    char *out = NULL;

    assert_int_equal(mkfifoat(p->dir, "fifo", 0600), 0);
    assert_int_equal(mkdirat(p->dir, "a", 0700), 0);
    assert_int_equal(fsio_write_atomic(p->dir, "file", "12345", 5, 0600), 0);
    assert_int_equal(fsio_read(p->dir, "absent", 10, &out, NULL), -ENOENT);
    assert_int_equal(fsio_read(p->dir, "fifo", 10, &out, NULL), -EINVAL);
    assert_int_equal(fsio_read(p->dir, "a", 10, &out, NULL), -EISDIR);
    assert_int_equal(fsio_read(p->dir, "file", 4, &out, NULL), -EFBIG);
    assert_null(out);
}

static void a_file_comes_back_as_it_was_written(void **state)
{
    static const char bytes[] = "with a \0 inside\n";
    struct place *p = *state;
    auto_free char *out = NULL;
    struct stat st;
    size_t len = 0;

    assert_int_equal(fsio_write_atomic(p->dir, "file", "old", 3, 0600), 0);
    assert_int_equal(fsio_write_atomic(p->dir, "file", bytes, sizeof bytes - 1, 0640), 0);
    assert_int_equal(fsio_read(p->dir, "file", sizeof bytes - 1, &out, &len), 0);
    assert_int_equal(len, sizeof bytes - 1);
    assert_memory_equal(out, bytes, sizeof bytes);
    assert_int_equal(fstatat(p->dir, "file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_write_that_cannot_be_finished_leaves_the_old_content_and_nothing_else(void **state)
{
    struct place *p = *state;
    auto_free char *out = NULL;

    assert_int_equal(fsio_write_atomic(p->dir, "file", "old", 3, 0600), 0);
    assert_int_equal(fsio_write_atomic(p->dir, "absent/file", "new", 3, 0600), -ENOENT);
    assert_int_equal(mkdirat(p->dir, "a", 0700), 0);
    assert_true(fsio_write_atomic(p->dir, "a", "new", 3, 0600) < 0);
    assert_int_equal(fsio_read(p->dir, "file", 10, &out, NULL), 0);
    assert_string_equal(out, "old");
}

static void folders_are_made_with_their_parents_and_may_exist(void **state)
{
    struct place *p = *state;
    char path[128];

    (void) snprintf(path, sizeof path, "%s/a/b/c", p->path);
    assert_int_equal(fsio_mkdir_p(path, 0700), 0);
    assert_int_equal(fsio_mkdir_p(path, 0700), 0);
    assert_int_equal(faccessat(p->dir, "a/b/c", W_OK, 0), 0);
    assert_int_equal(fsio_write_atomic(p->dir, "file", "", 0, 0600), 0);
    (void) snprintf(path, sizeof path, "%s/file/x", p->path);
    assert_int_equal(fsio_mkdir_p(path, 0700), -ENOTDIR);
}

static void files_of_a_folder_go_by_their_ending_and_folders_stay(void **state)
{
    struct place *p = *state;
    char path[128];

    (void) snprintf(path, sizeof path, "%s/absent", p->path);
    assert_int_equal(fsio_remove_files(path, ""), 0);
    (void) snprintf(path, sizeof path, "%s/a/b", p->path);
    assert_int_equal(fsio_mkdir_p(path, 0700), 0);
    (void) snprintf(path, sizeof path, "%s/a", p->path);
    assert_int_equal(fsio_write_atomic(p->dir, "a/file", "1", 1, 0600), 0);
    assert_int_equal(fsio_write_atomic(p->dir, "a/file.7" FSIO_TEMPORARY, "1", 1, 0600), 0);
    assert_int_equal(fsio_remove_files(path, FSIO_TEMPORARY), 0);
    assert_int_equal(faccessat(p->dir, "a/file", F_OK, 0), 0);
    assert_int_equal(faccessat(p->dir, "a/file.7" FSIO_TEMPORARY, F_OK, 0), -1);
    assert_int_equal(fsio_remove_files(path, ""), 0);
    assert_int_equal(faccessat(p->dir, "a/file", F_OK, 0), -1);
    assert_int_equal(faccessat(p->dir, "a/b", F_OK, 0), 0);
}

static void a_memory_file_cannot_be_changed_any_more(void **state)
{
    auto_fd fd = fsio_memfd("test", "content", 7);
    char text[8] = "";

    (void) state;
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof text), 7);
    assert_string_equal(text, "content");
    assert_true(pwrite(fd, "x", 1, 0) < 0);
    assert_true(ftruncate(fd, 0) < 0);
    assert_true(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0);
}

int main(void)
{
#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PLACED(what_is_no_file_or_too_large_is_refused_at_once),
        PLACED(a_file_comes_back_as_it_was_written),
        PLACED(a_write_that_cannot_be_finished_leaves_the_old_content_and_nothing_else),
        PLACED(folders_are_made_with_their_parents_and_may_exist),
        PLACED(files_of_a_folder_go_by_their_ending_and_folders_stay),
        cmocka_unit_test(a_memory_file_cannot_be_changed_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
