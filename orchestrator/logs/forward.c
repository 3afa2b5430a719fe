#include "logs/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "logs/line_reader.h"
#include "logs/log_socket.h"

#define JOURNAL "unix:/run/systemd/journal/socket"
/* so long until a receiver that is away is looked for again */
#define AGAIN_US (1 * USEC_PER_SEC)

/* one wake-up sends at most this many, so that no service starves the others */
enum { LINES = 256, HOST_MAX = 256 };

/* as it is on disk */
struct place {
    uint64_t version, inode, offset;
};
enum { VERSION_NOW = 1 };

struct forward {
    sd_event *loop;
    char *path;
    char *texts[6]; /* what `from` points to */
    char host[HOST_MAX];
    struct forward_origin from;
    struct line_reader *lines;
    int place;  /* the file PATH.forwarded */
    int socket; /* -1: none */
    bool stream, complained;
    char *message; /* being sent */
    size_t len, sent;
    sd_event_source *work, *again, *writable;
};

/* ---- how far it came ---- */

static void note(const struct forward *f)
{
    struct place p = { .version = VERSION_NOW };

    line_reader_where(f->lines, &p.inode, &p.offset);
    (void) !pwrite(f->place, &p, sizeof p, 0);
}

static void begin(struct forward *f)
{
    struct place p = { 0 };

    if (f->place < 0 || pread(f->place, &p, sizeof p, 0) != sizeof p || p.version != VERSION_NOW) {
        line_reader_tail(f->lines, 0);
        note(f);
    } else if (p.inode != 0 && !line_reader_seek(f->lines, p.inode, p.offset)) {
        log_line(LOG_WARN, "%s: lines were rotated away before they were sent to %s", f->path,
                 f->from.to.driver);
    }
}

/* ---- sending ---- */

static void hang_up(struct forward *f)
{
    f->writable = sd_event_source_disable_unref(f->writable);
    if (f->socket >= 0)
        close(take_fd(&f->socket));
    f->sent = 0; /* the next connection gets the whole message */
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    (void) source, (void) fd, (void) revents; /* it is a one-shot */
    forward_wake(userdata);
    return 0;
}

static int on_again(sd_event_source *source, uint64_t now_us, void *userdata)
{
    (void) source, (void) now_us;
    forward_wake(userdata);
    return 0;
}

static void try_again_later(struct forward *f)
{
    if (!f->again)
        (void) sd_event_add_time_relative(f->loop, &f->again, CLOCK_MONOTONIC, AGAIN_US, 0,
                                          on_again, f);
    else if (sd_event_source_set_time_relative(f->again, AGAIN_US) >= 0)
        (void) sd_event_source_set_enabled(f->again, SD_EVENT_ONESHOT);
}

static int connect_to(struct forward *f)
{
    const char *address = f->from.to.address;
    int r = log_socket_open(address[0] ? address : JOURNAL, &f->socket, &f->stream);

    if (r < 0)
        return r;
    r = sd_event_add_io(f->loop, &f->writable, f->socket, EPOLLOUT, on_writable, f);
    if (r >= 0)
        (void) sd_event_source_set_enabled(f->writable, SD_EVENT_OFF);
    return r < 0 ? r : 0;
}

/* the next line that is one of ours; false when there is none now */
static bool take(struct forward *f)
{
    const char *line;

    while (!f->message && (line = line_reader_next(f->lines)))
        f->message = forward_line(&f->from, line, f->stream, &f->len);
    f->sent = 0;
    return f->message;
}

/* 0: all is sent */
static int send_some(struct forward *f)
{
    for (unsigned n = 0; n < LINES; n++) {
        int r = 0;

        if (f->socket < 0 && (r = connect_to(f)) < 0)
            return r;
        if (!f->message && !take(f))
            return 0;
        r = log_socket_send(f->socket, f->stream, f->message, f->len, &f->sent);
        if (r < 0)
            return r;
        free(take_ptr(f->message));
        note(f);
    }
    return -EINPROGRESS;
}

static int on_work(sd_event_source *source, void *userdata)
{
    struct forward *f = userdata;
    int r = send_some(f);

    if (r == -EAGAIN)
        (void) sd_event_source_set_enabled(f->writable, SD_EVENT_ONESHOT);
    if (r != -EINPROGRESS)
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
    if (r == 0 || r == -EAGAIN || r == -EINPROGRESS) {
        f->complained = f->complained && r != 0;
        return 0;
    }
    if (!f->complained)
        log_line(LOG_WARN, "%s: %s does not take lines: %s", f->path, f->from.to.driver,
                 strerror(-r));
    f->complained = true;
    hang_up(f);
    try_again_later(f);
    return 0;
}

void forward_wake(struct forward *f)
{
    (void) sd_event_source_set_enabled(f->work, SD_EVENT_ON);
}

/* ---- from and to ---- */

static void copy_origin(struct forward *f, const struct forward_origin *from)
{
    const char *const given[] = { from->project,    from->service,   from->to.driver,
                                  from->to.address, from->to.format, from->to.tag };

    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        free(f->texts[i]);
        f->texts[i] = strdup(given[i]);
        if (!f->texts[i])
            abort();
    }
    f->from = (struct forward_origin){ .project = f->texts[0],
                                       .service = f->texts[1],
                                       .host = f->host,
                                       .to = { .driver = f->texts[2],
                                               .address = f->texts[3],
                                               .format = f->texts[4],
                                               .tag = f->texts[5],
                                               .facility = from->to.facility } };
}

void forward_change(struct forward *f, const struct forward_origin *from)
{
    hang_up(f);
    copy_origin(f, from);
    forward_wake(f);
}

struct forward *forward_new(sd_event *loop, const char *path, const struct forward_origin *from)
{
    auto_free char *place = paths_join("%s.forwarded", path);
    struct forward *f = calloc(1, sizeof *f);

    if (!f)
        abort();
    f->loop = loop;
    f->path = strdup(path);
    f->socket = -1;
    if (gethostname(f->host, sizeof f->host - 1) < 0)
        memcpy(f->host, "localhost", sizeof "localhost");
    copy_origin(f, from);
    f->lines = line_reader_new(path);
    f->place = open(place, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (!f->path || sd_event_add_defer(loop, &f->work, on_work, f) < 0)
        abort();
    (void) sd_event_source_set_priority(f->work, SD_EVENT_PRIORITY_IDLE);
    begin(f);
    return f;
}

void forward_free(struct forward *f)
{
    if (!f)
        return;
    while (send_some(f) == -EINPROGRESS)
        ;
    hang_up(f);
    sd_event_source_disable_unref(f->work);
    sd_event_source_disable_unref(f->again);
    line_reader_free(f->lines);
    if (f->place >= 0)
        close(f->place);
    for (size_t i = 0; i < ARRAY_LEN(f->texts); i++)
        free(f->texts[i]);
    free(f->message);
    free(f->path);
    free(f);
}
