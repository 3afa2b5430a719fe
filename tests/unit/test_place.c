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

/* A directory with `in/`, the root of the tests, and `out/`, which must stay empty. */
struct fixture {
    char dir[64];
    int top, root;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    strcpy(f->dir, "/tmp/test_place.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    f->top = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void) mkdirat(f->top, "in", 0755);
    (void) mkdirat(f->top, "out", 0755);
    f->root = openat(f->top, "in", O_PATH | O_DIRECTORY | O_CLOEXEC);
    *state = f;
    return f->root < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    auto_free char *command = NULL;

    close(f->root);
    close(f->top);
    if (asprintf(&command, "rm -rf %s", f->dir) < 0)
        return -1;
    int r = system(command);
    free(f);
    return r;
}

static bool is_inside(const struct fixture *f, int fd, const char *path)
{
    char link[32], real[256], want[256];
    ssize_t n;

    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, real, sizeof real - 1);
    real[n > 0 ? n : 0] = '\0';
    (void) snprintf(want, sizeof want, "%s/in%s", f->dir, path);
    return strcmp(real, want) == 0;
}

static void links_that_point_out_of_the_root_stay_inside(void **state)
{
    static const char *const links[] = { "../out", "/../out", "../../../../../../out", "/out" };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        auto_fd dir = -1;

        assert_int_equal(symlinkat(links[i], f->top, "in/l"), 0);
        dir = place_open(f->root, "/l/x", PLACE_DIR);
        /* there is no /out inside: what the link means does not exist */
        assert_int_equal(dir, -EEXIST);
        assert_int_equal(unlinkat(f->top, "in/l", 0), 0);
    }
    assert_int_equal(faccessat(f->top, "out/x", F_OK, 0), -1);
}

static void an_absolute_link_means_the_new_root(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mkdirat(f->top, "in/run", 0755), 0);
    assert_int_equal(mkdirat(f->top, "in/var", 0755), 0);
    assert_int_equal(symlinkat("/run", f->top, "in/var/run"), 0);
    auto_fd dir = place_open(f->root, "/var/run/mysqld", PLACE_DIR);
    assert_true(dir >= 0);
    assert_true(is_inside(f, dir, "/run/mysqld"));
}

static void missing_parents_are_created(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    auto_fd file = place_open(f->root, "/a/b/c", PLACE_FILE);

    assert_true(file >= 0);
    assert_int_equal(fstat(file, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_true(is_inside(f, file, "/a/b/c"));
}

static void what_must_exist_is_not_created(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(place_open(f->root, "/none", PLACE_EXISTING), -ENOENT);
    assert_int_equal(faccessat(f->top, "in/none", F_OK, 0), -1);
}

static void a_file_is_not_a_directory(void **state)
{
    struct fixture *f = *state;
    auto_fd file = place_open(f->root, "/f", PLACE_FILE);

    assert_true(file >= 0);
    assert_int_equal(place_open(f->root, "/f", PLACE_DIR), -ENOTDIR);
    assert_int_equal(place_open(f->root, "/f/x", PLACE_FILE), -ENOTDIR);
    assert_int_equal(place_open(f->root, "f", PLACE_EXISTING) >= 0, 1);
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
    struct fixture *f = *state;
    auto_fd dir = -1, file = -1;

    assert_int_equal(mkdirat(f->root, "dir", 0755), 0);
    assert_int_equal(symlinkat("../out", f->root, "link"), 0);
    assert_int_equal(symlinkat("..", f->root, "dir/up"), 0);
    assert_int_equal(mkfifoat(f->root, "fifo", 0600), 0);
    assert_int_equal(mknodat(f->root, "dir/file", S_IFREG | 0600, 0), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(place_below(f->root, bad[i].path), bad[i].code);
    dir = place_below(f->root, "dir");
    assert_true(dir >= 0 && is_inside(f, dir, "/dir"));
    file = place_below(f->root, "dir/file");
    assert_true(file >= 0 && is_inside(f, file, "/dir/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_that_point_out_of_the_root_stay_inside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_absolute_link_means_the_new_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_parents_are_created, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_must_exist_is_not_created, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_not_a_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_is_below_its_directory_and_no_link_leads_to_it,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
