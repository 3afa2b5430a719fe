#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/running.h"
#include "sandbox/broker.h"
#include "sandbox/contents.h"
#include "sandbox/failpoint.h"
#include "sandbox/limits.h"
#include "sandbox/names.h"
#include "sandbox/policy.h"
#include "sandbox/stages.h"
#include "sandbox/stats.h"

typedef int handler(struct broker *b, struct request *r, struct answer *a, struct err *e);

/* json_unpack with every key named and no other allowed */
#define UNPACK(r, e, ...)                                                                          \
    unpack_result(json_unpack_ex((r)->fields, &why, JSON_STRICT, __VA_ARGS__), &why, e)

static int unpack_result(int failed, const json_error_t *why, struct err *e)
{
    return failed ? err_set(e, -EINVAL, "request: %s", why->text) : 0;
}

static int find(struct broker *b, const char *id, struct guest **out, struct err *e)
{
    struct guest *g = NULL;

    HASH_FIND_STR(b->guests, id, g);
    if (!g)
        return err_set(e, -ENOENT, "there is no instance '%.128s'", id);
    *out = g;
    return 0;
}

/* the requests that name an instance and nothing else */
static int find_only(struct broker *b, struct request *r, struct guest **out, struct err *e)
{
    json_error_t why;
    const char *id = NULL;
    int failed = UNPACK(r, e, "{s:s}", "id", &id);

    return failed < 0 ? failed : find(b, id, out, e);
}

static int take_no_fields(struct request *r, struct err *e)
{
    json_error_t why;

    return UNPACK(r, e, "{}");
}

static int on_hello(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    const char *version = NULL;
    int failed = UNPACK(r, e, "{s:s}", "version", &version);

    if (failed < 0)
        return failed;
    a->fields = json_pack("{s:s,s:s}", "version", VERSION, "cgroup", b->cgroup->name);
    return 0;
}

static int on_network_create(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    (void) a;
    return network_create(b, r->fields, e);
}

static int on_network_remove(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    const char *project = NULL, *bridge = NULL;
    int failed = UNPACK(r, e, "{s:s,s:s}", "project", &project, "bridge", &bridge);

    (void) a;
    if (failed == 0)
        failed = policy_bridge(bridge, e);
    return failed < 0 ? failed : network_remove(b, project, bridge, e);
}

static int on_launch(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    json_t *spec = NULL;
    struct guest *g = NULL, *known = NULL;
    int failed = UNPACK(r, e, "{s:o}", "spec", &spec);

    (void) a;
    if (failed == 0)
        failed = guest_new(spec, &g, e);
    if (failed < 0)
        return failed;
    HASH_FIND_STR(b->guests, g->id, known);
    if (known && known->removal) {
        lifecycle_finish_removals(b);
        known = NULL;
    }
    if (known)
        failed = err_set(e, -EEXIST, "instance '%s' exists already", g->id);
    else if (HASH_COUNT(b->guests) >= LIMIT_INSTANCES)
        failed = err_set(e, -E2BIG, "there are %d instances already", LIMIT_INSTANCES);
    else
        failed = policy_spec(&g->spec, r->n_fds, e);
    if (failed == 0)
        failed = permit_spec(b->permit, &g->spec, e);
    if (failed == 0)
        failed = launch(b, g, r->fds, e);
    if (failed < 0) {
        guest_free(g);
        return failed;
    }
    failed = lifecycle_watch(b, g, e);
    FAILPOINT(LAUNCH_WATCHED);
    return failed;
}

static int send_signal(const struct guest *g, int signo, struct err *e)
{
    if (g->state == GUEST_ENDED)
        return err_set(e, -ESRCH, "instance '%s' has ended", g->id);
    if (syscall(SYS_pidfd_send_signal, g->pidfd, signo, NULL, 0) < 0)
        return err_set(e, -errno, "signal %d to '%s': %s", signo, g->id, strerror(errno));
    return 0;
}

static int on_signal(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    const char *id = NULL;
    int signo = 0;
    struct guest *g = NULL;
    int failed = UNPACK(r, e, "{s:s,s:i}", "id", &id, "signo", &signo);

    (void) a;
    if (failed == 0)
        failed = policy_signal(signo, e);
    if (failed == 0)
        failed = find(b, id, &g, e);
    return failed < 0 ? failed : send_signal(g, signo, e);
}

static int on_kill(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    (void) a;
    if (failed < 0 || g->state == GUEST_ENDED)
        return failed;
    (void) b->cgroup->kill(g->id);
    failed = send_signal(g, SIGKILL, e); /* pid 1 takes its pid namespace with it */
    (void) b->cgroup->freeze(g->id, false);
    return failed;
}

static int set_frozen(struct broker *b, struct request *r, bool frozen, struct err *e)
{
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    if (failed == 0 && g->state == GUEST_ENDED)
        failed = err_set(e, -ESRCH, "instance '%s' has ended", g->id);
    if (failed < 0)
        return failed;
    failed = b->cgroup->freeze(g->id, frozen);
    if (failed < 0)
        return err_set(e, failed, "%s '%s': %s", frozen ? "freezing" : "thawing", g->id,
                       failed == -ENOTSUP ? "the host has no freezer" : strerror(-failed));
    return 0;
}

static int on_freeze(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    (void) a;
    return set_frozen(b, r, true, e);
}

static int on_thaw(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    (void) a;
    return set_frozen(b, r, false, e);
}

static int on_limits(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    const char *id = NULL;
    json_t *changes = NULL, *before;
    struct guest *g = NULL;
    int failed = UNPACK(r, e, "{s:s,s?o}", "id", &id, "set", &changes);

    if (failed == 0)
        failed = find(b, id, &g, e);
    if (failed == 0 && g->state == GUEST_ENDED)
        failed = err_set(e, -ESRCH, "instance '%s' has ended", g->id);
    if (failed < 0)
        return failed;
    before = spec_encode_limits(&g->spec.limits);
    if (changes)
        failed = limits_change(b, g, changes, e);
    if (failed == 0)
        a->fields =
            json_pack("{s:O,s:o}", "before", before, "limits", spec_encode_limits(&g->spec.limits));
    json_decref(before);
    return failed;
}

static int on_hosts(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    const char *id = NULL;
    json_t *hosts = NULL;
    struct guest *g = NULL;
    int failed = UNPACK(r, e, "{s:s,s:o}", "id", &id, "hosts", &hosts);

    (void) a;
    if (failed == 0)
        failed = find(b, id, &g, e);
    if (failed == 0 && g->state == GUEST_ENDED)
        failed = err_set(e, -ESRCH, "instance '%s' has ended", g->id);
    return failed < 0 ? failed : names_change(g, hosts, e);
}

static int on_files(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    const char *id = NULL;
    json_t *files = NULL;
    struct guest *g = NULL;
    int failed = UNPACK(r, e, "{s:s,s:o}", "id", &id, "files", &files);

    (void) a;
    if (failed == 0)
        failed = find(b, id, &g, e);
    if (failed == 0 && (g->state != GUEST_RUNNING || g->pid == 0))
        failed = err_set(e, -ESRCH, "instance '%s' does not run", g->id);
    return failed < 0 ? failed : contents_change(g, files, r->fds, r->n_fds, e);
}

static int on_take_ports(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    (void) a;
    if (failed == 0 && g->state == GUEST_ENDED)
        failed = err_set(e, -ESRCH, "instance '%s' has ended", g->id);
    return failed < 0 ? failed : publish_take(b, g, e);
}

static int on_remove(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    (void) a;
    if (failed < 0)
        return failed;
    if (g->state != GUEST_ENDED)
        return err_set(e, -EBUSY, "instance '%s' has not ended", g->id);
    return lifecycle_remove(b, g, r, e);
}

json_t *requests_ports(const struct guest *g)
{
    json_t *ports = json_array();

    for (size_t i = 0; i < g->spec.n_ports; i++)
        (void) json_array_append_new(ports, json_integer(g->spec.ports[i].published));
    return ports;
}

static int on_list(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_t *instances = json_array(), *bridges = json_array();
    int failed = take_no_fields(r, e);

    for (const struct guest *g = b->guests; g; g = g->hh.next)
        (void) json_array_append_new(
            instances, json_pack("{s:s,s:i,s:b,s:I,s:b,s:o,s:o}", "id", g->id, "pid", (int) g->pid,
                                 "ended", (int) (g->state == GUEST_ENDED), "memory_limit",
                                 (json_int_t) g->spec.limits.memory, "frozen",
                                 (int) b->cgroup->is_frozen(g->id), "ports", requests_ports(g),
                                 "shut", publish_shut(g)));
    for (const struct network *n = b->networks; n; n = n->hh.next)
        (void) json_array_append_new(bridges, json_string(n->name));
    a->fields = json_pack("{s:o,s:o}", "instances", instances, "bridges", bridges);
    return failed;
}

static int on_fds(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    if (failed < 0)
        return failed;
    if (g->streams[0] < 0)
        return err_set(e, -ENODATA, "the log pipes of '%s' ended with it", g->id);
    memcpy(a->fds, g->streams, sizeof g->streams);
    a->n_fds = GUEST_STREAM_FDS;
    if (g->notify >= 0)
        a->fds[a->n_fds++] = g->notify;
    return 0;
}

static int on_input(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    if (failed == 0 && g->state == GUEST_ENDED)
        failed = err_set(e, -ESRCH, "instance '%s' has ended", g->id);
    if (failed == 0)
        failed = guest_take_input(g, e);
    if (failed < 0)
        return failed;
    a->fds[0] = g->input;
    a->n_fds = 1;
    return 0;
}

static int on_stats(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct cgroup_stats s = { 0 };
    struct guest *g = NULL;
    int failed = find_only(b, r, &g, e);

    if (failed == 0 && (failed = b->cgroup->stats(g->id, &s)) < 0)
        err_set(e, failed, "statistics of '%s': %s", g->id, strerror(-failed));
    if (failed == 0)
        a->fields = stats_encode(g, &s);
    return failed;
}

static int on_join(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    (void) a;
    return join_start(b, r, e);
}

static int on_join_kill(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    json_int_t tag = 0;
    int failed = UNPACK(r, e, "{s:I}", "join", &tag);

    (void) a;
    return failed < 0 ? failed : join_kill(b, r->from, (uint64_t) tag, e);
}

static int on_daemon(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    auto_free char *path = broker_socket();
    int failed = take_no_fields(r, e);

    if (failed < 0)
        return failed;
    a->fields = running_describe(BROKER_NAME, path);
    (void) json_object_set_new(a->fields, "instances", json_integer(HASH_COUNT(b->guests)));
    return 0;
}

/* Ports are held by one process at a time: this one lets go of everything first. */
static int on_reexec(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    int failed = take_no_fields(r, e);
    pid_t pid = 0;

    if (failed < 0)
        return failed;
    broker_let_go(b);
    failed = successor_start(BROKER_NAME, &b->heritage, b->exit_idle, &pid, e);
    b->turn = failed < 0 ? BROKER_COMES_BACK : BROKER_LEAVES;
    if (failed == 0)
        a->fields = json_pack("{s:i}", "pid", (int) pid);
    return failed;
}

static int on_quit(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    int failed = take_no_fields(r, e);

    (void) a;
    lifecycle_finish_removals(b);
    if (failed == 0 && b->guests)
        failed = err_set(e, -EBUSY, "there are %u instances", HASH_COUNT(b->guests));
    if (failed < 0)
        return failed;
    network_remove_unused(b); /* of an `up` in the middle of which a broker ended */
    b->quit_asked = true;
    return 0;
}

static const struct {
    const char *op;
    handler *run;
} handlers[] = {
    { "hello", on_hello },
    { "network_create", on_network_create },
    { "network_remove", on_network_remove },
    { "volume_remove", trash_volume_remove },
    { "volumes", trash_volumes },
    { "trash_restore", trash_restore },
    { "trash_purge", trash_purge },
    { "trash_expire", trash_expire },
    { "leftovers", leftovers },
    { "launch", on_launch },
    { "signal", on_signal },
    { "kill", on_kill },
    { "freeze", on_freeze },
    { "thaw", on_thaw },
    { "limits", on_limits },
    { "hosts", on_hosts },
    { "files", on_files },
    { "take_ports", on_take_ports },
    { "remove", on_remove },
    { "list", on_list },
    { "fds", on_fds },
    { "input", on_input },
    { "stats", on_stats },
    { "join", on_join },
    { "join_kill", on_join_kill },
    { "quit", on_quit },
    { "daemon", on_daemon },
    { "reexec", on_reexec },
};

int requests_run(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    const char *op = json_string_value(json_object_get(r->fields, "op"));
    handler *run = NULL;
    int result;

    for (size_t i = 0; op && i < ARRAY_LEN(handlers) && !run; i++)
        run = strcmp(handlers[i].op, op) == 0 ? handlers[i].run : NULL;
    if (!run)
        return err_set(e, -EINVAL, "request: unknown op '%.32s'", op ? op : "");
    /* the handlers unpack strictly, and these two are the dispatcher's */
    (void) json_object_del(r->fields, "op");
    (void) json_object_del(r->fields, "tag");
    result = run(b, r, a, e);
    if (result < 0)
        log_line(LOG_WARN, "request refused reason=\"%s\" errno=%d", e->msg, -result);
    return result;
}

json_t *requests_exit_event(const struct guest *g)
{
    int status = g->end.status;

    return json_pack("{s:s,s:s,s:i,s:i,s:s,s:i,s:b,s:I,s:I}", "event", "exit", "id", g->id, "code",
                     WIFEXITED(status) ? WEXITSTATUS(status) : 0, "signal",
                     WIFSIGNALED(status) ? WTERMSIG(status) : 0, "stage", stages_text(g->end.stage),
                     "errno", (int) g->end.error, "oom", (int) g->oom, "memory_limit",
                     (json_int_t) g->memory_limit, "time_us", (json_int_t) g->end.time_us);
}
