/* Log files: what was written is read back, whole records only, from the place asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/log_reader.h"
#include "logs/sink_json.h"

struct place {
    char dir[64], project[80], file[96];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    (void) snprintf(p->dir, sizeof p->dir, "/tmp/ipam-logs.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void) snprintf(p->project, sizeof p->project, "%s/p", p->dir);
    (void) snprintf(p->file, sizeof p->file, "%s/web.log", p->project);
    assert_int_equal(mkdir(p->project, 0700), 0);
    assert_int_equal(setenv("IPAM_ORCH_LOG_DIR", p->dir, 1), 0);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    (void) unlink(p->file);
    assert_int_equal(rmdir(p->project), 0);
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
    return 0;
}

static void append(const struct place *p, const void *bytes, size_t len)
{
    auto_file f = fopen(p->file, "ae");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
}

static void append_record(const struct place *p, const char *text, size_t len, bool whole)
{
    struct sink_json_record r = { .text = text,
                                  .len = len,
                                  .whole = whole,
                                  .stream = "stdout",
                                  .service = "web",
                                  .incarnation = 3,
                                  .wall_us = 1 };
    auto_free char *line = malloc(sink_json_room(&r));
    size_t n = sink_json_format(&r, line);

    assert_true(n <= sink_json_room(&r));
    append(p, line, n);
}

static void append_numbers(const struct place *p, int first, int last)
{
    for (int n = first; n <= last; n++) {
        char text[32];
        int len = snprintf(text, sizeof text, "line %d", n);

        append_record(p, text, (size_t) len, true);
    }
}

static void a_file_that_is_not_there_yet_is_looked_for_again(void **state)
{
    struct log_reader *r = log_reader_new("p", "web");
    const struct log_line *line = NULL;

    assert_int_equal(log_reader_next(r, &line), -EAGAIN);
    log_reader_tail(r, 5);
    append_numbers(*state, 1, 1);
    assert_int_equal(log_reader_next(r, &line), 0);
    assert_string_equal(line->text, "line 1\n");
    assert_int_equal(log_reader_next(r, &line), -EAGAIN);
    log_reader_free(r);
}

static void a_record_that_is_being_written_is_read_when_it_is_whole(void **state)
{
    static const char half[] = "{\"log\":\"late\\n\",\"stream\":\"stderr\",";
    static const char rest[] = "\"time\":\"t\"}\n";
    struct log_reader *r = log_reader_new("p", "web");
    const struct log_line *line = NULL;

    append(*state, half, sizeof half - 1);
    assert_int_equal(log_reader_next(r, &line), -EAGAIN);
    append(*state, rest, sizeof rest - 1);
    assert_int_equal(log_reader_next(r, &line), 0);
    assert_string_equal(line->text, "late\n");
    assert_string_equal(line->stream, "stderr");
    log_reader_free(r);
}

static void what_is_no_record_is_stepped_over(void **state)
{
    static const char junk[] = "not json\n[1]\n\n";
    struct log_reader *r = log_reader_new("p", "web");
    const struct log_line *line = NULL;

    append(*state, junk, sizeof junk - 1);
    append_numbers(*state, 7, 7);
    do {
        assert_int_equal(log_reader_next(r, &line), 0);
    } while (line->text[0] == '\0');
    assert_string_equal(line->text, "line 7\n");
    log_reader_free(r);
}

static void the_tail_begins_where_it_was_asked_to(void **state)
{
    static const struct {
        size_t lines;
        const char *first;
    } cases[] = {
        { 0, NULL },          { 1, "line 5000\n" }, { 3, "line 4998\n" },
        { 4999, "line 2\n" }, { 5000, "line 1\n" }, { 90000, "line 1\n" },
    };

    /* more than one block of the backward search */
    append_numbers(*state, 1, 5000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log_reader *r = log_reader_new("p", "web");
        const struct log_line *line = NULL;

        log_reader_tail(r, cases[i].lines);
        assert_int_equal(log_reader_next(r, &line), cases[i].first ? 0 : -EAGAIN);
        if (cases[i].first)
            assert_string_equal(line->text, cases[i].first);
        log_reader_free(r);
    }
}

static void any_bytes_come_back_as_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool whole;
        const char *text;
    } cases[] = {
        { "", 0, true, "\n" },
        { "a piece", 7, false, "a piece" },
        { "tab\tquote\"back\\slash", 20, true, "tab\tquote\"back\\slash\n" },
        { "\x1b[31mred", 8, true, "\x1b[31mred\n" },
        { "\xe4\xb8\xad\xe6\x96\x87", 6, true, "\xe4\xb8\xad\xe6\x96\x87\n" },
        { "bad \xff\xfe", 6, true, "bad \xef\xbf\xbd\xef\xbf\xbd\n" },
        { "cut \xe4\xb8", 6, true, "cut \xef\xbf\xbd\n" },
    };
    struct log_reader *r = log_reader_new("p", "web");
    const struct log_line *line = NULL;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        append_record(*state, cases[i].bytes, cases[i].len, cases[i].whole);
        assert_int_equal(log_reader_next(r, &line), 0);
        assert_string_equal(line->text, cases[i].text);
        assert_string_equal(line->time, "1970-01-01T00:00:00.000001Z");
        assert_int_equal(line->incarnation, 3);
    }
    log_reader_free(r);
}

int main(void)
{
#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PLACED(a_file_that_is_not_there_yet_is_looked_for_again),
        PLACED(a_record_that_is_being_written_is_read_when_it_is_whole),
        PLACED(what_is_no_record_is_stepped_over),
        PLACED(the_tail_begins_where_it_was_asked_to),
        PLACED(any_bytes_come_back_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
