#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "cli/unpack.h"
#include "tests/fakes/fake_dir.h"

enum { BLOCK = 512 };

struct item {
    const char *name, *content, *link;
    char type;
    unsigned mode;
    const char *size; /* instead of that of the content */
};

static void put(FILE *f, const struct item *i)
{
    char block[BLOCK] = "";
    unsigned sum = 0;
    size_t len = i->content ? strlen(i->content) : 0;

    (void) strncpy(block, i->name, 100);
    (void) snprintf(block + 100, 8, "%07o", i->mode);
    (void) snprintf(block + 108, 8, "%07o", 1u);
    (void) snprintf(block + 116, 8, "%07o", 1u);
    (void) snprintf(block + 124, 12, "%011o", (unsigned) len);
    if (i->size)
        memcpy(block + 124, i->size, 12);
    (void) snprintf(block + 136, 12, "%011o", 512u);
    block[156] = i->type;
    if (i->link)
        (void) strncpy(block + 157, i->link, 100);
    memcpy(block + 257, "ustar  ", 8);
    memset(block + 148, ' ', 8);
    for (size_t b = 0; b < BLOCK; b++)
        sum += (unsigned char) block[b];
    (void) snprintf(block + 148, 8, "%06o", sum);
    (void) fwrite(block, 1, BLOCK, f);
    memset(block, 0, BLOCK);
    if (len > 0) {
        (void) fwrite(i->content, 1, len, f);
        (void) fwrite(block, 1, (BLOCK - len % BLOCK) % BLOCK, f);
    }
}

static int unpack(struct fake_dir *f, const struct item *items, size_t n, const char *top,
                  struct err *e)
{
    auto_file archive = tmpfile();
    char zeros[2 * BLOCK] = "";
    struct unpack u = { .from = archive, .dir = f->in, .top = top };

    for (size_t i = 0; i < n; i++)
        put(archive, &items[i]);
    (void) fwrite(zeros, 1, sizeof zeros, archive);
    rewind(archive);
    return unpack_run(&u, e);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const bad[] = { "..",   "../out/x", "/etc/x", "a/../../out/x",
                                       "a/..", "a/b/../x" };
    struct fake_dir *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;

        assert_int_equal(
            unpack(f, &(struct item){ .name = bad[i], .content = "x", .type = '0' }, 1, "t", &e),
            -EPERM);
        assert_non_null(strstr(e.msg, "elsewhere"));
    }
}

static void no_symbolic_link_is_gone_through_whoever_made_it(void **state)
{
    static const struct item own[] = { { .name = "a", .type = '5', .mode = 0755 },
                                       { .name = "a/l", .type = '2', .link = "../../out" },
                                       { .name = "a/l/x", .type = '0', .content = "x" } };
    static const struct item there[] = { { .name = "a/old/x", .type = '0', .content = "x" } };
    struct fake_dir *f = *state;
    struct err e = ERR_INIT;

    assert_int_equal(unpack(f, own, ARRAY_LEN(own), "t", &e), -ELOOP);
    assert_int_equal(symlinkat("../out", f->in, "old"), 0);
    assert_int_equal(unpack(f, there, ARRAY_LEN(there), "", &e), -ELOOP);
    /* a link in the place of a file is replaced, not written through */
    assert_int_equal(symlinkat("../out/file", f->in, "file"), 0);
    assert_int_equal(
        unpack(f, &(struct item){ .name = "a", .content = "x", .type = '0' }, 1, "file", &e), 0);
}

static void devices_fifos_and_hard_links_are_left_out(void **state)
{
    static const char types[] = "13467xgZ";
    struct fake_dir *f = *state;
    struct stat st;

    for (const char *t = types; *t; t++) {
        struct item i = { .name = "a", .type = *t, .link = "/etc/shadow", .mode = 0666 };

        assert_int_equal(unpack(f, &i, 1, "t", NULL), -ENOENT);
        assert_int_equal(fstatat(f->in, "t", &st, AT_SYMLINK_NOFOLLOW), -1);
    }
}

static void set_id_bits_are_never_set(void **state)
{
    static const struct item items[] = {
        { .name = "a", .type = '5', .mode = 07777 },
        { .name = "a/x", .type = '0', .mode = 06755, .content = "x" }
    };
    struct fake_dir *f = *state;
    struct stat st;

    assert_int_equal(unpack(f, items, ARRAY_LEN(items), "t", NULL), 0);
    assert_int_equal(fstatat(f->in, "t", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(fstatat(f->in, "t/x", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(st.st_size, 1);
    assert_int_equal(st.st_mtime, 512);
}

static void numbers_and_sizes_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *size;
        int code;
    } bad[] = { { "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", -ENOSPC },
                { "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", -EBADMSG },
                { "\x80\x01\0\0\0\0\0\0\0\0\0\x01", -EBADMSG },
                { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", -EBADMSG },
                { "12x45678901", -EBADMSG } };
    struct fake_dir *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct item item = { .name = "a", .type = '0', .size = bad[i].size };

        assert_int_equal(unpack(f, &item, 1, "t", NULL), bad[i].code);
    }
}

static void an_archive_that_ends_early_or_is_none_is_an_error(void **state)
{
    struct fake_dir *f = *state;
    auto_file archive = tmpfile();
    struct unpack u = { .from = archive, .dir = f->in, .top = "t" };

    assert_int_equal(unpack_run(&u, NULL), -EPIPE);
    put(archive, &(struct item){ .name = "a", .type = '0', .content = "content" });
    for (long cut = 1; cut < 2 * BLOCK; cut += 300) {
        assert_int_equal(ftruncate(fileno(archive), 2 * BLOCK - cut), 0);
        rewind(archive);
        assert_int_equal(unpack_run(&u, NULL), -EPIPE);
    }
    assert_int_equal(ftruncate(fileno(archive), 2 * BLOCK), 0);
    rewind(archive);
    (void) fwrite("x", 1, 1, archive);
    rewind(archive);
    assert_int_equal(unpack_run(&u, NULL), -EBADMSG);
}

static void
a_name_longer_than_a_header_comes_before_it_and_a_longer_one_than_a_path_is_refused(void **state)
{
    struct fake_dir *f = *state;
    char name[301] = "", huge[5001] = "";
    struct item items[] = { { .name = "././@LongLink", .type = 'L', .content = name },
                            { .name = "cut", .type = '0', .content = "x" } };
    struct stat st;

    memset(huge, 'h', 5000);
    memset(name, 'n', 300);
    name[100] = name[200] = '/';
    items[0].content = huge;
    assert_int_equal(unpack(f, items, 2, "t", NULL), -ENAMETOOLONG);
    items[0].content = name;
    /* its directories do not come with it here */
    assert_int_equal(unpack(f, items, 2, "t", NULL), -ENOENT);
    name[200] = 'n';
    assert_int_equal(unpack(f, items, 2, "", NULL), 0);
    assert_int_equal(fstatat(f->in, name + 101, &st, 0), 0);
}

static void the_first_part_of_a_name_becomes_what_is_wanted(void **state)
{
    static const struct item items[] = { { .name = "./", .type = '5', .mode = 0755 },
                                         { .name = "./d/", .type = '5', .mode = 0755 },
                                         { .name = "./d/x", .type = '0', .content = "x" } };
    struct fake_dir *f = *state;
    struct err e = ERR_INIT;
    struct stat st;

    assert_int_equal(unpack(f, items, ARRAY_LEN(items), "", &e), 0);
    assert_int_equal(fstatat(f->in, "d/x", &st, 0), 0);
    assert_int_equal(unpack(f, items, ARRAY_LEN(items), "new", &e), 0);
    assert_int_equal(fstatat(f->in, "new/d/x", &st, 0), 0);
    assert_int_equal(unpack(f, items + 2, 1, "other", &e), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PLACED(f) cmocka_unit_test_setup_teardown(f, fake_dir_set_up, fake_dir_tear_down)
        PLACED(names_that_lead_elsewhere_are_refused),
        PLACED(no_symbolic_link_is_gone_through_whoever_made_it),
        PLACED(devices_fifos_and_hard_links_are_left_out),
        PLACED(set_id_bits_are_never_set),
        PLACED(numbers_and_sizes_that_cannot_be_are_refused),
        PLACED(an_archive_that_ends_early_or_is_none_is_an_error),
        PLACED(a_name_longer_than_a_header_comes_before_it_and_a_longer_one_than_a_path_is_refused),
        PLACED(the_first_part_of_a_name_becomes_what_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
