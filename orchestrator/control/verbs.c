/* What is asked on the control socket, one function per word, see proto.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "base/fdpass.h"
#include "base/log.h"
#include "base/running.h"
#include "control/proto.h"
#include "control/replace.h"
#include "control/server_impl.h"
#include "engine/upkeep.h"
#include "model/project_json.h"

/* What a reader of an output may be behind: more than a service writes in one turn of the loop. */
enum { BEHIND_MAX = 4 * 1024 * 1024 };

static json_t *error_object(const struct err *e, const char *service, const char *phase)
{
    return json_pack("{s:{s:s,s:i,s:s,s:s,s:s,s:s}}", "error", "class", err_class_text(e->class),
                     "exit", (int) e->class, "what", e->msg, "service", service, "phase", phase,
                     "next", e->hint);
}

void connection_fail(struct connection *c, const struct err *why)
{
    connection_say(c, error_object(why, "", ""));
}

static void on_operation_event(void *owner, json_t *event)
{
    connection_say(owner, json_pack("{s:O}", "event", event));
}

static void say_failure(struct connection *c, const struct operation_failure *failure)
{
    json_t *message = error_object(&failure->why, failure->service, failure->phase);

    if (failure->details)
        (void) json_object_set(json_object_get(message, "error"), "details", failure->details);
    (void) json_object_set_new(message, "ending",
                               json_boolean(supervisor_is_ending(c->server->supervisor)));
    connection_say(c, message);
}

static void on_operation_done(void *owner, const struct operation_failure *failure)
{
    struct connection *c = owner;

    if (failure)
        say_failure(c, failure);
    else
        connection_say(c, json_pack("{s:b,s:b}", "done", 1, "ending",
                                    supervisor_is_ending(c->server->supervisor)));
}

static int do_hello(struct connection *c, json_t *message, struct err *e)
{
    /* a client that starts a missing broker says hello next: try at once, not at the next tick */
    bool runtime = supervisor_connect(c->server->supervisor, NULL) == 0;

    connection_say(c,
                   json_pack("{s:{s:i,s:s,s:b,s:s}}", "hello", "protocol", PROTO_VERSION, "version",
                             VERSION, "runtime", runtime, "role", role_text[c->role]));
    (void) message, (void) e;
    return 0;
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
    int keep = 0, no_wait = 0, no_deps = 0, with_volumes = 0, deps_only = 0, back = 0, as_is = 0;
    int purge = 0, code;
    json_int_t ready_us = 0, grace_us = -1, canaries = 0;
    json_error_t where;

    if (json_unpack_ex(message, &where, JSON_STRICT,
                       "{s:s,s:s,s?s,s?o,s?o,s?b,s?b,s?b,s?b,s?b,s?b,s?b,s?b,s?I,s?I,s?I}", "op",
                       &op, "operation", &operation, "project", &r.project, "definition",
                       &definition, "services", &services, "keep", &keep, "no_wait", &no_wait,
                       "no_deps", &no_deps, "volumes", &with_volumes, "purge", &purge, "deps_only",
                       &deps_only, "back", &back, "as_is", &as_is, "ready_us", &ready_us,
                       "grace_us", &grace_us, "canaries", &canaries) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    if (find_operation(operation, &r.kind) < 0)
        return err_set(e, -EINVAL, "request: unknown operation '%s'", operation);
    r.volumes = with_volumes && r.kind == OP_DOWN;
    r.purge = purge;
    code = read_definition(
        r.kind == OP_UP || r.kind == OP_RESTART || r.kind == OP_UPDATE || r.volumes ? definition
                                                                                    : NULL,
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
    r.back = back;
    r.as_is = as_is;
    r.canaries = canaries > 0 && canaries <= UINT16_MAX ? (unsigned) canaries : 0;
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
    connection_say(owner, json_pack("{s:{s:i,s:i,s:i,s:s}}", "exit", "code", how->code, "signal",
                                    how->signal, "errno", how->error, "what", how->output));
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
    connection_say(c, json_pack("{s:{s:s,s:i,s:b,s:b}}", "attached", "service", i->label, "pid",
                                i->pid, "terminal", i->unit && i->unit->tty, "reads",
                                i->unit && i->unit->stdin_open));
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
        connection_say(c, json_pack("{s:I}", "missed", (json_int_t) c->missed));
    c->missed = 0;
    text = bytetext_encode(bytes, len, &text_len);
    connection_say(c,
                   json_pack("{s:{s:s,s:s%}}", "output", "stream", stream, "text", text, text_len));
}

static void on_attached_done(void *owner, const struct exit_info *how, const struct err *why)
{
    struct connection *c = owner;
    char text[160] = "";

    if (c->missed > 0)
        connection_say(c, json_pack("{s:I}", "missed", (json_int_t) c->missed));
    c->missed = 0;
    if (how && how->stage[0] != '\0')
        exit_describe(how, text, sizeof text);
    connection_say(c, why ? error_object(why, "", "")
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
        connection_say(c, json_pack("{s:o}", "killed", killed));
    return r;
}

static void on_inquiry_done(void *owner, json_t *instances, const struct err *why)
{
    connection_say(owner,
                   why ? error_object(why, "", "") : json_pack("{s:O}", "instances", instances));
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

static void say_daemons(struct connection *c, json_t *broker)
{
    connection_say(c, json_pack("{s:[o,o]}", "daemons",
                                running_describe("ipam-orchd", c->server->path), broker));
}

static void on_broker_described(void *owner, const struct runtime_answer *how)
{
    say_daemons(owner,
                how->ok ? json_deep_copy(how->fields)
                        : json_pack("{s:s,s:s}", "program", "ipam-sandboxd", "error", how->output));
}

static int describe(struct connection *c, json_t *message, struct err *e)
{
    struct exec_watcher watcher = { .owner = c, .done = on_broker_described };
    struct err why = ERR_INIT;

    (void) message, (void) e;
    (void) supervisor_connect(c->server->supervisor, NULL); /* not at the next tick, as for hello */
    if (supervisor_ask_runtime(c->server->supervisor, "daemon", NULL, &watcher, &why) < 0)
        say_daemons(c, json_pack("{s:s,s:s}", "program", "ipam-sandboxd", "error", why.msg));
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

    if (!project || strcmp(op, "begin") == 0 || strcmp(op, "definition") == 0 ||
        strcmp(op, "note") == 0 || strcmp(op, "probe") == 0 ||
        (strcmp(op, "limits") == 0 && !json_object_get(message, "set")))
        return;
    supervisor_asked(c->server->supervisor, project, op, c->by,
                     service ? service : json_object_get(message, "services"));
}

static int status(struct connection *c, json_t *message, struct err *e)
{
    const char *project = json_string_value(json_object_get(message, "project"));

    (void) e;
    connection_say(c,
                   json_pack("{s:o}", "status", supervisor_status(c->server->supervisor, project)));
    return 0;
}

static int definition(struct connection *c, json_t *message, struct err *e)
{
    const char *name = json_string_value(json_object_get(message, "project"));
    auto_free char *text = NULL;
    int r = supervisor_definition(c->server->supervisor, name ? name : "", &text, e);

    if (r < 0)
        return r;
    connection_say(c, json_pack("{s:o}", "definition", json_loads(text, 0, NULL)));
    explicit_bzero(text, strlen(text));
    return 0;
}

static int stats(struct connection *c, json_t *message, struct err *e)
{
    return inquire(c, message, INQUIRY_STATS, e);
}

static int probe(struct connection *c, json_t *message, struct err *e)
{
    return inquire(c, message, INQUIRY_PROBE, e);
}

static int pause_(struct connection *c, json_t *message, struct err *e)
{
    return inquire(c, message, INQUIRY_PAUSE, e);
}

static int unpause(struct connection *c, json_t *message, struct err *e)
{
    return inquire(c, message, INQUIRY_UNPAUSE, e);
}

static int limits(struct connection *c, json_t *message, struct err *e)
{
    return inquire(c, message, INQUIRY_LIMITS, e);
}

static void on_renewed(void *owner, json_t *instances, const struct err *why)
{
    connection_say(owner, why ? error_object(why, "", "")
                              : json_pack("{s:b,s:O}", "done", 1, "instances", instances));
}

static int renew(struct connection *c, json_t *message, struct err *e)
{
    struct inquiry_watcher watcher = { .owner = c, .done = on_renewed };
    struct supervisor_renewal r = { 0 };
    json_t *secrets = NULL, *digests = NULL;
    json_error_t where;
    const char *op;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:o,s?o}", "op", &op, "project",
                       &r.project, "secrets", &secrets, "digests", &digests) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    if (json_object_size(secrets) == 0 || (digests && !json_is_object(digests)))
        return err_set(e, -EINVAL, "request: 'secrets' and 'digests' are values by name");
    r.secrets = secrets;
    r.digests = digests;
    return supervisor_renew(c->server->supervisor, &r, &watcher, e);
}

/* Something that a procedure has found out or done, for the journal of the project. */
static int note(struct connection *c, json_t *message, struct err *e)
{
    const char *op, *project, *event;
    json_t *details = NULL;
    json_error_t where;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:s,s?o}", "op", &op, "project",
                       &project, "event", &event, "details", &details) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    if (supervisor_noted(c->server->supervisor, project, event, c->by, details, e) < 0)
        return e->code;
    connection_say(c, json_pack("{s:b}", "done", 1));
    return 0;
}

static int rest(struct connection *c, json_t *message, struct err *e)
{
    (void) message, (void) e;
    log_line(LOG_NOTE, "%s asks for everything to stop", c->by);
    c->awaits_rest = true;
    supervisor_rest(c->server->supervisor);
    return 0;
}

static const struct verb {
    const char *op;
    enum role role; /* who may ask it at least */
    int (*run)(struct connection *c, json_t *message, struct err *e);
} verbs[] = {
    { "hello", ROLE_VIEWER, do_hello },
    { "status", ROLE_VIEWER, status },
    { "stats", ROLE_VIEWER, stats },
    { "daemon", ROLE_VIEWER, describe },
    { "schedules", ROLE_VIEWER, verbs_schedules },
    { "schedule", ROLE_OPERATOR, verbs_schedule },
    { "storage", ROLE_OPERATOR, verbs_storage },
    { "leftovers", ROLE_OPERATOR, verbs_leftovers },
    { "begin", ROLE_OPERATOR, begin },
    { "kill", ROLE_OPERATOR, send_signal },
    { "exec", ROLE_OPERATOR, exec },
    { "run", ROLE_OPERATOR, run },
    { "attach", ROLE_OPERATOR, attach },
    { "pause", ROLE_OPERATOR, pause_ },
    { "unpause", ROLE_OPERATOR, unpause },
    { "limits", ROLE_OPERATOR, limits },
    { "probe", ROLE_OPERATOR, probe },
    { "renew", ROLE_OPERATOR, renew },
    { "note", ROLE_OPERATOR, note },
    { "rest", ROLE_OPERATOR, rest },
    { "reexec", ROLE_OPERATOR, reexec },
    { "definition", ROLE_OPERATOR, definition },
};

int verbs_dispatch(struct connection *c, json_t *message, struct err *e)
{
    const char *op = json_string_value(json_object_get(message, "op"));
    const struct verb *verb = NULL;

    if (!op)
        return err_set(e, -EINVAL, "request: no 'op'");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].op, op) == 0)
            verb = &verbs[i];
    if (c->role != ROLE_OPERATOR && (!verb || verb->role == ROLE_OPERATOR)) {
        err_set(e, -EPERM, "permission denied: '%s' needs an operator", op);
        err_hint(e, "run it as root or as a member of the group ipam-orch");
        return err_classify(e, ERR_DENIED);
    }
    if (!verb)
        return err_set(e, -EINVAL, "request: unknown op '%s'", op);
    if (verb->role == ROLE_OPERATOR)
        note_request(c, op, message);
    return verb->run(c, message, e);
}
