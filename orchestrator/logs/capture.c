#include "logs/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "logs/awaited.h"
#include "logs/cursor.h"
#include "logs/log_file.h"
#include "logs/sink_json.h"

/* one wake-up moves at most this much of one stream, so that no service starves the others */
enum { CHUNK = 256 * 1024, OUT_ROOM = 1024 * 1024, SCRATCH_PIPE = 1024 * 1024 };

struct stream {
    struct capture_log *log;
    char *service, *cursor_path;
    unsigned incarnation;
    const char *name; /* stdout or stderr */
    int source, staging_rd, staging_wr;
    struct cursor *cursor;
    sd_event_source *event;
    struct stream *next, *prev;
};

struct capture_log {
    sd_event *loop;
    struct log_file file;
    bool held; /* a write of `held_for` may be half done: nobody may write before it is known */
    unsigned held_for; /* incarnation */
    bool mended;       /* whoever wrote last has left whole lines */
    unsigned coming;   /* incarnation: nothing can be known of it, or of a later one */
    uint64_t lost;     /* lines that could not be written */
    uint64_t unsaid;   /* of these, those of ended streams that the log does not tell of yet */
    struct stream *streams;
    struct awaited awaited;
    void (*drained)(void *owner);
    void *owner;
    capture_listener *heard;
    void *listener;
    void (*rotated)(void *owner);
    void *rotated_owner;
    void (*written)(void *owner);
    void *written_owner;
};

/* Work room for one chunk, shared by all logs: the loop handles one stream at a time. */
static struct {
    int scratch[2]; /* a private pipe to look at staging through */
    size_t out_used;
    int failed;                      /* a write since the last flush */
    char in[LIMIT_LOG_LINE + CHUNK]; /* a tail and a chunk */
    char out[OUT_ROOM];
} room = { .scratch = { -1, -1 } };

static int unread_bytes(int pipe)
{
    int n = 0;

    return ioctl(pipe, FIONREAD, &n) < 0 ? 0 : n;
}

static void stream_free(struct stream *s)
{
    DL_DELETE(s->log->streams, s);
    sd_event_source_disable_unref(s->event);
    cursor_close(s->cursor);
    if (s->source >= 0)
        close(s->source);
    if (s->staging_rd >= 0)
        close(s->staging_rd);
    if (s->staging_wr >= 0)
        close(s->staging_wr);
    free(s->service);
    free(s->cursor_path);
    free(s);
}

static int flush_out(struct capture_log *log)
{
    int r = room.failed < 0 ? room.failed : fsio_write_all(log->file.fd, room.out, room.out_used);

    room.out_used = 0;
    room.failed = 0;
    return r;
}

static int emit(struct stream *s, const char *text, size_t len, bool whole)
{
    struct capture_log *log = s->log;
    struct sink_json_record record = { .text = text,
                                       .len = len,
                                       .whole = whole,
                                       .stream = s->name,
                                       .service = s->service,
                                       .incarnation = s->incarnation,
                                       .wall_us = clock_wall_us() };

    if (sink_json_room(&record) > sizeof room.out - room.out_used) {
        int r = flush_out(log);
        if (r < 0)
            return r;
    }
    room.out_used += sink_json_format(&record, room.out + room.out_used);
    return 0;
}

/* Noted before the line counts as taken: who is killed in between looks at it again. */
static void look(struct stream *s, const char *text, size_t len)
{
    if (!awaited_is(&s->log->awaited, s->incarnation, text, len))
        return;
    s->cursor->awaited = 1;
    awaited_end(&s->log->awaited, s->log->loop);
}

/* a line that is not `kept` is only counted */
static void put(struct stream *s, const char *text, size_t len, bool whole, bool kept)
{
    look(s, text, len);
    if (kept && room.failed == 0)
        room.failed = emit(s, text, len, whole);
}

/* Puts every complete line of `in` out, if they are `kept`, and leaves the rest as the tail that
 * will count afterwards; their number.  A write that fails is found out by the last one. */
static uint64_t emit_lines(struct stream *s, size_t len, bool kept)
{
    const char *at = room.in, *end = at + len;
    struct cursor *c = s->cursor;
    uint64_t lines = 0;

    for (; at < end; lines++) {
        size_t left = (size_t) (end - at);
        size_t window = left < LIMIT_LOG_LINE ? left : LIMIT_LOG_LINE;
        const char *newline = memchr(at, '\n', window);

        if (newline) {
            put(s, at, (size_t) (newline - at), true, kept);
            at = newline + 1;
        } else if (left >= LIMIT_LOG_LINE) {
            put(s, at, LIMIT_LOG_LINE, false, kept);
            at += LIMIT_LOG_LINE;
        } else {
            break;
        }
    }
    c->tail_len[!c->tail_now] = (uint32_t) (end - at);
    memcpy(c->tail[!c->tail_now], at, (size_t) (end - at));
    return lines;
}

static uint64_t unsaid(const struct stream *s)
{
    return s->log->unsaid + s->cursor->unsaid[s->cursor->tail_now];
}

/* everything since the last write that was whole; it counts when that is no longer in flight */
static void drop_lines(struct stream *s, uint64_t lines, int why)
{
    struct capture_log *log = s->log;
    struct cursor *c = s->cursor;

    room.out_used = 0;
    if (log_file_cut(&log->file, log->file.size) < 0 || (unsaid(s) == 0 && lines > 0))
        log_line(LOG_WARN, "log lines are lost: %s: %s", log->file.path, strerror(-why));
    log->lost += lines;
    c->unsaid[c->tail_after] = c->unsaid[c->tail_now] + lines;
}

static void no_line_is_missing(struct stream *s)
{
    s->cursor->unsaid[s->cursor->tail_after] = 0;
    s->log->unsaid = 0;
}

/* the first thing in the log when there is room again */
static int confess(struct stream *s)
{
    char text[96];
    int len =
        snprintf(text, sizeof text,
                 "ipam-orch: %" PRIu64 " lines are missing here: the disk was full", unsaid(s));

    return emit(s, text, (size_t) len, true);
}

static void tell(const struct capture_log *log, unsigned incarnation, const char *stream,
                 const char *bytes, size_t len)
{
    if (log->heard)
        log->heard(log->listener, incarnation, stream, bytes, len);
}

static void tell_written(const struct capture_log *log)
{
    if (log->written)
        log->written(log->written_owner);
}

static void rotate(struct capture_log *log)
{
    if (!log->held && log_file_rotate(&log->file) && log->rotated)
        log->rotated(log->rotated_owner);
}

/* moves what is in staging into the file; afterwards staging is empty */
static int consume_staging(struct stream *s)
{
    struct capture_log *log = s->log;
    struct cursor *c = s->cursor;

    for (int staged; (staged = unread_bytes(s->staging_rd)) > 0;) {
        size_t tail = c->tail_len[c->tail_now];
        ssize_t seen = tee(s->staging_rd, room.scratch[1], log_file_portion(&log->file, CHUNK),
                           SPLICE_F_NONBLOCK);
        ssize_t got = seen > 0 ? read(room.scratch[0], room.in + tail, (size_t) seen) : -1;
        uint64_t lines;
        int r;

        if (got < 0 || got != seen)
            return -EIO;
        memcpy(room.in, c->tail[c->tail_now], tail);
        cursor_begin(c, log->file.size, (uint64_t) staged);
        r = log_file_check_space(&log->file);
        if (r == 0 && unsaid(s) > 0)
            r = confess(s);
        lines = emit_lines(s, tail + (size_t) got, r == 0 && !log->file.spec.silent);
        if (r == 0)
            r = flush_out(log);
        if (r < 0)
            drop_lines(s, lines, r);
        else
            no_line_is_missing(s);
        /* pipe_read copies everything it has before it looks at signals: all or nothing */
        if (read(s->staging_rd, room.in, (size_t) got) != got)
            return -EIO;
        cursor_commit(c);
        tell(log, s->incarnation, s->name, room.in, (size_t) got);
        log_file_measure(&log->file);
        tell_written(log);
        rotate(log);
    }
    return 0;
}

static void end_stream(struct stream *s)
{
    struct capture_log *log = s->log;
    unsigned incarnation = s->incarnation;
    const char *name = s->name;

    stream_free(s);
    tell(log, incarnation, name, NULL, 0);
    if (!capture_log_is_attached(log, incarnation) && log->drained)
        log->drained(log->owner);
}

/* The program has closed its end: what is left is a line without a newline.  The intention to write
 * it is never declared done: staging is empty and stays so, which means undo and repeat until the
 * cursor is gone. */
static void finish(struct stream *s)
{
    struct cursor *c = s->cursor;
    size_t tail = c->tail_len[c->tail_now];

    if (tail > 0 || unsaid(s) > 0) {
        int r = log_file_check_space(&s->log->file);

        look(s, c->tail[c->tail_now], c->tail_len[c->tail_now]);
        cursor_begin(c, s->log->file.size, 0);
        if (r == 0 && unsaid(s) > 0)
            r = confess(s);
        if (r == 0 && tail > 0 && !s->log->file.spec.silent)
            r = emit(s, c->tail[c->tail_now], tail, true);
        if (r == 0)
            r = flush_out(s->log);
        if (r < 0)
            drop_lines(s, tail > 0, r);
        else
            no_line_is_missing(s);
        s->log->unsaid += c->unsaid[c->tail_after];
        log_file_measure(&s->log->file);
        tell_written(s->log);
    }
    (void) unlink(s->cursor_path);
    end_stream(s);
}

static int on_data(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct stream *s = userdata;
    ssize_t n;

    (void) source, (void) revents;
    if (s->log->held) {
        (void) sd_event_source_set_enabled(s->event, SD_EVENT_OFF);
        return 0;
    }
    n = splice(fd, NULL, s->staging_wr, NULL, CHUNK, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (n == 0) {
        finish(s);
    } else if (n > 0 && consume_staging(s) < 0) {
        log_line(LOG_ERROR, "capturing %s of %s failed, its log ends here", s->name, s->service);
        end_stream(s);
    }
    return 0;
}

static void recover(struct stream *s)
{
    struct cursor *c = s->cursor;
    struct capture_log *log = s->log;

    if (c->in_flight && (uint64_t) unread_bytes(s->staging_rd) == c->staged) {
        /* killed before staging was consumed: undo what was written and do it again */
        (void) log_file_cut(&log->file, c->log_size);
        cursor_abandon(c);
    } else if (c->in_flight) {
        cursor_commit(c);
    }
    log->held = false;
}

/* what another supervisor has seen */
static void recall(const struct stream *s)
{
    if (s->cursor->awaited && s->log->awaited.armed &&
        s->log->awaited.incarnation == s->incarnation)
        awaited_end(&s->log->awaited, s->log->loop);
}

static int attach_stream(struct capture_log *log, const char *service, unsigned incarnation,
                         const char *name, int fds[3], struct err *e)
{
    struct stream *s = calloc(1, sizeof *s);
    int r;

    if (!s)
        abort();
    s->log = log;
    s->service = strdup(service);
    s->cursor_path = paths_join("%s.%u.%s", log->file.path, incarnation, name);
    s->incarnation = incarnation;
    s->name = name;
    s->source = take_fd(&fds[0]);
    s->staging_rd = take_fd(&fds[1]);
    s->staging_wr = take_fd(&fds[2]);
    DL_APPEND(log->streams, s);
    r = cursor_open(s->cursor_path, &s->cursor, e);
    if (r == 0)
        r = sd_event_add_io(log->loop, &s->event, s->source, EPOLLIN, on_data, s);
    if (r < 0) {
        stream_free(s);
        return err_set(e, r, "capturing %s of '%s': %s", name, service, strerror(-r));
    }
    (void) sd_event_source_set_priority(s->event, SD_EVENT_PRIORITY_IDLE);
    recall(s);
    return 0;
}

/* power failed in the middle of a line: it stays torn, the next one begins after it */
static void mend(struct capture_log *log)
{
    if (log->mended)
        return;
    log->mended = fsio_end_line(log->file.fd) == 0;
    log_file_measure(&log->file);
}

static void resume(struct capture_log *log, unsigned incarnation)
{
    struct stream *s, *next;

    DL_FOREACH (log->streams, s)
        if (s->incarnation == incarnation && s->cursor->in_flight)
            recover(s);
    /* the broker lists instances oldest first: an older one that has not come is gone */
    if (log->held && log->held_for <= incarnation)
        log->held = false;
    if (log->held)
        return;
    mend(log);
    DL_FOREACH_SAFE(log->streams, s, next)
    {
        (void) sd_event_source_set_enabled(s->event, SD_EVENT_ON);
        (void) consume_staging(s);
    }
}

int capture_log_attach(struct capture_log *log, const char *service, unsigned incarnation,
                       int fds[CAPTURE_STREAM_FDS], struct err *e)
{
    int r;

    if (capture_log_is_attached(log, incarnation)) {
        for (int i = 0; i < CAPTURE_STREAM_FDS; i++)
            close(take_fd(&fds[i]));
        return 0;
    }
    r = attach_stream(log, service, incarnation, "stdout", fds, e);
    if (r == 0)
        r = attach_stream(log, service, incarnation, "stderr", fds + 3, e);
    if (r == 0)
        resume(log, incarnation);
    return r;
}

bool capture_log_is_attached(const struct capture_log *log, unsigned incarnation)
{
    const struct stream *s;

    DL_FOREACH (log->streams, s)
        if (s->incarnation == incarnation)
            return true;
    return false;
}

typedef void cursor_visitor(struct capture_log *log, const char *path, unsigned incarnation);

static void each_cursor(struct capture_log *log, const char *log_path, cursor_visitor *visit)
{
    const char *base = strrchr(log_path, '/') + 1;
    auto_free char *dir_path = paths_join("%.*s", (int) (base - log_path), log_path);
    auto_dir dir = opendir(dir_path);
    size_t len = strlen(base);

    for (struct dirent *d; dir && (d = readdir(dir));) {
        auto_free char *path = NULL;
        char *end = NULL;
        unsigned long incarnation;

        if (strncmp(d->d_name, base, len) != 0 || d->d_name[len] != '.')
            continue;
        incarnation = strtoul(d->d_name + len + 1, &end, 10);
        if (end == d->d_name + len + 1 ||
            (strcmp(end, ".stdout") != 0 && strcmp(end, ".stderr") != 0))
            continue;
        path = paths_join("%s%s", dir_path, d->d_name);
        visit(log, path, (unsigned) incarnation);
    }
}

/* a write may be half done */
static void hold(struct capture_log *log, const char *path, unsigned incarnation)
{
    if (!cursor_is_in_flight(path))
        return;
    log->held = true;
    log->held_for = incarnation > log->held_for ? incarnation : log->held_for;
}

static void drop_cursor(struct capture_log *log, const char *path, unsigned incarnation)
{
    if (!log || incarnation >= log->coming)
        (void) unlink(path);
}

void capture_log_expect(struct capture_log *log, unsigned incarnation)
{
    log->coming = incarnation;
    each_cursor(log, log->file.path, drop_cursor);
    if (!log->held || log->held_for < incarnation)
        return;
    log->held = false;
    log->held_for = 0;
    each_cursor(log, log->file.path, hold);
}

void capture_forget(const char *path)
{
    each_cursor(NULL, path, drop_cursor);
}

static int open_scratch(void)
{
    if (room.scratch[0] >= 0)
        return 0;
    if (pipe2(room.scratch, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    return fcntl(room.scratch[0], F_SETPIPE_SZ, SCRATCH_PIPE) < 0 ? -errno : 0;
}

int capture_log_open(sd_event *loop, const char *path, struct capture_log **out, struct err *e)
{
    struct capture_log *log = calloc(1, sizeof *log);
    int r;

    if (!log)
        abort();
    log->loop = loop;
    r = log_file_open(&log->file, loop, path);
    if (r == 0)
        r = open_scratch();
    if (r < 0) {
        capture_log_free(log);
        return err_set(e, r, "log file %s: %s", path, strerror(-r));
    }
    each_cursor(log, log->file.path, hold);
    *out = log;
    return 0;
}

void capture_log_limit(struct capture_log *log, const struct log_spec *spec)
{
    log_file_limit(&log->file, spec);
}

uint64_t capture_log_lost(const struct capture_log *log)
{
    return log->lost;
}

int capture_log_await(struct capture_log *log, unsigned incarnation, const char *pattern,
                      void (*came)(void *owner), void *owner, struct err *e)
{
    const struct stream *s;
    int r = awaited_set(&log->awaited, incarnation, pattern, came, owner, e);

    if (r == 0)
        DL_FOREACH (log->streams, s)
            recall(s);
    return r;
}

void capture_log_on_output(struct capture_log *log, capture_listener *heard, void *owner)
{
    log->heard = heard;
    log->listener = owner;
}

void capture_log_on_drained(struct capture_log *log, void (*drained)(void *owner), void *owner)
{
    log->drained = drained;
    log->owner = owner;
}

void capture_log_on_rotated(struct capture_log *log, void (*rotated)(void *owner), void *owner)
{
    log->rotated = rotated;
    log->rotated_owner = owner;
}

void capture_log_on_written(struct capture_log *log, void (*written)(void *owner), void *owner)
{
    log->written = written;
    log->written_owner = owner;
}

void capture_log_free(struct capture_log *log)
{
    if (!log)
        return;
    while (log->streams)
        stream_free(log->streams);
    awaited_clear(&log->awaited);
    log_file_close(&log->file);
    free(log);
}
