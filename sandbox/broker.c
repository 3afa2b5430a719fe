#include "sandbox/broker.h"

#include <errno.h>
#include <grp.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"

/* So long after a request, memory that is not used goes back. */
#define TIDY_US (1 * USEC_PER_SEC)

/* So long one that nobody talks to waits for somebody who does. */
#define ALONE_US (5 * USEC_PER_SEC)

enum { BACKLOG = 8, SEND_ROOM = 8 * LIMIT_SANDBOX_PACKET };

struct connection {
    struct broker *broker;
    int fd;
    sd_event_source *source;
    bool broken; /* freed when its turn in the loop is over */
    struct connection *prev, *next;
};

static void connection_free(struct connection *c)
{
    struct broker *b = c->broker;

    join_forget_connection(b, c);
    retire_forget_connection(b, c);
    DL_DELETE(b->connections, c);
    sd_event_source_disable_unref(c->source);
    close(c->fd);
    free(c);
}

/* ---- sending ---- */

/* A supervisor that does not read is cut off: it will come back and ask for `list`. */
static void send_packet(struct connection *c, const json_t *json, const int *fds, size_t n_fds)
{
    auto_free char *text = json_dumps(json, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    int r =
        text && len <= LIMIT_SANDBOX_PACKET ? fdpass_send(c->fd, text, len, fds, n_fds) : -EMSGSIZE;

    if (r == 0 || c->broken)
        return;
    log_line(LOG_WARN, "connection dropped reason=\"%s\"", strerror(-r));
    c->broken = true;
    (void) shutdown(c->fd, SHUT_RDWR); /* its source wakes up and frees it */
}

void broker_send(struct broker *b, struct connection *to, json_t *json)
{
    (void) b;
    send_packet(to, json, NULL, 0);
    json_decref(json);
}

void broker_event(struct broker *b, json_t *json)
{
    struct connection *c;

    DL_FOREACH (b->connections, c)
        send_packet(c, json, NULL, 0);
    json_decref(json);
}

void broker_answer(struct broker *b, const struct connection *to, uint64_t tag, json_t *json)
{
    struct connection *c;

    (void) json_object_set_new(json, "tag", json_integer((json_int_t) tag));
    DL_FOREACH (b->connections, c)
        if (c == to)
            send_packet(c, json, NULL, 0);
    json_decref(json);
}

/* ---- receiving ---- */

static void reply(struct connection *c, const struct request *r, int result, struct answer *a,
                  const struct err *e)
{
    json_t *json = result == 0 && a->fields ? json_incref(a->fields) : json_object();

    (void) json_object_set_new(json, "tag", json_integer((json_int_t) r->tag));
    if (result < 0)
        (void) json_object_set_new(
            json, "error",
            json_pack("{s:i,s:o}", "errno", -result, "message",
                      json_sprintf("%s%s%s%s", e->msg, e->hint[0] ? " (" : "", e->hint,
                                   e->hint[0] ? ")" : "")));
    send_packet(c, json, a->fds, result == 0 ? a->n_fds : 0);
    json_decref(json);
}

/* Ends that nobody has acknowledged; they follow `list`, when the supervisor knows the ids. */
static void repeat_ends(struct broker *b, struct connection *c)
{
    for (const struct guest *g = b->guests; g; g = g->hh.next)
        if (g->state == GUEST_ENDED)
            broker_send(b, c, requests_exit_event(g));
}

/* What is not read when a socket closes makes its other end fail before it has read the answer. */
static void hang_up(const struct broker *b)
{
    static char packet[LIMIT_SANDBOX_PACKET];
    const struct connection *c;

    DL_FOREACH (b->connections, c) {
        (void) shutdown(c->fd, SHUT_RD);
        while (recv(c->fd, packet, sizeof packet, MSG_DONTWAIT) > 0)
            ;
    }
}

static _Noreturn void depart(const struct broker *b)
{
    auto_free char *path = broker_socket();

    hang_up(b);
    if (b->turn == BROKER_LEAVES)
        successor_leave();
    successor_come_back(BROKER_NAME, &b->heritage, path, b->exit_idle);
}

static void serve(struct connection *c, const char *packet, size_t len, struct request *r)
{
    struct answer a = { 0 };
    struct err e = ERR_INIT;
    json_error_t why;
    int result;
    bool listed;

    r->fields = json_loadb(packet, len, JSON_REJECT_DUPLICATES, &why);
    r->tag = (uint64_t) json_integer_value(json_object_get(r->fields, "tag"));
    listed = json_is_string(json_object_get(r->fields, "op")) &&
             strcmp(json_string_value(json_object_get(r->fields, "op")), "list") == 0;
    if (json_is_object(r->fields))
        result = requests_run(c->broker, r, &a, &e);
    else
        result = err_set(&e, -EBADMSG, "request: no JSON object: %s", why.text);
    if (result != REQUEST_LATER)
        reply(c, r, result, &a, &e);
    if (c->broker->turn != BROKER_STAYS)
        depart(c->broker);
    if (result == 0 && listed)
        repeat_ends(c->broker, c);
    json_decref(a.fields);
    json_decref(r->fields);
}

static int on_tidy(sd_event_source *s, uint64_t now_us, void *userdata)
{
    (void) s, (void) now_us, (void) userdata;
    (void) malloc_trim(0);
    return 0;
}

/* launches use many times what is kept of them */
static void tidy_later(struct broker *b)
{
    if (!b->tidy)
        (void) sd_event_add_time_relative(b->loop, &b->tidy, CLOCK_MONOTONIC, TIDY_US, 0, on_tidy,
                                          NULL);
    else if (sd_event_source_set_time_relative(b->tidy, TIDY_US) >= 0)
        (void) sd_event_source_set_enabled(b->tidy, SD_EVENT_ONESHOT);
}

static int on_packet(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    static char packet[LIMIT_SANDBOX_PACKET];
    struct connection *c = userdata;
    struct broker *b = c->broker;
    struct request r = { .from = c };
    ssize_t len = fdpass_recv(fd, packet, sizeof packet, r.fds, &r.n_fds);

    (void) s, (void) revents;
    if (len == -EAGAIN)
        return 0;
    if (len <= 0 || c->broken) {
        fdpass_close(r.fds, len > 0 ? r.n_fds : 0);
        log_line(LOG_INFO, "supervisor disconnected");
        connection_free(c);
    } else {
        serve(c, packet, (size_t) len, &r);
        fdpass_close(r.fds, r.n_fds);
        tidy_later(b);
    }
    broker_check_idle(b);
    return 0;
}

/* ---- accepting ---- */

static int admit(struct broker *b, int fd)
{
    const int room = SEND_ROOM;
    struct ucred peer;
    struct connection *c;
    int r = fdpass_peer(fd, &peer);

    if (r < 0)
        return r;
    if (peer.uid != 0 && peer.uid != b->supervisor) {
        log_line(LOG_WARN, "connection refused uid=%u pid=%d", peer.uid, (int) peer.pid);
        return -EPERM;
    }
    c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    c->broker = b;
    c->fd = fd;
    r = sd_event_add_io(b->loop, &c->source, fd, EPOLLIN, on_packet, c);
    if (r < 0) {
        free(c);
        return r;
    }
    DL_APPEND(b->connections, c);
    log_line(LOG_INFO, "supervisor connected uid=%u pid=%d", peer.uid, (int) peer.pid);
    return 0;
}

static int on_connect(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    auto_fd peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void) s, (void) revents;
    if (peer >= 0 && admit(userdata, peer) == 0)
        (void) take_fd(&peer);
    return 0;
}

static gid_t supervisor_group(void)
{
    const struct group *g = getgrnam("ipam-orch");

    return g ? g->gr_gid : 0;
}

char *broker_socket(void)
{
    return paths_join("%s/sandbox.sock", paths_run());
}

static int make_socket(const char *path, struct err *e)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return err_set(e, fd < 0 ? -errno : -ENAMETOOLONG, "socket %s cannot be made", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void) unlink(path); /* of a dead broker: a living one holds the lock */
    mode_t before = umask(0177);
    r = bind(fd, (const struct sockaddr *) &address, sizeof address) < 0 ? -errno : 0;
    (void) umask(before);
    if (r < 0 || lchown(path, 0, supervisor_group()) < 0 || chmod(path, 0660) < 0)
        return err_set(e, r < 0 ? r : -errno, "socket %s: %s", path, strerror(r < 0 ? -r : errno));
    return take_fd(&fd);
}

int broker_listen(struct broker *b, struct err *e)
{
    auto_free char *path = broker_socket();
    int r = b->heritage.listener >= 0 ? b->heritage.listener : make_socket(path, e);

    if (r < 0)
        return r;
    b->heritage.listener = r; /* for the life of the process */
    /* an inherited one too: who connects is told the pid of whoever called this last (unix(7)) */
    if (listen(r, BACKLOG) < 0)
        return err_set(e, -errno, "socket %s: %s", path, strerror(errno));
    r = sd_event_add_io(b->loop, NULL, r, EPOLLIN, on_connect, b);
    return r < 0 ? err_set(e, r, "watching %s: %s", path, strerror(-r)) : 0;
}

static bool is_idle(const struct broker *b)
{
    return b->exit_idle && !b->guests && !b->networks && !b->connections && !b->sweep;
}

static int on_alone(sd_event_source *s, uint64_t now_us, void *userdata)
{
    const struct broker *b = userdata;

    (void) s, (void) now_us;
    return is_idle(b) ? sd_event_exit(b->loop, 0) : 0;
}

/* nobody may be left to send `quit` */
static void end_if_alone(struct broker *b)
{
    int r = b->alone ? sd_event_source_set_time_relative(b->alone, ALONE_US)
                     : sd_event_add_time_relative(b->loop, &b->alone, CLOCK_MONOTONIC, ALONE_US, 0,
                                                  on_alone, b);

    if (r >= 0)
        r = sd_event_source_set_enabled(b->alone, SD_EVENT_ONESHOT);
    if (r < 0)
        log_line(LOG_WARN, "nobody may end this broker: %s", strerror(-r));
}

void broker_check_idle(struct broker *b)
{
    if (is_idle(b) && b->quit_asked)
        (void) sd_event_exit(b->loop, 0);
    else if (is_idle(b))
        end_if_alone(b);
}

void broker_let_go(struct broker *b)
{
    struct guest *g, *next;

    join_close(b);
    retire_close(b);
    HASH_ITER (hh, b->guests, g, next) {
        HASH_DEL(b->guests, g);
        guest_free(g);
    }
    network_forget(b);
    publish_close(b);
    zygote_end(&b->zygote);
    b->tidy = sd_event_source_disable_unref(b->tidy);
    b->sweep = sd_event_source_disable_unref(b->sweep);
    b->alone = sd_event_source_disable_unref(b->alone);
}

void broker_close(struct broker *b)
{
    while (b->connections)
        connection_free(b->connections);
    broker_let_go(b);
}
