#include "control/server_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fdpass.h"
#include "base/limits.h"
#include "base/log.h"
#include "control/replace.h"

/* So long after the last connection. */
#define QUIET_US (1 * USEC_PER_SEC)
/* A reader that lets this much pile up is not reading any more. */
enum { OUT_MAX = 8 * 1024 * 1024, READ_STEP = 64 * 1024 };

static int on_quiet(sd_event_source *source, uint64_t now_us, void *userdata)
{
    (void) source, (void) now_us, (void) userdata;
    (void) malloc_trim(0);
    return 0;
}

/* What operators ask uses many times as much memory as is kept of it. */
static void tidy_later(struct server *s)
{
    if (!s->quiet)
        (void) sd_event_add_time_relative(s->loop, &s->quiet, CLOCK_MONOTONIC, QUIET_US, 0,
                                          on_quiet, NULL);
    else if (sd_event_source_set_time_relative(s->quiet, QUIET_US) >= 0)
        (void) sd_event_source_set_enabled(s->quiet, SD_EVENT_ONESHOT);
}

static void connection_free(struct connection *c)
{
    tidy_later(c->server);
    supervisor_forget_watcher(c->server->supervisor, c);
    replacement_forget(c->server->replacement, c);
    DL_DELETE(c->server->connections, c);
    sd_event_source_disable_unref(c->io);
    fdpass_close(c->fds, c->n_fds);
    if (c->gift >= 0)
        close(c->gift);
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c);
}

static ssize_t send_some(struct connection *c)
{
    size_t len = c->gift >= 0 && c->gift_at > 0 ? c->gift_at : c->out_used;
    ssize_t n;

    if (c->gift >= 0 && c->gift_at == 0) {
        int r = fdpass_send(c->fd, c->out, 1, &c->gift, 1);

        if (r < 0)
            return r;
        close(take_fd(&c->gift));
        return 1;
    }
    n = send(c->fd, c->out, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return -errno;
    c->gift_at -= c->gift >= 0 ? (size_t) n : 0;
    return n;
}

/* sends what the socket takes; the rest waits for EPOLLOUT */
static int flush(struct connection *c)
{
    while (c->out_used > 0) {
        ssize_t n = send_some(c);
        if (n == -EINTR)
            continue;
        if (n == -EAGAIN)
            break;
        if (n < 0)
            return (int) n;
        memmove(c->out, c->out + n, c->out_used - (size_t) n);
        c->out_used -= (size_t) n;
    }
    return sd_event_source_set_io_events(c->io, EPOLLIN | (c->out_used > 0 ? EPOLLOUT : 0u));
}

/* a failure shows as an end of the connection in the next turn of the loop */
void connection_say(struct connection *c, json_t *message)
{
    auto_free char *text = json_dumps(message, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    char *grown;

    json_decref(message);
    if (!text || c->out_used + len + 1 > OUT_MAX)
        (void) shutdown(c->fd, SHUT_RDWR);
    if (!text || c->out_used + len + 1 > OUT_MAX)
        return;
    grown = realloc(c->out, c->out_used + len + 1);
    if (!grown)
        abort();
    memcpy(grown + c->out_used, text, len);
    grown[c->out_used + len] = '\n';
    c->out = grown;
    c->out_used += len + 1;
    if (flush(c) < 0)
        (void) shutdown(c->fd, SHUT_RDWR);
}

/* ---- the programs of the manager themselves ---- */

static void say_message(void *client, json_t *message)
{
    connection_say(client, message);
}

static void say_error(void *client, const struct err *e)
{
    connection_fail(client, e);
}

/* those in the middle of a request or an answer end with this process */
static void hand_over(void *owner, const void *client, struct heritage *out)
{
    const struct server *s = owner;
    const struct connection *c;

    DL_FOREACH (s->connections, c)
        if (c != client && c->in_used == 0 && c->out_used == 0 && c->n_fds == 0 &&
            out->n_connections < SUCCESSOR_CONNECTIONS)
            out->connections[out->n_connections++] = c->fd;
}

/* after whatever else happened */
static int on_turn(sd_event_source *source, void *userdata)
{
    struct server *s = userdata;
    struct connection *c;

    (void) source;
    DL_FOREACH (s->connections, c) {
        if (!c->awaits_rest || !supervisor_is_at_rest(s->supervisor))
            continue;
        c->awaits_rest = false;
        connection_say(c, json_pack("{s:b}", "done", 1));
    }
    return 0;
}

static void handle_line(struct connection *c, const char *line, size_t len)
{
    json_error_t where;
    json_t *message = json_loadb(line, len, 0, &where);
    struct err e = ERR_INIT;
    int r;

    if (message)
        r = verbs_dispatch(c, message, &e);
    else
        r = err_set(&e, -EINVAL, "request: %s", where.text);
    if (r < 0)
        connection_fail(c, &e);
    json_decref(message);
}

static int read_more(struct connection *c)
{
    int fds[FDPASS_MAX];
    size_t n_fds = 0;
    ssize_t n;

    if (c->in_room - c->in_used < READ_STEP) {
        char *grown = realloc(c->in, c->in_room += READ_STEP + c->in_used);
        if (!grown)
            abort();
        c->in = grown;
    }
    n = fdpass_recv(c->fd, c->in + c->in_used, READ_STEP, fds, &n_fds);
    if (n == -EAGAIN)
        return 0;
    if (n > 0 && n_fds <= EXEC_FDS - c->n_fds) {
        memcpy(c->fds + c->n_fds, fds, n_fds * sizeof *fds);
        c->n_fds += n_fds;
        n_fds = 0;
    }
    if (n <= 0 || n_fds > 0) {
        fdpass_close(fds, n_fds);
        return -EPIPE;
    }
    c->in_used += (size_t) n;
    return c->in_used > LIMIT_CONTROL_LINE ? -EMSGSIZE : 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct connection *c = userdata;
    int r = revents & EPOLLOUT ? flush(c) : 0;

    (void) source, (void) fd;
    if (r == 0 && revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
        r = read_more(c);
    for (char *end; r == 0 && (end = memchr(c->in, '\n', c->in_used));) {
        size_t len = (size_t) (end - c->in);
        handle_line(c, c->in, len);
        memmove(c->in, end + 1, c->in_used - len - 1);
        c->in_used -= len + 1;
    }
    if (r < 0) {
        struct server *s = c->server;
        connection_free(c);
        if (!s->connections)
            supervisor_check_idle(s->supervisor);
    }
    return 0;
}

/* `fd` is taken */
static void admit(struct server *s, int fd)
{
    auto_fd peer = fd;
    struct connection *c;
    struct ucred who;

    if (peer < 0 || fdpass_peer(peer, &who) < 0)
        return;
    c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->server = s;
    c->role = authz_role(&who);
    authz_name(&who, c->by, sizeof c->by);
    c->fd = take_fd(&peer);
    c->gift = -1;
    c->in = malloc(c->in_room = READ_STEP);
    DL_APPEND(s->connections, c);
    if (!c->in || sd_event_add_io(s->loop, &c->io, c->fd, EPOLLIN, on_connection, c) < 0)
        connection_free(c);
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    (void) source, (void) revents;
    admit(userdata, accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    return 0;
}

static int bind_at(const char *path, struct err *e)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, -ENAMETOOLONG, "control socket path is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    /* the caller holds the lock that says no other supervisor runs: a socket here is a dead one's
     */
    (void) unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0 ||
        chmod(path, 0666) < 0)
        return err_set(e, -errno, "control socket %s: %s", path, strerror(errno));
    return take_fd(&fd);
}

static int prepare_replacement(struct server *s, const struct server_config *config, struct err *e)
{
    struct replacement_config r = {
        .loop = config->loop,
        .supervisor = config->supervisor,
        .heritage = { .lock = config->heritage.lock, .listener = s->fd },
        .socket = s->path,
        .exit_idle = config->exit_idle,
        .say = say_message,
        .say_error = say_error,
        .hand_over = hand_over,
        .owner = s,
    };

    return replacement_new(&r, &s->replacement, e);
}

int server_new(const struct server_config *config, struct server **out, struct err *e)
{
    const struct heritage *h = &config->heritage;
    int fd = h->listener >= 0 ? h->listener : bind_at(config->path, e);
    struct server *s;
    int r;

    if (fd < 0)
        return fd;
    /* an inherited one too: who connects is told the pid of whoever called this last (unix(7)) */
    if (listen(fd, SOMAXCONN) < 0)
        return err_set(e, -errno, "control socket %s: %s", config->path, strerror(errno));
    s = calloc(1, sizeof *s);
    if (!s || !(s->path = strdup(config->path)))
        abort();
    s->loop = config->loop;
    s->supervisor = config->supervisor;
    s->fd = fd;
    *out = s;
    r = prepare_replacement(s, config, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < h->n_connections; i++)
        admit(s, h->connections[i]);
    return sd_event_add_io(s->loop, &s->io, s->fd, EPOLLIN, on_connect, s) < 0 ||
                   sd_event_add_post(s->loop, &s->turn, on_turn, s) < 0
               ? err_set(e, -ENOMEM, "watching the control socket")
               : 0;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    while (s->connections)
        connection_free(s->connections);
    replacement_free(s->replacement);
    sd_event_source_disable_unref(s->io);
    sd_event_source_disable_unref(s->turn);
    sd_event_source_disable_unref(s->quiet);
    (void) unlink(s->path);
    close(s->fd);
    free(s->path);
    free(s);
}
