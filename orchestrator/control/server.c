#include "control/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "base/fdpass.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/running.h"
#include "control/authz.h"
#include "control/proto.h"
#include "control/replace.h"
#include "model/project_json.h"

/* A reader that lets this much pile up is not reading any more. */
enum { OUT_MAX = 8 * 1024 * 1024, READ_STEP = 64 * 1024, EXEC_FDS = 3 };
/* What a reader of an output may be behind: more than a service writes in one turn of the loop. */
enum { BEHIND_MAX = 4 * 1024 * 1024 };

struct connection {
    struct server *server;
    int fd;
    enum role role;
    char by[64]; /* who it is, for the journal */
    sd_event_source *io;
    char *in, *out;
    size_t in_used, in_room, out_used;
    bool awaits_rest;  /* see supervisor_rest */
    int fds[EXEC_FDS]; /* received for the next `exec` */
    size_t n_fds;
    int gift; /* goes with the byte at gift_at of `out`; -1: none */
    size_t gift_at;
    uint64_t missed; /* bytes of an output that it was too slow for */
    struct connection *next, *prev;
};

struct server {
    sd_event *loop;
    struct supervisor *supervisor;
    char *path;
    int fd;
    sd_event_source *io, *turn;
    struct connection *connections;
    struct replacement *replacement;
};

static void connection_free(struct connection *c)
{
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
static void say(struct connection *c, json_t *message)
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

static json_t *error_object(const struct err *e, const char *service, const char *phase)
{
    return json_pack("{s:{s:s,s:i,s:s,s:s,s:s,s:s}}", "error", "class", err_class_text(e->class),
                     "exit", (int) e->class, "what", e->msg, "service", service, "phase", phase,
                     "next", e->hint);
}

static void on_operation_event(void *owner, json_t *event)
{
    say(owner, json_pack("{s:O}", "event", event));
}

static void say_failure(struct connection *c, const struct operation_failure *failure)
{
    json_t *message = error_object(&failure->why, failure->service, failure->phase);

    (void) json_object_set_new(message, "ending",
                               json_boolean(supervisor_is_ending(c->server->supervisor)));
    say(c, message);
}

static void on_operation_done(void *owner, const struct operation_failure *failure)
{
    struct connection *c = owner;

    if (failure)
        say_failure(c, failure);
    else
        say(c, json_pack("{s:b,s:b}", "done", 1, "ending",
                         supervisor_is_ending(c->server->supervisor)));
}

static void do_hello(struct connection *c)
{
    /* a client that starts a missing broker says hello next: try at once, not at the next tick */
    bool runtime = supervisor_connect(c->server->supervisor, NULL) == 0;

    say(c, json_pack("{s:{s:i,s:s,s:b,s:s}}", "hello", "protocol", PROTO_VERSION, "version",
                     VERSION, "runtime", runtime, "role", role_text[c->role]));
}

static int find_operation(const char *word, enum operation_kind *out)
{
    for (int i = 0; i < OP_KIND_COUNT; i++) {
        if (strcmp(operation_text[i], word) != 0)
            continue;
        *out = (enum operation_kind) i;
        return 0;
    }
    return -EINVAL;
}

static int read_definition(json_t *json, struct supervisor_request *r, struct err *e)
{
    auto_free char *text = NULL;
    int code;

    if (!json)
        return r->kind == OP_UP ? err_set(e, -EINVAL, "'up' needs a definition") : 0;
    text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    code = project_from_json(text ? text : "", text ? strlen(text) : 0, &r->definition, e);
    if (code == 0)
        r->project = r->definition->name;
    return code;
}

static int begin(struct connection *c, json_t *message, struct err *e)
{
    struct watcher watcher = { .owner = c, .event = on_operation_event, .done = on_operation_done };
    struct supervisor_request r = { 0 };
    json_t *services = NULL, *definition = NULL;
    auto_free const char **names = NULL;
    const char *op, *operation;
    int keep = 0, no_wait = 0, no_deps = 0, with_volumes = 0, deps_only = 0, code;
    json_int_t ready_us = 0, grace_us = -1;
    json_error_t where;

    if (json_unpack_ex(message, &where, JSON_STRICT,
                       "{s:s,s:s,s?s,s?o,s?o,s?b,s?b,s?b,s?b,s?b,s?I,s?I}", "op", &op, "operation",
                       &operation, "project", &r.project, "definition", &definition, "services",
                       &services, "keep", &keep, "no_wait", &no_wait, "no_deps", &no_deps,
                       "volumes", &with_volumes, "deps_only", &deps_only, "ready_us", &ready_us,
                       "grace_us", &grace_us) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    if (find_operation(operation, &r.kind) < 0)
        return err_set(e, -EINVAL, "request: unknown operation '%s'", operation);
    r.volumes = with_volumes && r.kind == OP_DOWN;
    code = read_definition(r.kind == OP_UP || r.kind == OP_RESTART || r.volumes ? definition : NULL,
                           &r, e);
    if (code < 0)
        return code;
    if (!r.project)
        return err_set(e, -EINVAL, "request: which project?");
    if (json_array_size(services) > 0) {
        names = calloc(json_array_size(services) + 1, sizeof *names);
        for (size_t n = 0; names && n < json_array_size(services); n++)
            names[n] = json_string_value(json_array_get(services, n));
        r.services = names;
    }
    r.by = c->by;
    r.keep = keep;
    r.no_wait = no_wait;
    r.no_deps = no_deps;
    r.deps_only = deps_only;
    r.ready_us = ready_us > 0 ? (uint64_t) ready_us : 0;
    r.has_grace = grace_us >= 0;
    r.grace_us = r.has_grace ? (uint64_t) grace_us : 0;
    return supervisor_begin(c->server->supervisor, &r, &watcher, e);
}

static void on_exec_done(void *owner, const struct runtime_answer *how)
{
    say(owner, json_pack("{s:{s:i,s:i,s:i,s:s}}", "exit", "code", how->code, "signal", how->signal,
                         "errno", how->error, "what", how->output));
}

/* the strings of a list, NULL-terminated, valid as long as the list; -EINVAL for anything else */
static int strings_of(const json_t *list, const char ***out)
{
    const char **v = calloc(json_array_size(list) + 1, sizeof *v);

    if (!v)
        abort();
    *out = v;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!(v[i] = json_string_value(json_array_get(list, i))))
            return -EINVAL;
    return 0;
}

/* what exec and run say of a command; *argv and *env are the caller's to free */
static int take_command(const struct connection *c, const json_t *argv_list, const json_t *env_list,
                        const char ***argv, const char ***env, struct runtime_exec *out,
                        struct err *e)
{
    if (strings_of(argv_list, argv) < 0 || strings_of(env_list, env) < 0 || !(*argv)[0])
        return err_set(e, -EINVAL, "request: 'argv' and 'env' must be lists of texts");
    if (c->n_fds != EXEC_FDS)
        return err_set(e, -EINVAL, "request: a command needs stdin, stdout and stderr");
    out->argv = *argv;
    out->env = *env;
    out->fds = c->fds;
    return 0;
}

static int exec(struct connection *c, json_t *message, struct err *e)
{
    struct exec_watcher watcher = { .owner = c, .done = on_exec_done };
    struct supervisor_exec x = { 0 };
    auto_free const char **argv = NULL, **env = NULL;
    json_t *argv_list = NULL, *env_list = NULL;
    json_error_t where;
    const char *op;
    int r, detach = 0, index = 1;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:s,s?i,s:o,s?o,s?s,s?s,s?b}", "op",
                       &op, "project", &x.project, "service", &x.service, "index", &index, "argv",
                       &argv_list, "env", &env_list, "workdir", &x.command.workdir, "user",
                       &x.command.user, "detach", &detach) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    r = take_command(c, argv_list, env_list, &argv, &env, &x.command, e);
    if (r < 0)
        return r;
    x.command.detach = detach;
    x.index = index > 0 ? (unsigned) index : 0;
    r = supervisor_exec(c->server->supervisor, &x, &watcher, e);
    fdpass_close(c->fds, c->n_fds);
    c->n_fds = 0;
    return r;
}

static int run(struct connection *c, json_t *message, struct err *e)
{
    struct exec_watcher watcher = { .owner = c, .done = on_exec_done };
    struct supervisor_run r = { 0 };
    auto_free const char **argv = NULL, **env = NULL;
    auto_free char *text = NULL;
    json_t *argv_list = NULL, *env_list = NULL, *definition = NULL;
    json_error_t where;
    const char *op;
    int code, detach = 0;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:o,s:o,s?o,s?s,s?s,s:s,s?b}", "op",
                       &op, "service", &r.service, "definition", &definition, "argv", &argv_list,
                       "env", &env_list, "workdir", &r.command.workdir, "user", &r.command.user,
                       "name", &r.name, "detach", &detach) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    code = take_command(c, argv_list, env_list, &argv, &env, &r.command, e);
    if (code < 0)
        return code;
    text = json_dumps(definition, JSON_COMPACT | JSON_ENCODE_ANY);
    code = project_from_json(text ? text : "", text ? strlen(text) : 0, &r.definition, e);
    if (code < 0)
        return code;
    r.command.detach = detach;
    code = supervisor_run(c->server->supervisor, &r, &watcher, e);
    fdpass_close(c->fds, c->n_fds);
    c->n_fds = 0;
    return code;
}

static void on_attached(void *owner, const struct instance *i, int input)
{
    struct connection *c = owner;

    if (input > 0 && c->gift < 0) {
        c->gift = fcntl(input, F_DUPFD_CLOEXEC, 0);
        c->gift_at = c->out_used;
    }
    say(c, json_pack("{s:{s:s,s:i,s:b,s:b}}", "attached", "service", i->label, "pid", i->pid,
                     "terminal", i->unit && i->unit->tty, "reads", i->unit && i->unit->stdin_open));
}

static void on_output(void *owner, const char *stream, const char *bytes, size_t len)
{
    struct connection *c = owner;
    auto_free char *text = NULL;
    size_t text_len = 0;

    if (c->out_used > BEHIND_MAX) {
        c->missed += len;
        return;
    }
    if (c->missed > 0)
        say(c, json_pack("{s:I}", "missed", (json_int_t) c->missed));
    c->missed = 0;
    text = bytetext_encode(bytes, len, &text_len);
    say(c, json_pack("{s:{s:s,s:s%}}", "output", "stream", stream, "text", text, text_len));
}

static void on_attached_done(void *owner, const struct exit_info *how, const struct err *why)
{
    struct connection *c = owner;
    char text[160] = "";

    if (c->missed > 0)
        say(c, json_pack("{s:I}", "missed", (json_int_t) c->missed));
    c->missed = 0;
    if (how && how->stage[0] != '\0')
        exit_describe(how, text, sizeof text);
    say(c, why ? error_object(why, "", "")
               : json_pack("{s:{s:i,s:i,s:i,s:s}}", "exit", "code", how->code, "signal",
                           how->signal, "errno", how->error, "what", text));
}

static int attach(struct connection *c, json_t *message, struct err *e)
{
    struct attach_watcher watcher = {
        .owner = c, .begun = on_attached, .output = on_output, .done = on_attached_done
    };
    struct supervisor_attach a = { 0 };
    json_error_t where;
    const char *op;
    int index = 1, input = 0;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:s,s?i,s?b}", "op", &op, "project",
                       &a.project, "service", &a.service, "index", &index, "input", &input) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    a.index = index > 0 ? (unsigned) index : 0;
    a.input = input;
    return supervisor_attach(c->server->supervisor, &a, &watcher, e);
}

static int send_signal(struct connection *c, json_t *message, struct err *e)
{
    auto_free const char **services = NULL;
    const char *op, *project;
    json_t *list = NULL, *killed = NULL;
    json_error_t where;
    int signo = 0, index = 0, r;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:o,s:i,s?i}", "op", &op, "project",
                       &project, "services", &list, "signal", &signo, "index", &index) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    if (strings_of(list, &services) < 0)
        return err_set(e, -EINVAL, "request: 'services' must be a list of texts");
    if (signo < 1 || signo > SIGRTMAX || signo == SIGSTOP || signo == SIGCONT || signo == SIGCHLD) {
        err_set(e, -EINVAL, "signal %d cannot be sent to a service", signo);
        return err_classify(e, ERR_USAGE);
    }
    r = supervisor_kill(c->server->supervisor, project, services[0] ? services : NULL,
                        index > 0 ? (unsigned) index : 0, signo, &killed, e);
    if (r == 0)
        say(c, json_pack("{s:o}", "killed", killed));
    return r;
}

static void on_inquiry_done(void *owner, json_t *instances, const struct err *why)
{
    say(owner, why ? error_object(why, "", "") : json_pack("{s:O}", "instances", instances));
}

static int inquire(struct connection *c, json_t *message, enum inquiry_kind kind, struct err *e)
{
    struct inquiry_watcher watcher = { .owner = c, .done = on_inquiry_done };
    struct supervisor_inquiry r = { .kind = kind };
    auto_free const char **services = NULL;
    json_t *list = NULL, *set = NULL;
    json_error_t where;
    const char *op;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:o,s?o}", "op", &op, "project",
                       &r.project, "services", &list, "set", &set) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    if (strings_of(list, &services) < 0)
        return err_set(e, -EINVAL, "request: 'services' must be a list of texts");
    if (set && kind != INQUIRY_LIMITS)
        return err_set(e, -EINVAL, "request: '%s' sets nothing", op);
    r.services = services[0] ? services : NULL;
    r.set = set;
    return supervisor_inquire(c->server->supervisor, &r, &watcher, e);
}

/* ---- the programs of the manager themselves ---- */

static void say_message(void *client, json_t *message)
{
    say(client, message);
}

static void say_error(void *client, const struct err *e)
{
    say(client, error_object(e, "", ""));
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

static void say_daemons(struct connection *c, json_t *broker)
{
    say(c,
        json_pack("{s:[o,o]}", "daemons", running_describe("ipam-orchd", c->server->path), broker));
}

static void on_broker_described(void *owner, const struct runtime_answer *how)
{
    say_daemons(owner,
                how->ok ? json_deep_copy(how->fields)
                        : json_pack("{s:s,s:s}", "program", "ipam-sandboxd", "error", how->output));
}

static void describe(struct connection *c)
{
    struct exec_watcher watcher = { .owner = c, .done = on_broker_described };
    struct err e = ERR_INIT;

    (void) supervisor_connect(c->server->supervisor, NULL); /* not at the next tick, as for hello */
    if (supervisor_ask_runtime(c->server->supervisor, "daemon", &watcher, &e) < 0)
        say_daemons(c, json_pack("{s:s,s:s}", "program", "ipam-sandboxd", "error", e.msg));
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
        say(c, json_pack("{s:b}", "done", 1));
    }
    return 0;
}

static int reexec(struct connection *c, json_t *message, struct err *e)
{
    const char *op, *program;
    json_error_t where;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s}", "op", &op, "program", &program) <
        0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    log_line(LOG_NOTE, "%s asks for a new %s", c->by, program);
    return replacement_ask(c->server->replacement, program, c, e);
}

/* who, what and where; not with which words, which may be secret */
static void note_request(const struct connection *c, const char *op, const json_t *message)
{
    const json_t *definition = json_object_get(message, "definition");
    const json_t *service = json_object_get(message, "service");
    const char *project = json_string_value(definition ? json_object_get(definition, "name")
                                                       : json_object_get(message, "project"));

    if (!project || strcmp(op, "begin") == 0 ||
        (strcmp(op, "limits") == 0 && !json_object_get(message, "set")))
        return;
    supervisor_asked(c->server->supervisor, project, op, c->by,
                     service ? service : json_object_get(message, "services"));
}

static int dispatch(struct connection *c, json_t *message, struct err *e)
{
    const char *op = json_string_value(json_object_get(message, "op"));

    if (!op)
        return err_set(e, -EINVAL, "request: no 'op'");
    if (strcmp(op, "hello") == 0) {
        do_hello(c);
        return 0;
    }
    if (strcmp(op, "status") == 0) {
        say(c,
            json_pack("{s:o}", "status",
                      supervisor_status(c->server->supervisor,
                                        json_string_value(json_object_get(message, "project")))));
        return 0;
    }
    if (strcmp(op, "stats") == 0)
        return inquire(c, message, INQUIRY_STATS, e);
    if (strcmp(op, "daemon") == 0) {
        describe(c);
        return 0;
    }
    if (c->role != ROLE_OPERATOR) {
        err_set(e, -EPERM, "permission denied: '%s' needs an operator", op);
        err_hint(e, "run it as root or as a member of the group ipam-orch");
        return err_classify(e, ERR_DENIED);
    }
    note_request(c, op, message);
    if (strcmp(op, "begin") == 0)
        return begin(c, message, e);
    if (strcmp(op, "kill") == 0)
        return send_signal(c, message, e);
    if (strcmp(op, "exec") == 0)
        return exec(c, message, e);
    if (strcmp(op, "run") == 0)
        return run(c, message, e);
    if (strcmp(op, "attach") == 0)
        return attach(c, message, e);
    if (strcmp(op, "pause") == 0)
        return inquire(c, message, INQUIRY_PAUSE, e);
    if (strcmp(op, "limits") == 0)
        return inquire(c, message, INQUIRY_LIMITS, e);
    if (strcmp(op, "rest") == 0) {
        log_line(LOG_NOTE, "%s asks for everything to stop", c->by);
        c->awaits_rest = true;
        supervisor_rest(c->server->supervisor);
        return 0;
    }
    if (strcmp(op, "reexec") == 0)
        return reexec(c, message, e);
    if (strcmp(op, "unpause") == 0)
        return inquire(c, message, INQUIRY_UNPAUSE, e);
    return err_set(e, -EINVAL, "request: unknown op '%s'", op);
}

static void handle_line(struct connection *c, const char *line, size_t len)
{
    json_error_t where;
    json_t *message = json_loadb(line, len, 0, &where);
    struct err e = ERR_INIT;
    int r;

    if (message)
        r = dispatch(c, message, &e);
    else
        r = err_set(&e, -EINVAL, "request: %s", where.text);
    if (r < 0)
        say(c, error_object(&e, "", ""));
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

static int listen_at(const char *path, struct err *e)
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
        chmod(path, 0666) < 0 || listen(fd, SOMAXCONN) < 0)
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
    int fd = h->listener >= 0 ? h->listener : listen_at(config->path, e);
    struct server *s;
    int r;

    if (fd < 0)
        return fd;
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
    (void) unlink(s->path);
    close(s->fd);
    free(s->path);
    free(s);
}
