#include "runtime/native.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <uthash.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "runtime/errand.h"
#include "runtime/native_seen.h"
#include "runtime/native_spec.h"
#include "runtime/presence.h"
#include "sandbox/client.h"

/* Nobody reads before a helper ends, so its pipe must hold everything it prints. */
enum { HELPER_PIPE = 256 * 1024 };

enum pending_kind {
    PENDING_PLAIN,
    PENDING_LIST,
    PENDING_LAUNCH,
    PENDING_STREAMS,
    PENDING_JOIN,
    PENDING_TAGGED, /* a plain request whose end somebody waits for */
    PENDING_REEXEC, /* the same, and then another broker is at the other end */
    PENDING_QUIT
};

struct pending {
    uint64_t tag; /* ours, on the wire */
    enum pending_kind kind;
    char *id;           /* the instance it is about; may be NULL */
    uint64_t owner_tag; /* PENDING_JOIN, PENDING_TAGGED: the caller's */
    int output;         /* PENDING_JOIN: read end, -1 otherwise */
    UT_hash_handle hh;
};

struct native {
    sd_event *loop;
    struct runtime_listener to;
    struct sandbox_client *client; /* NULL: not connected */
    sd_event_source *source;
    struct pending *pending;
    uint64_t last_tag;
    struct errands errands;
};

static void pending_free(struct native *n, struct pending *p)
{
    HASH_DEL(n->pending, p);
    if (p->output >= 0)
        close(p->output);
    free(p->id);
    free(p);
}

static struct pending *pending_new(struct native *n, enum pending_kind kind, const char *id)
{
    struct pending *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->tag = ++n->last_tag;
    p->kind = kind;
    p->output = -1;
    p->id = id ? strdup(id) : NULL;
    HASH_ADD(hh, n->pending, tag, sizeof p->tag, p);
    return p;
}

static void disconnect(struct native *n)
{
    struct pending *p, *next;

    n->source = sd_event_source_disable_unref(n->source);
    sandbox_client_close(n->client);
    n->client = NULL;
    n->to.lost(n->to.owner);
    HASH_ITER (hh, n->pending, p, next) {
        /* whoever waits must not wait for ever */
        if (p->kind == PENDING_JOIN || p->kind == PENDING_TAGGED || p->kind == PENDING_REEXEC)
            n->to.answered(n->to.owner, p->owner_tag,
                           &(struct runtime_answer){ .error = EPIPE,
                                                     .output = "the sandbox broker went away" });
        pending_free(n, p);
    }
}

/* sends a request; a broken connection is reported through `lost` in the read handler */
static int request(struct native *n, const char *op, struct pending *p, json_t *fields,
                   const int *fds, size_t n_fds, struct err *e)
{
    int r;

    if (!n->client) {
        json_decref(fields);
        r = err_set(e, -ENOTCONN, "the sandbox broker is not running");
    } else {
        r = sandbox_client_send(n->client, op, p->tag, fields, fds, n_fds, e);
    }
    if (r < 0)
        pending_free(n, p);
    return r;
}

static int request_plain(struct native *n, const char *op, const char *id, json_t *fields,
                         struct err *e)
{
    return request(n, op, pending_new(n, PENDING_PLAIN, id), fields, NULL, 0, e);
}

/* `fields` is taken; tag 0: nobody waits for the end */
static int request_tagged(struct native *n, const char *op, const char *id, json_t *fields,
                          uint64_t tag, struct err *e)
{
    struct pending *p = pending_new(n, tag ? PENDING_TAGGED : PENDING_PLAIN, id);

    p->owner_tag = tag;
    return request(n, op, p, fields, NULL, 0, e);
}

static int request_streams(struct native *n, const char *id, struct err *e)
{
    return request(n, "fds", pending_new(n, PENDING_STREAMS, id), json_pack("{s:s}", "id", id),
                   NULL, 0, e);
}

/* what a helper printed last says how it ended */
static void keep_end(int pipe, char *out, size_t room)
{
    size_t used = 0;
    ssize_t n;

    do {
        if (used >= room / 2) {
            memmove(out, out + used - room / 4, room / 4);
            used = room / 4;
        }
        n = read(pipe, out + used, room - 1 - used);
        used += n > 0 ? (size_t) n : 0;
    } while (n > 0);
    out[used] = '\0';
}

static void answer_join(struct native *n, struct pending *p, json_t *json)
{
    char output[LIMIT_PROBE_OUTPUT + 1] = "";
    int code = -1, signal = 0, timed_out = 0;

    keep_end(p->output, output, sizeof output);
    (void) json_unpack(json, "{s?i,s?i,s?b}", "code", &code, "signal", &signal, "timed_out",
                       &timed_out);
    n->to.answered(n->to.owner, p->owner_tag,
                   &(struct runtime_answer){ .ok = code == 0 && signal == 0 && !timed_out,
                                             .timed_out = timed_out,
                                             .code = code,
                                             .signal = signal,
                                             .output = output });
}

static void answer_list(struct native *n, json_t *json)
{
    json_t *list = json_object_get(json, "instances");
    size_t count = json_array_size(list);
    auto_free struct runtime_seen *seen = calloc(count + 1, sizeof *seen);
    struct err e = ERR_INIT;

    if (!seen)
        abort();
    for (size_t i = 0; i < count; i++)
        native_seen_read(json_array_get(list, i), &seen[i]);
    /* first: whom nobody wants is removed, and its last lines with it */
    for (size_t i = 0; i < count && n->client; i++)
        if (request_streams(n, seen[i].id, &e) < 0)
            log_err(&e, "asking for log pipes");
    n->to.connected(n->to.owner, seen, count);
    for (size_t i = 0; i < count; i++)
        native_seen_clear(&seen[i]);
}

static void answer_error(struct native *n, struct pending *p, json_t *error)
{
    const char *text = json_string_value(json_object_get(error, "message"));
    int code = (int) json_integer_value(json_object_get(error, "errno"));
    struct err e = ERR_INIT;

    err_set(&e, code > 0 ? -code : -EIO, "%s", text ? text : "refused without a reason");
    switch (p->kind) {
    case PENDING_LAUNCH: n->to.refused(n->to.owner, p->id, &e); break;
    case PENDING_JOIN:
    case PENDING_REEXEC:
    case PENDING_TAGGED:
        n->to.answered(n->to.owner, p->owner_tag,
                       &(struct runtime_answer){ .error = -e.code, .output = e.msg });
        break;
    case PENDING_QUIT: n->to.released(n->to.owner); break;
    case PENDING_PLAIN:
    case PENDING_LIST:
    case PENDING_STREAMS: log_err(&e, p->id ? p->id : "broker"); break;
    }
}

static void on_answer(struct native *n, struct pending *p, struct sandbox_message *m)
{
    json_t *error = json_object_get(m->json, "error");
    struct err e = ERR_INIT;

    if (error) {
        answer_error(n, p, error);
        return;
    }
    switch (p->kind) {
    case PENDING_PLAIN: break;
    case PENDING_LIST: answer_list(n, m->json); break;
    case PENDING_LAUNCH:
        if (request_streams(n, p->id, &e) < 0)
            log_err(&e, "asking for log pipes");
        break;
    case PENDING_STREAMS:
        if (m->n_fds == RUNTIME_STREAM_FDS + 1)
            n->to.notify(n->to.owner, p->id, m->fds[--m->n_fds]);
        if (m->n_fds == RUNTIME_STREAM_FDS) {
            n->to.streams(n->to.owner, p->id, m->fds);
            m->n_fds = 0; /* handed over */
        }
        break;
    case PENDING_JOIN: answer_join(n, p, m->json); break;
    case PENDING_REEXEC:
    case PENDING_TAGGED:
        n->to.answered(
            n->to.owner, p->owner_tag,
            &(struct runtime_answer){
                .ok = true, .output = "", .fields = m->json, .fd = m->n_fds == 1 ? m->fds[0] : 0 });
        break;
    case PENDING_QUIT: n->to.released(n->to.owner); break;
    }
}

static void on_broker_event(struct native *n, const char *event, json_t *json)
{
    const char *id = json_string_value(json_object_get(json, "id"));
    struct exit_info how;

    if (!id)
        return;
    if (strcmp(event, "started") == 0 || strcmp(event, "shut") == 0) {
        struct runtime_seen seen;

        native_seen_read(json, &seen);
        if (strcmp(event, "started") == 0)
            n->to.started(n->to.owner, &seen);
        else
            n->to.shut(n->to.owner, &seen);
        native_seen_clear(&seen);
    } else if (strcmp(event, "exit") == 0) {
        native_seen_end(json, &how);
        n->to.ended(n->to.owner, id, &how);
    }
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct native *n = userdata;
    struct sandbox_message m = { 0 };
    struct err e = ERR_INIT;
    struct pending *p = NULL;

    (void) source, (void) fd, (void) revents;
    if (sandbox_client_receive(n->client, &m, &e) < 0) {
        disconnect(n);
        return 0;
    }
    const char *event = json_string_value(json_object_get(m.json, "event"));
    uint64_t tag = (uint64_t) json_integer_value(json_object_get(m.json, "tag"));
    if (event)
        on_broker_event(n, event, m.json);
    else
        HASH_FIND(hh, n->pending, &tag, sizeof tag, p);
    if (p) {
        bool over = p->kind == PENDING_REEXEC;

        on_answer(n, p, &m);
        pending_free(n, p);
        if (over) /* not when its end is seen: who asks next means the other one */
            disconnect(n);
    }
    sandbox_message_clear(&m);
    return 0;
}

static int native_connect(void *self, struct err *e)
{
    struct native *n = self;
    auto_free char *path = NULL;
    int r;

    if (n->client)
        return 0;
    path = paths_join("%s/sandbox.sock", paths_run());
    r = sandbox_client_open(path, &n->client, e);
    if (r < 0)
        return r;
    r = sd_event_add_io(n->loop, &n->source, sandbox_client_fd(n->client), EPOLLIN, on_readable, n);
    if (r < 0)
        return err_set(e, r, "watching the sandbox socket: %s", strerror(-r));
    return request(n, "list", pending_new(n, PENDING_LIST, NULL), NULL, NULL, 0, e);
}

static int native_network(void *self, const struct runtime_network *w, bool wanted, struct err *e)
{
    if (!wanted)
        return request_tagged(self, "network_remove", w->bridge,
                              json_pack("{s:s,s:s}", "project", w->project, "bridge", w->bridge),
                              w->tag, e);
    return request_tagged(self, "network_create", w->bridge,
                          json_pack("{s:s,s:s,s:b,s:s,s:s,s:i}", "project", w->project, "bridge",
                                    w->bridge, "internal", w->internal, "ipv4", w->ipv4, "ipv6",
                                    w->ipv6, "mtu", (int) w->mtu),
                          w->tag, e);
}

static int native_volume_remove(void *self, const struct runtime_volume *v, uint64_t tag,
                                struct err *e)
{
    return request_tagged(self, "volume_remove", v->name,
                          json_pack("{s:s,s:s,s:I}", "volume", v->name, "project", v->project,
                                    "keep_us", (json_int_t) v->keep_us),
                          tag, e);
}

static int native_launch(void *self, const struct runtime_launch *l, struct err *e)
{
    struct native *n = self;
    struct native_spec spec = { 0 };
    int r = native_spec_make(l, &spec, e);

    if (r == 0)
        r = request(n, "launch", pending_new(n, PENDING_LAUNCH, l->id),
                    json_pack("{s:o}", "spec", spec_encode(&spec.spec)), spec.fds,
                    spec.spec.n_files, e);
    native_spec_clear(&spec);
    return r;
}

static int native_signal(void *self, const char *id, int signo, struct err *e)
{
    if (signo == SIGKILL)
        return request_plain(self, "kill", id, json_pack("{s:s}", "id", id), e);
    return request_plain(self, "signal", id, json_pack("{s:s,s:i}", "id", id, "signo", signo), e);
}

static int native_freeze(void *self, const char *id, bool frozen, uint64_t tag, struct err *e)
{
    return request_tagged(self, frozen ? "freeze" : "thaw", id, json_pack("{s:s}", "id", id), tag,
                          e);
}

static int native_stats(void *self, const char *id, uint64_t tag, struct err *e)
{
    return request_tagged(self, "stats", id, json_pack("{s:s}", "id", id), tag, e);
}

static int native_input(void *self, const char *id, uint64_t tag, struct err *e)
{
    return request_tagged(self, "input", id, json_pack("{s:s}", "id", id), tag, e);
}

static int native_limits(void *self, const char *id, const json_t *set, uint64_t tag, struct err *e)
{
    json_t *fields = json_pack("{s:s}", "id", id);

    if (set)
        (void) json_object_set_new(fields, "set", json_deep_copy(set));
    return request_tagged(self, "limits", id, fields, tag, e);
}

static int native_hosts(void *self, const char *id, const struct runtime_host *hosts, size_t n,
                        struct err *e)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        (void) json_array_append_new(
            list, json_pack("{s:s,s:s}", "address", hosts[i].address, "names", hosts[i].names));
    return request_plain(self, "hosts", id, json_pack("{s:s,s:o}", "id", id, "hosts", list), e);
}

static int native_files(void *self, const char *id, const struct runtime_files *files, uint64_t tag,
                        struct err *e)
{
    struct pending *p;
    json_t *list = NULL;
    int fds[FDPASS_MAX], r;
    size_t n = 0;

    r = native_spec_files(files, &list, fds, &n, e);
    if (r < 0)
        return r;
    p = pending_new(self, tag ? PENDING_TAGGED : PENDING_PLAIN, id);
    p->owner_tag = tag;
    r = request(self, "files", p, json_pack("{s:s,s:o}", "id", id, "files", list), fds, n, e);
    fdpass_close(fds, n);
    return r;
}

static int native_take_ports(void *self, const char *id, uint64_t tag, struct err *e)
{
    return request_tagged(self, "take_ports", id, json_pack("{s:s}", "id", id), tag, e);
}

static int native_inbound(void *self, int pid)
{
    (void) self;
    return presence_inbound(pid);
}

static size_t native_children(void *self, int pid, int *pids, size_t max)
{
    (void) self;
    return presence_children(pid, pids, max);
}

static bool native_is_running(void *self, int pid)
{
    (void) self;
    return presence_is_running(pid);
}

static int native_remove(void *self, const char *id, struct err *e)
{
    return request_plain(self, "remove", id, json_pack("{s:s}", "id", id), e);
}

/* runs argv inside or beside the instance with `input` on stdin; the answer carries owner_tag */
static int join(struct native *n, const char *id, json_t *fields, json_t *input, uint64_t owner_tag,
                struct err *e)
{
    auto_free char *text = input ? json_dumps(input, JSON_COMPACT) : strdup("");
    auto_fd in = -1, out = -1;
    struct pending *p;
    int fd[2], r;

    json_decref(input);
    if (!text)
        abort();
    in = fsio_memfd("request", text, strlen(text));
    explicit_bzero(text, strlen(text));
    if (in < 0 || pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0) {
        json_decref(fields);
        return err_set(e, -errno, "preparing a helper: %s", strerror(errno));
    }
    /* the helper's end blocks: it may print more than a pipe holds and must not lose its way */
    out = fd[1];
    (void) fcntl(out, F_SETPIPE_SZ, HELPER_PIPE);
    (void) fcntl(out, F_SETFL, 0);
    p = pending_new(n, PENDING_JOIN, id);
    p->output = fd[0];
    p->owner_tag = owner_tag;
    (void) json_object_set_new(fields, "id", json_string(id));
    r = request(n, "join", p, fields, (int[]){ in, out }, 2, e);
    return r;
}

static json_t *string_list(const char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++)
        (void) json_array_append_new(list, json_string(*v));
    return list;
}

static int native_probe(void *self, const char *id, const struct project *p,
                        const struct health_spec *h, uint64_t tag, struct err *e)
{
    const struct probe *q = &h->probe;
    bool inside = q->kind == PROBE_EXEC || q->kind == PROBE_UNIX;
    json_t *argv = q->kind == PROBE_EXEC   ? string_list(q->argv)
                   : q->kind == PROBE_UNIX ? json_pack("[s]", q->path)
                                           : json_pack("[s,s]", "ipam-worker", "probe");
    json_t *fields = json_pack("{s:s,s:I,s:o}", "scope",
                               q->kind == PROBE_UNIX ? "unix"
                               : inside              ? "all"
                                                     : "net",
                               "deadline_us", (json_int_t) h->timeout_us, "argv", argv);

    return join(self, id, fields, inside ? NULL : native_probe_request(p, h), tag, e);
}

static int native_exec(void *self, const char *id, const struct runtime_exec *x, uint64_t tag,
                       struct err *e)
{
    json_t *fields =
        json_pack("{s:s,s:s,s:I,s:o,s:o}", "id", id, "scope", "all", "deadline_us", (json_int_t) 0,
                  "argv", string_list(x->argv), "env", string_list(x->env));
    struct pending *p;

    if (x->workdir)
        (void) json_object_set_new(fields, "workdir", json_string(x->workdir));
    if (x->user)
        (void) json_object_set_new(fields, "user", json_string(x->user));
    if (x->detach)
        (void) json_object_set_new(fields, "detached", json_true());
    if (!x->fds)
        return join(self, id, fields, NULL, tag, e);
    p = pending_new(self, PENDING_JOIN, id);
    p->owner_tag = tag;
    return request(self, "join", p, fields, x->fds, 3, e);
}

static int native_exec_end(void *self, uint64_t tag, struct err *e)
{
    struct native *n = self;
    struct pending *p, *next;

    HASH_ITER (hh, n->pending, p, next)
        if (p->kind == PENDING_JOIN && p->owner_tag == tag)
            return request_plain(n, "join_kill", p->id,
                                 json_pack("{s:I}", "join", (json_int_t) p->tag), e);
    return 0;
}

static int native_upkeep(void *self, const char *what, const json_t *fields, uint64_t tag,
                         struct err *e)
{
    bool reexec = strcmp(what, "reexec") == 0;
    struct pending *p = pending_new(self, reexec ? PENDING_REEXEC : PENDING_TAGGED, NULL);

    p->owner_tag = tag;
    return request(self, what, p, fields ? json_deep_copy(fields) : NULL, NULL, 0, e);
}

static int native_errand(void *self, struct runtime_errand *x, uint64_t tag, struct err *e)
{
    struct native *n = self;

    return errand_begin(&n->errands, x, tag, e);
}

static int native_quit(void *self, struct err *e)
{
    struct native *n = self;

    return request(n, "quit", pending_new(n, PENDING_QUIT, NULL), NULL, NULL, 0, e);
}

struct native *native_new(sd_event *loop, const struct runtime_listener *listener)
{
    struct native *n = calloc(1, sizeof *n);

    if (!n)
        abort();
    n->loop = loop;
    n->to = *listener;
    n->errands = (struct errands){ .loop = loop, .to = &n->to };
    return n;
}

void native_free(struct native *n)
{
    struct pending *p, *next;

    if (!n)
        return;
    sd_event_source_disable_unref(n->source);
    sandbox_client_close(n->client);
    errand_forget(&n->errands);
    HASH_ITER (hh, n->pending, p, next)
        pending_free(n, p);
    free(n);
}

const struct runtime_ops native_ops = {
    .name = "native",
    .connect = native_connect,
    .network = native_network,
    .volume_remove = native_volume_remove,
    .launch = native_launch,
    .signal = native_signal,
    .freeze = native_freeze,
    .stats = native_stats,
    .input = native_input,
    .limits = native_limits,
    .hosts = native_hosts,
    .files = native_files,
    .take_ports = native_take_ports,
    .inbound = native_inbound,
    .children = native_children,
    .is_running = native_is_running,
    .remove = native_remove,
    .exec = native_exec,
    .exec_end = native_exec_end,
    .probe = native_probe,
    .upkeep = native_upkeep,
    .errand = native_errand,
    .quit = native_quit,
};
