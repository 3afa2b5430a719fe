/* Rotated files that are compressed: the same lines for whoever reads, also while it happens, and
 * nothing of them when the one who does it is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "logs/line_reader.h"
#include "logs/pack.h"
#include "logs/rotation.h"
#include "units/pack.h"

struct place {
    char dir[64], path[80];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    (void) snprintf(p->dir, sizeof p->dir, "/tmp/ipam-pack.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void) snprintf(p->path, sizeof p->path, "%s/web.log", p->dir);
    assert_int_equal(setenv("IPAM_ORCH_LIB_DIR", getenv("IPAM_ORCH_BUILD"), 1), 0);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    assert_true(fsio_remove_files(p->dir, "") >= 0);
    (void) rmdir(p->dir);
    free(p);
    return 0;
}

static void append(const struct place *p, int first, int last)
{
    auto_file f = fopen(p->path, "ae");

    assert_non_null(f);
    for (int n = first; n <= last; n++)
        fprintf(f, "line %d\n", n);
}

static bool is_there(char *name)
{
    auto_free char *path = name;

    return access(path, F_OK) == 0;
}

/* as the worker and the supervisor do it together */
static void compress(const struct place *p, unsigned n, bool whole)
{
    auto_free char *name = rotation_name(p->path, n), *packed = rotation_packed_name(p->path, n);
    auto_fd in = open(name, O_RDONLY | O_CLOEXEC);
    auto_fd out = open(packed, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    auto_free char *comment = rotation_comment(in);

    assert_int_equal(pack_file(in, out, comment), 0);
    if (whole)
        assert_int_equal(unlink(name), 0);
}

static void expect(struct line_reader *r, int first, int last)
{
    char text[32];

    for (int n = first; n <= last; n++) {
        const char *line = line_reader_next(r);

        (void) snprintf(text, sizeof text, "line %d\n", n);
        assert_non_null(line);
        assert_string_equal(line, text);
    }
}

static void expect_end(struct line_reader *r)
{
    assert_null(line_reader_next(r));
}

static void rotate(const struct place *p, unsigned files)
{
    assert_int_equal(rotation_shift(p->path, files), 0);
}

static void three_pages(const struct place *p)
{
    append(p, 1, 9000);
    rotate(p, 9);
    append(p, 9001, 18000);
    rotate(p, 9);
    append(p, 18001, 18010);
}

static void compressed_files_are_read_like_the_others(void **state)
{
    static const int tails[] = { 5, 10, 11, 9010, 9011, 12345, 18010, 99999 };
    const struct place *p = *state;
    struct line_reader *r;

    three_pages(p);
    compress(p, 2, true);
    compress(p, 1, true);
    r = line_reader_new(p->path);
    expect(r, 1, 18010);
    expect_end(r);
    append(p, 18011, 18012);
    expect(r, 18011, 18012);
    line_reader_free(r);
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        r = line_reader_new(p->path);
        line_reader_tail(r, (size_t) tails[i]);
        expect(r, tails[i] < 18012 ? 18012 - tails[i] + 1 : 1, 18012);
        line_reader_free(r);
    }
}

static void who_reads_a_file_while_it_is_compressed_goes_on_with_the_next(void **state)
{
    const struct place *p = *state;
    struct line_reader *r = line_reader_new(p->path);

    three_pages(p);
    expect(r, 1, 500);
    compress(p, 2, true);
    expect(r, 501, 9000);
    compress(p, 1, true);
    expect(r, 9001, 9500);
    /* both numbers grow, and what is read now was opened compressed */
    rotate(p, 9);
    append(p, 18011, 18020);
    compress(p, 1, true);
    expect(r, 9501, 18015);
    rotate(p, 9);
    append(p, 18021, 18021);
    expect(r, 18016, 18021);
    expect_end(r);
    line_reader_free(r);
}

static void who_follows_the_last_file_finds_the_next_when_it_is_compressed_meanwhile(void **state)
{
    const struct place *p = *state;
    struct line_reader *r = line_reader_new(p->path);

    append(p, 1, 10);
    expect(r, 1, 10);
    expect_end(r);
    append(p, 11, 12);
    rotate(p, 9);
    compress(p, 1, true);
    append(p, 13, 14);
    rotate(p, 9);
    compress(p, 1, true);
    append(p, 15, 15);
    expect(r, 11, 15);
    expect_end(r);
    line_reader_free(r);
}

static void a_kill_before_the_source_has_gone_doubles_nothing(void **state)
{
    const struct place *p = *state;
    struct line_reader *r;

    three_pages(p);
    compress(p, 2, false);
    r = line_reader_new(p->path);
    expect(r, 1, 18010);
    expect_end(r);
    line_reader_free(r);
    rotate(p, 9);
    assert_false(is_there(rotation_name(p->path, 3)));
    assert_false(is_there(rotation_packed_name(p->path, 2)));
    r = line_reader_new(p->path);
    expect(r, 1, 18010);
    line_reader_free(r);
}

static void the_oldest_goes_in_whichever_form_it_is(void **state)
{
    const struct place *p = *state;
    struct line_reader *r;

    three_pages(p);
    compress(p, 2, true);
    rotate(p, 3);
    append(p, 18011, 18011);
    assert_int_equal(rotation_oldest(p->path), 2);
    assert_false(is_there(rotation_packed_name(p->path, 2)));
    compress(p, 1, true);
    rotate(p, 3); /* a compressed one in the place of one that is not */
    assert_false(is_there(rotation_name(p->path, 2)));
    append(p, 18012, 18012);
    r = line_reader_new(p->path);
    expect(r, 18001, 18012);
    line_reader_free(r);
    rotate(p, 1); /* fewer are kept */
    assert_int_equal(rotation_oldest(p->path), 0);
}

static void the_child_compresses_all_there_is_and_leaves_no_other_file(void **state)
{
    const struct place *p = *state;
    struct pack *pack;
    struct line_reader *r;
    sd_event *loop = NULL;
    struct stat plain, packed;
    auto_free char *first = rotation_name(p->path, 1), *after = rotation_packed_name(p->path, 1);

    three_pages(p);
    assert_int_equal(stat(first, &plain), 0);
    assert_true(sd_event_new(&loop) >= 0);
    pack = pack_new(loop, p->path);
    pack_start(pack);
    pack_start(pack); /* there is one at work */
    while (access(after, F_OK) < 0)
        assert_true(sd_event_run(loop, UINT64_MAX) >= 0);
    assert_int_equal(stat(after, &packed), 0);
    assert_true(packed.st_size < plain.st_size / 3);
    assert_int_equal(packed.st_mtim.tv_nsec, plain.st_mtim.tv_nsec);
    assert_false(is_there(rotation_name(p->path, 1)));
    assert_false(is_there(rotation_name(p->path, 2)));
    r = line_reader_new(p->path);
    expect(r, 1, 18010);
    line_reader_free(r);
    /* one whose end nobody waits for leaves nothing */
    rotate(p, 9);
    pack_start(pack);
    pack_free(pack);
    assert_true(is_there(rotation_name(p->path, 1)));
    assert_false(is_there(rotation_packed_name(p->path, 1)));
    sd_event_unref(loop);
    assert_int_equal(fsio_remove_files(p->dir, ""), 0);
    assert_int_equal(rmdir(p->dir), 0); /* it is empty: there was nothing but those */
}

static void only_a_header_of_ours_names_a_source(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t inode;
    } cases[] = {
        { "", 0, 0 },
        { "\x1f\x8b\x08\x10", 4, 0 },
        { "\x1f\x8b\x08\x10\0\0\0\0\0\x03inode 77\0rest", 23, 77 },
        { "\x1f\x8b\x08\x10\0\0\0\0\0\x03inode \0", 17, 0 },
        { "\x1f\x8b\x08\x10\0\0\0\0\0\x03inode 7x\0", 19, 0 },
        { "\x1f\x8b\x08\x18\0\0\0\0\0\x03inode 77\0", 19, 0 },
    };
    const struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(fsio_write_volatile(AT_FDCWD, p->path, cases[i].bytes, cases[i].len, 0600),
                         0);
        assert_int_equal(rotation_source(p->path), cases[i].inode);
    }
}

int main(void)
{
#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PLACED(compressed_files_are_read_like_the_others),
        PLACED(who_reads_a_file_while_it_is_compressed_goes_on_with_the_next),
        PLACED(who_follows_the_last_file_finds_the_next_when_it_is_compressed_meanwhile),
        PLACED(a_kill_before_the_source_has_gone_doubles_nothing),
        PLACED(the_oldest_goes_in_whichever_form_it_is),
        PLACED(the_child_compresses_all_there_is_and_leaves_no_other_file),
        PLACED(only_a_header_of_ours_names_a_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
