#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/place.h"
#include "tests/fakes/fake_dir.h"

static bool is_inside(const struct fake_dir *f, int fd, const char *path)
{
    char link[32], real[256], want[256];
    ssize_t n;

    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, real, sizeof real - 1);
    real[n > 0 ? n : 0] = '\0';
    (void) snprintf(want, sizeof want, "%s/in%s", f->path, path);
    return strcmp(real, want) == 0;
}

static void links_that_point_out_of_the_root_stay_inside(void **state)
{
    static const char *const links[] = { "../out", "/../out", "../../../../../../out", "/out" };
    struct fake_dir *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        auto_fd dir = -1;

        assert_int_equal(symlinkat(links[i], f->top, "in/l"), 0);
        dir = place_open(f->in, "/l/x", PLACE_DIR);
        /* there is no /out inside: what the link means does not exist */
        assert_int_equal(dir, -EEXIST);
        assert_int_equal(unlinkat(f->top, "in/l", 0), 0);
    }
    assert_int_equal(faccessat(f->top, "out/x", F_OK, 0), -1);
}

static void an_absolute_link_means_the_new_root(void **state)
{
    struct fake_dir *f = *state;

    assert_int_equal(mkdirat(f->top, "in/run", 0755), 0);
    assert_int_equal(mkdirat(f->top, "in/var", 0755), 0);
    assert_int_equal(symlinkat("/run", f->top, "in/var/run"), 0);
    auto_fd dir = place_open(f->in, "/var/run/mysqld", PLACE_DIR);
    assert_true(dir >= 0);
    assert_true(is_inside(f, dir, "/run/mysqld"));
}

static void missing_parents_are_created(void **state)
{
    struct fake_dir *f = *state;
    struct stat st;
    auto_fd file = place_open(f->in, "/a/b/c", PLACE_FILE);

    assert_true(file >= 0);
    assert_int_equal(fstat(file, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_true(is_inside(f, file, "/a/b/c"));
}

static void what_must_exist_is_not_created(void **state)
{
    struct fake_dir *f = *state;

    assert_int_equal(place_open(f->in, "/none", PLACE_EXISTING), -ENOENT);
    assert_int_equal(faccessat(f->top, "in/none", F_OK, 0), -1);
}

static void a_file_is_not_a_directory(void **state)
{
    struct fake_dir *f = *state;
    auto_fd file = place_open(f->in, "/f", PLACE_FILE);

    assert_true(file >= 0);
    assert_int_equal(place_open(f->in, "/f", PLACE_DIR), -ENOTDIR);
    assert_int_equal(place_open(f->in, "/f/x", PLACE_FILE), -ENOTDIR);
    assert_int_equal(place_open(f->in, "f", PLACE_EXISTING) >= 0, 1);
}

static void a_part_is_below_its_directory_and_no_link_leads_to_it(void **state)
{
    static const struct {
        const char *path;
        int code;
    } bad[] = { { "link", -ELOOP },          { "link/secret", -ELOOP },
                { "dir/up", -ELOOP },        { "..", -EXDEV },
                { "../out", -EXDEV },        { "/out", -EXDEV },
                { "dir/../../out", -EXDEV }, { "missing", -ENOENT },
                { "fifo", -ENOTSUP } };
    struct fake_dir *f = *state;
    auto_fd dir = -1, file = -1;

    assert_int_equal(mkdirat(f->in, "dir", 0755), 0);
    assert_int_equal(symlinkat("../out", f->in, "link"), 0);
    assert_int_equal(symlinkat("..", f->in, "dir/up"), 0);
    assert_int_equal(mkfifoat(f->in, "fifo", 0600), 0);
    assert_int_equal(mknodat(f->in, "dir/file", S_IFREG | 0600, 0), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(place_below(f->in, bad[i].path), bad[i].code);
    dir = place_below(f->in, "dir");
    assert_true(dir >= 0 && is_inside(f, dir, "/dir"));
    file = place_below(f->in, "dir/file");
    assert_true(file >= 0 && is_inside(f, file, "/dir/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_that_point_out_of_the_root_stay_inside,
                                        fake_dir_set_up, fake_dir_tear_down),
        cmocka_unit_test_setup_teardown(an_absolute_link_means_the_new_root, fake_dir_set_up,
                                        fake_dir_tear_down),
        cmocka_unit_test_setup_teardown(missing_parents_are_created, fake_dir_set_up,
                                        fake_dir_tear_down),
        cmocka_unit_test_setup_teardown(what_must_exist_is_not_created, fake_dir_set_up,
                                        fake_dir_tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_not_a_directory, fake_dir_set_up,
                                        fake_dir_tear_down),
        cmocka_unit_test_setup_teardown(a_part_is_below_its_directory_and_no_link_leads_to_it,
                                        fake_dir_set_up, fake_dir_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
