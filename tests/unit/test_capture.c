/* Log capture over real pipes: what is written is what is read back, once, across a kill at every
 * step that matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "logs/capture.h"
#include "logs/cursor.h"
#include "logs/rotation.h"

/* the pipes of one instance as init would hold them */
struct pipes {
    int source[2][2], staging[2][2];
};

struct room {
    char dir[64], path[128];
    sd_event *loop;
    struct pipes p;
};

static void open_pipes(struct pipes *p)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe2(p->source[i], O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(pipe2(p->staging[i], O_CLOEXEC | O_NONBLOCK), 0);
    }
}

static int set_up(void **state)
{
    struct room *r = calloc(1, sizeof *r);

    (void) snprintf(r->dir, sizeof r->dir, "/tmp/ipam-capture.XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    (void) snprintf(r->path, sizeof r->path, "%s/web.log", r->dir);
    assert_true(sd_event_new(&r->loop) >= 0);
    open_pipes(&r->p);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    struct room *r = *state;
    char command[128];

    sd_event_unref(r->loop);
    (void) snprintf(command, sizeof command, "%s", r->path);
    (void) unlink(command);
    for (unsigned i = 1; i < 3; i++) {
        (void) snprintf(command, sizeof command, "%.100s.%u.stdout", r->path, i);
        (void) unlink(command);
        (void) snprintf(command, sizeof command, "%.100s.%u.stderr", r->path, i);
        (void) unlink(command);
    }
    assert_int_equal(rmdir(r->dir), 0);
    free(r);
    return 0;
}

static void attach_as(struct room *r, struct capture_log *log, unsigned incarnation)
{
    int fds[CAPTURE_STREAM_FDS];
    struct err e = ERR_INIT;

    for (int i = 0; i < 2; i++) {
        fds[3 * i] = dup(r->p.source[i][0]);
        fds[3 * i + 1] = dup(r->p.staging[i][0]);
        fds[3 * i + 2] = dup(r->p.staging[i][1]);
    }
    assert_int_equal(capture_log_attach(log, "web", incarnation, fds, &e), 0);
}

static void attach(struct room *r, struct capture_log *log)
{
    attach_as(r, log, 1);
}

static struct capture_log *open_log(struct room *r)
{
    struct capture_log *log = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(capture_log_open(r->loop, r->path, &log, &e), 0);
    return log;
}

static void close_readers(struct room *r)
{
    for (int i = 0; i < 2; i++) {
        close(r->p.source[i][0]);
        close(r->p.staging[i][0]);
        close(r->p.staging[i][1]);
    }
}

static void close_writers(struct room *r)
{
    for (int i = 0; i < 2; i++)
        close(r->p.source[i][1]);
    close_readers(r);
}

static void pump(struct room *r)
{
    while (sd_event_run(r->loop, 0) > 0)
        ;
}

/* all `log` values of one stream joined: must be what the program wrote */
static char *read_back(struct room *r, const char *stream, size_t *records)
{
    char *joined = strdup(""), *text = NULL, *rest, *line;

    *records = 0;
    assert_int_equal(fsio_read(AT_FDCWD, r->path, 1 << 24, &text, NULL), 0);
    for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
        json_t *json = json_loads(line, 0, NULL);
        const char *piece, *name;
        char *more = NULL;

        assert_non_null(json);
        assert_int_equal(json_unpack(json, "{s:s,s:s}", "log", &piece, "stream", &name), 0);
        if (strcmp(name, stream) == 0) {
            assert_true(asprintf(&more, "%s%s", joined, piece) >= 0);
            free(joined);
            joined = more;
            ++*records;
        }
        json_decref(json);
    }
    free(text);
    return joined;
}

static void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
}

struct heard {
    char text[2][256]; /* of stdout, of stderr */
    int ends;
};

static void hear(void *owner, unsigned incarnation, const char *stream, const char *bytes,
                 size_t len)
{
    struct heard *h = owner;
    char *text = h->text[strcmp(stream, "stderr") == 0];

    assert_int_equal(incarnation, 1);
    if (len == 0)
        h->ends++;
    else
        (void) snprintf(text + strlen(text), sizeof h->text[0] - strlen(text), "%.*s|", (int) len,
                        bytes);
}

static void a_listener_hears_what_came_also_half_a_line_and_the_ends(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct heard h = { 0 };

    capture_log_on_output(log, hear, &h);
    attach(r, log);
    put(r->p.source[0][1], "one\nna");
    put(r->p.source[1][1], "warning\n");
    pump(r);
    assert_string_equal(h.text[0], "one\nna|");
    put(r->p.source[0][1], "me? ");
    pump(r);
    assert_string_equal(h.text[0], "one\nna|me? |");
    assert_string_equal(h.text[1], "warning\n|");
    assert_int_equal(h.ends, 0);
    close_writers(r);
    pump(r);
    assert_int_equal(h.ends, 2);
    capture_log_free(log);
}

static void lines_of_both_streams_arrive_and_the_last_one_needs_no_newline(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    size_t n;
    char *got;

    attach(r, log);
    put(r->p.source[0][1], "one\ntwo \"quoted\"\nthr");
    put(r->p.source[1][1], "warning\n");
    pump(r);
    put(r->p.source[0][1], "ee\nend");
    close_writers(r);
    pump(r);
    assert_false(capture_log_is_attached(log, 1));
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "one\ntwo \"quoted\"\nthree\nend\n");
    assert_int_equal(n, 4);
    free(got);
    got = read_back(r, "stderr", &n);
    assert_string_equal(got, "warning\n");
    free(got);
    capture_log_free(log);
}

static void a_long_line_comes_in_pieces_that_join_to_the_line(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    char *line = malloc(40001), *got;
    size_t n;

    memset(line, 'x', 40000);
    line[40000] = '\0';
    line[39999] = '\n';
    attach(r, log);
    put(r->p.source[0][1], line);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, line);
    assert_int_equal(n, 3);
    free(got);
    free(line);
    capture_log_free(log);
    close_writers(r);
}

static void bytes_that_are_no_text_become_replacement_characters(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    size_t n;
    char *got;

    attach(r, log);
    put(r->p.source[0][1], "a\xff"
                           "b\x01\xc3\xa4\xe2\x82\n");
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "a\xef\xbf\xbd"
                             "b\x01\xc3\xa4\xef\xbf\xbd\n");
    free(got);
    capture_log_free(log);
    close_writers(r);
}

static void a_half_line_waits_for_its_end_across_a_restart(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    size_t n;
    char *got;

    attach(r, log);
    put(r->p.source[0][1], "first\nsec");
    pump(r);
    capture_log_free(log); /* the supervisor is gone; the pipes are not */
    put(r->p.source[0][1], "ond\n");
    log = open_log(r);
    attach(r, log);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "first\nsecond\n");
    free(got);
    capture_log_free(log);
    close_writers(r);
}

/* the state a supervisor leaves that was killed after writing and before (or after) consuming */
static void leave_write_in_flight(struct room *r, bool consumed)
{
    struct err e = ERR_INIT;
    struct cursor *c = NULL;
    char path[160], text[] = "{\"log\":\"lost?\\n\",\"stream\":\"stdout\",\"time\":\"t\"}\n",
                    trash[64];
    int fd;

    put(r->p.staging[0][1], "lost?\n");
    (void) snprintf(path, sizeof path, "%s.1.stdout", r->path);
    assert_int_equal(cursor_open(path, &c, &e), 0);
    cursor_begin(c, 0, 6);
    c->tail_len[c->tail_after] = 0;
    fd = open(r->path, O_WRONLY | O_CREAT | O_APPEND, 0640);
    assert_true(fd >= 0);
    /* killed before consuming, the write itself may be torn */
    assert_int_equal(fsio_write_all(fd, text, consumed ? strlen(text) : 20), 0);
    close(fd);
    if (consumed)
        assert_int_equal(read(r->p.staging[0][0], trash, sizeof trash), 6);
    cursor_close(c);
}

static void after_a_kill_in_the_middle_every_line_is_there_exactly_once(void **state)
{
    struct room *r = *state;
    struct capture_log *log;
    size_t n;
    char *got;

    leave_write_in_flight(r, false);
    put(r->p.source[0][1], "next\n");
    log = open_log(r);
    attach(r, log);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "lost?\nnext\n");
    free(got);
    capture_log_free(log);
    close_writers(r);
}

static void after_a_kill_at_the_end_nothing_is_written_again(void **state)
{
    struct room *r = *state;
    struct capture_log *log;
    size_t n;
    char *got;

    leave_write_in_flight(r, true);
    put(r->p.source[0][1], "next\n");
    log = open_log(r);
    attach(r, log);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "lost?\nnext\n");
    free(got);
    capture_log_free(log);
    close_writers(r);
}

/* the machine stopped: the pipes are new, a line in the file is torn, and a cursor of then may say
 * that a write was under way; it may have been under way beyond what the disk has of the file */
static void after_power_failed_in_a_line_the_next_one_begins_after_it(void **state)
{
    static const char torn[] = "{\"log\":\"a\\n\"}\n{\"log\":\"b";
    struct room *r = *state;

    for (int in_flight = 0; in_flight < 2; in_flight++) {
        struct capture_log *log;
        auto_free char *text = NULL;
        char path[160];
        struct cursor *c = NULL;
        struct err e = ERR_INIT;
        struct room now = *r;

        assert_int_equal(fsio_write_atomic(AT_FDCWD, r->path, torn, strlen(torn), 0640), 0);
        (void) snprintf(path, sizeof path, "%s.1.stdout", r->path);
        assert_int_equal(cursor_open(path, &c, &e), 0);
        if (in_flight)
            cursor_begin(c, 4096, 6);
        cursor_close(c);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pipe2(now.p.source[i], O_CLOEXEC | O_NONBLOCK), 0);
            assert_int_equal(pipe2(now.p.staging[i], O_CLOEXEC | O_NONBLOCK), 0);
        }
        log = open_log(&now);
        capture_log_expect(log, 1);
        attach(&now, log);
        put(now.p.source[0][1], "next\n");
        pump(&now);
        assert_int_equal(fsio_read(AT_FDCWD, r->path, 4096, &text, NULL), 0);
        assert_non_null(strstr(text, "{\"log\":\"b\n{\"log\":\"next\\n\""));
        assert_int_equal(text[strlen(text) - 1], '\n');
        capture_log_free(log);
        close_writers(&now);
    }
    close_writers(r);
}

/* what a kill just before the cursor of an ended stream goes leaves: its other name keeps it */
static void end_stdout_keeping_its_cursor(struct room *r)
{
    auto_free char *cursor = NULL, *kept = NULL;

    assert_true(asprintf(&cursor, "%s.1.stdout", r->path) >= 0);
    assert_true(asprintf(&kept, "%s.kept", r->path) >= 0);
    assert_int_equal(link(cursor, kept), 0);
    close(r->p.source[0][1]);
    pump(r);
    assert_int_equal(rename(kept, cursor), 0);
}

static void close_all_but_stdout(struct room *r)
{
    close(r->p.source[1][1]);
    close_readers(r);
}

static void after_a_kill_at_the_end_of_a_stream_its_last_piece_is_there_once(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    size_t n;
    char *got;

    attach(r, log);
    put(r->p.source[0][1], "first\nend");
    pump(r);
    end_stdout_keeping_its_cursor(r);
    capture_log_free(log);
    log = open_log(r);
    attach(r, log);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "first\nend\n");
    free(got);
    close_all_but_stdout(r);
    pump(r);
    capture_log_free(log);
}

/* of a project that went down while its supervisor was killed; now there is one of that name again
 */
static void what_cursors_say_of_a_life_that_begins_now_is_of_another_one(void **state)
{
    static const unsigned lives[] = { 1, 2 };
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct err e = ERR_INIT;
    size_t n;
    char *got;

    attach(r, log);
    put(r->p.source[0][1], "before\n");
    pump(r);
    capture_log_free(log);
    for (size_t i = 0; i < ARRAY_LEN(lives); i++) {
        auto_free char *path = NULL;
        struct cursor *c = NULL;

        assert_true(asprintf(&path, "%s.%u.stdout", r->path, lives[i]) >= 0);
        assert_int_equal(cursor_open(path, &c, &e), 0);
        c->tail_len[c->tail_now] = 4;
        cursor_begin(c, 0, 0);
        cursor_close(c);
    }
    log = open_log(r);
    capture_log_expect(log, 1);
    put(r->p.source[0][1], "after\n");
    attach(r, log);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "before\nafter\n");
    free(got);
    capture_log_free(log);
    close_writers(r);
    capture_forget(r->path);
    for (size_t i = 0; i < ARRAY_LEN(lives); i++) {
        auto_free char *path = NULL;

        assert_true(asprintf(&path, "%s.%u.stdout", r->path, lives[i]) >= 0);
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void a_full_disk_does_not_take_back_the_last_piece_of_an_ended_stream(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct rlimit was = { 0 }, full = { 0 };
    struct stat st;
    size_t n;
    char *got;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void) signal(SIGXFSZ, SIG_IGN);
    attach(r, log);
    put(r->p.source[0][1], "first\nend");
    pump(r);
    close(r->p.source[0][1]);
    pump(r);
    assert_int_equal(stat(r->path, &st), 0);
    full = (struct rlimit){ .rlim_cur = (rlim_t) st.st_size, .rlim_max = was.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    put(r->p.source[1][1], "lost\n");
    pump(r);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(capture_log_lost(log), 1);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "first\nend\n");
    free(got);
    close_all_but_stdout(r);
    pump(r);
    capture_log_free(log);
}

static void remove_files(struct room *r)
{
    for (unsigned n = 0; n < 4; n++) {
        auto_free char *path = rotation_name(r->path, n);

        (void) unlink(path);
    }
}

static void a_file_that_is_long_enough_makes_room_and_the_oldest_goes(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    char text[64];
    size_t n;
    char *got;

    attach(r, log);
    capture_log_limit(log, &(struct log_spec){ .max_size = 300, .files = 3 });
    for (int i = 0; i < 40; i++) {
        (void) snprintf(text, sizeof text, "line %d\n", i);
        put(r->p.source[0][1], text);
        pump(r);
    }
    assert_int_equal(rotation_oldest(r->path), 2);
    got = read_back(r, "stdout", &n);
    assert_true(n < 3); /* the last ones; 300 bytes are no three records */
    free(got);
    /* a kill between two renames leaves a gap; the next time goes on from there */
    (void) snprintf(text, sizeof text, "%.50s.1", r->path);
    assert_int_equal(unlink(text), 0);
    for (int i = 0; i < 9; i++)
        put(r->p.source[0][1], "more of the same\n");
    pump(r);
    assert_int_equal(access(text, F_OK), 0);
    assert_int_equal(capture_log_lost(log), 0);
    /* fewer than before: the others go too */
    capture_log_limit(log, &(struct log_spec){ .max_size = 300, .files = 2 });
    for (int i = 0; i < 9; i++) {
        put(r->p.source[0][1], "more of the same\n");
        pump(r);
    }
    assert_int_equal(rotation_oldest(r->path), 1);
    close_writers(r);
    pump(r);
    capture_log_free(log);
    remove_files(r);
}

static void lines_a_full_disk_has_no_room_for_are_counted_and_the_log_tells(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct rlimit none = { 0 }, was = { 0 };
    size_t n;
    char *got;

    /* a file that may not grow any more stands for a disk that is full */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void) signal(SIGXFSZ, SIG_IGN);
    attach(r, log);
    put(r->p.source[0][1], "before\n");
    pump(r);
    none = (struct rlimit){ .rlim_cur = 120, .rlim_max = was.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    put(r->p.source[0][1], "lost one\nlost two\n");
    pump(r);
    put(r->p.source[0][1], "lost three\n");
    pump(r);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(capture_log_lost(log), 3);
    put(r->p.source[0][1], "after\n");
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got,
                        "before\nipam-orch: 3 lines are missing here: the disk was full\nafter\n");
    free(got);
    close_writers(r);
    pump(r);
    capture_log_free(log);
}

static void what_is_missing_is_told_though_the_supervisor_was_killed_meanwhile(void **state)
{
    const struct log_spec none_left = { .files = 1, .reserve = UINT64_MAX }, room = { .files = 1 };
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    size_t n;
    char *got;

    capture_log_limit(log, &none_left);
    attach(r, log);
    put(r->p.source[0][1], "one\ntwo\n");
    put(r->p.source[1][1], "warning\n");
    pump(r);
    capture_log_free(log);
    log = open_log(r);
    capture_log_limit(log, &none_left);
    attach(r, log);
    put(r->p.source[0][1], "three\n");
    pump(r);
    /* a stream that ends without room leaves its count to the others */
    close(r->p.source[1][1]);
    pump(r);
    capture_log_limit(log, &room);
    put(r->p.source[0][1], "after\n");
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_string_equal(got, "ipam-orch: 4 lines are missing here: the disk was full\nafter\n");
    free(got);
    close(r->p.source[0][1]);
    close_readers(r);
    pump(r);
    capture_log_free(log);
}

static void without_room_for_another_file_nothing_moves_and_the_present_one_grows(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct rlimit was = { 0 }, none = { 0 };
    auto_free char *first = rotation_name(r->path, 1);
    size_t n;
    char *got;

    attach(r, log);
    capture_log_limit(log, &(struct log_spec){ .max_size = 300, .files = 2 });
    for (int i = 0; i < 4; i++)
        put(r->p.source[0][1], "of the first file\n");
    pump(r);
    assert_int_equal(access(first, F_OK), 0);
    /* no more descriptors stand for no more files */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = (struct rlimit){ .rlim_cur = 0, .rlim_max = was.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 9; i++) {
        put(r->p.source[0][1], "more\n");
        pump(r);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    got = read_back(r, "stdout", &n);
    assert_int_equal(n, 9);
    free(got);
    put(r->p.source[0][1], "the end\n");
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_int_equal(n, 0);
    free(got);
    assert_int_equal(capture_log_lost(log), 0);
    close_writers(r);
    pump(r);
    capture_log_free(log);
    remove_files(r);
}

static void a_piece_without_an_end_does_not_make_a_full_disk_look_empty(void **state)
{
    const struct log_spec none_left = { .files = 1, .reserve = UINT64_MAX };
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct stat st;

    capture_log_limit(log, &none_left);
    attach(r, log);
    put(r->p.source[0][1], "half");
    pump(r);
    assert_int_equal(capture_log_lost(log), 0);
    put(r->p.source[0][1], " of one\nanother\n");
    pump(r);
    assert_int_equal(capture_log_lost(log), 2);
    assert_int_equal(stat(r->path, &st), 0);
    assert_int_equal(st.st_size, 0);
    close_writers(r);
    pump(r);
    capture_log_free(log);
}

static void a_silent_log_takes_everything_and_keeps_nothing(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    size_t n;
    char *got;

    attach(r, log);
    capture_log_limit(log, &(struct log_spec){ .silent = true });
    put(r->p.source[0][1], "whole\nand the rest");
    pump(r);
    close_writers(r);
    pump(r);
    got = read_back(r, "stdout", &n);
    assert_int_equal(n, 0);
    assert_int_equal(capture_log_lost(log), 0);
    free(got);
    capture_log_free(log);
}

static void count(void *owner)
{
    ++*(unsigned *) owner;
}

static void a_line_that_is_waited_for_is_told_once_also_to_the_next_supervisor(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct err e = ERR_INIT;
    unsigned told = 0;

    assert_true(capture_log_await(log, 1, "(", count, &told, &e) < 0);
    assert_int_equal(capture_log_await(log, 2, "^rea?dy( |$)", count, &told, &e), 0);
    attach(r, log);
    put(r->p.source[0][1], "ready\n");
    pump(r);
    assert_int_equal(told, 0); /* that was another life */
    assert_int_equal(capture_log_await(log, 1, "^rea?dy( |$)", count, &told, &e), 0);
    put(r->p.source[0][1], "almost ready\nre");
    put(r->p.source[1][1], "unready\nreadying\n");
    pump(r);
    assert_int_equal(told, 0);
    capture_log_free(log);
    log = open_log(r);
    assert_int_equal(capture_log_await(log, 1, "^rea?dy( |$)", count, &told, &e), 0);
    attach(r, log);
    capture_log_limit(log, &(struct log_spec){ .silent = true });
    put(r->p.source[0][1], "ady at last\nready\n");
    pump(r);
    assert_int_equal(told, 1);
    assert_int_equal(capture_log_await(log, 1, "^rea?dy( |$)", count, &told, &e), 0);
    put(r->p.source[0][1], "ready\n");
    pump(r);
    assert_int_equal(told, 1);
    capture_log_free(log);
    log = open_log(r);
    attach(r, log);
    assert_int_equal(capture_log_await(log, 1, "^rea?dy( |$)", count, &told, &e), 0);
    pump(r);
    assert_int_equal(told, 2);
    capture_log_free(log);
    close_writers(r);
}

static void a_last_piece_without_a_newline_is_looked_at_too(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    struct err e = ERR_INIT;
    unsigned told = 0;

    assert_int_equal(capture_log_await(log, 1, "ready$", count, &told, &e), 0);
    attach(r, log);
    put(r->p.source[0][1], "now ready");
    pump(r);
    assert_int_equal(told, 0);
    close_writers(r);
    pump(r);
    assert_int_equal(told, 1);
    capture_log_free(log);
}

static void count_drained(void *owner)
{
    ++*(unsigned *) owner;
}

/* what is replaced and what replaces it have one log: nobody may wait for the end of both */
static void the_end_of_one_incarnation_is_told_while_another_goes_on(void **state)
{
    struct room *r = *state;
    struct capture_log *log = open_log(r);
    unsigned drained = 0;
    struct pipes first = r->p;

    capture_log_on_drained(log, count_drained, &drained);
    attach_as(r, log, 1);
    open_pipes(&r->p);
    attach_as(r, log, 2);
    for (int i = 0; i < 2; i++)
        close(first.source[i][1]);
    pump(r);
    assert_int_equal(drained, 1);
    assert_false(capture_log_is_attached(log, 1));
    assert_true(capture_log_is_attached(log, 2));
    close_writers(r);
    pump(r);
    assert_int_equal(drained, 2);
    r->p = first;
    close_readers(r);
    capture_log_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_ROOM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        WITH_ROOM(a_listener_hears_what_came_also_half_a_line_and_the_ends),
        WITH_ROOM(lines_of_both_streams_arrive_and_the_last_one_needs_no_newline),
        WITH_ROOM(a_long_line_comes_in_pieces_that_join_to_the_line),
        WITH_ROOM(bytes_that_are_no_text_become_replacement_characters),
        WITH_ROOM(a_half_line_waits_for_its_end_across_a_restart),
        WITH_ROOM(after_a_kill_in_the_middle_every_line_is_there_exactly_once),
        WITH_ROOM(after_a_kill_at_the_end_nothing_is_written_again),
        WITH_ROOM(after_power_failed_in_a_line_the_next_one_begins_after_it),
        WITH_ROOM(after_a_kill_at_the_end_of_a_stream_its_last_piece_is_there_once),
        WITH_ROOM(what_cursors_say_of_a_life_that_begins_now_is_of_another_one),
        WITH_ROOM(a_full_disk_does_not_take_back_the_last_piece_of_an_ended_stream),
        WITH_ROOM(a_file_that_is_long_enough_makes_room_and_the_oldest_goes),
        WITH_ROOM(lines_a_full_disk_has_no_room_for_are_counted_and_the_log_tells),
        WITH_ROOM(what_is_missing_is_told_though_the_supervisor_was_killed_meanwhile),
        WITH_ROOM(without_room_for_another_file_nothing_moves_and_the_present_one_grows),
        WITH_ROOM(a_piece_without_an_end_does_not_make_a_full_disk_look_empty),
        WITH_ROOM(a_silent_log_takes_everything_and_keeps_nothing),
        WITH_ROOM(a_line_that_is_waited_for_is_told_once_also_to_the_next_supervisor),
        WITH_ROOM(a_last_piece_without_a_newline_is_looked_at_too),
        WITH_ROOM(the_end_of_one_incarnation_is_told_while_another_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
