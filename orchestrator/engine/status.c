/* What an operator is told of projects, services and their instances. */
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "engine/kept.h"
#include "engine/supervisor_impl.h"
#include "engine/timetable.h"

/* the port of the host it has; 0 while there is a choice and it does not run */
static int published(const struct instance *i, size_t n)
{
    const struct port *p = &i->unit->ports[n];

    if (p->published == p->last && p->published != 0)
        return p->published;
    return i->pid > 0 && n < i->n_ports ? i->ports[n] : 0;
}

/* by what of the host, for other machines */
static const char *shut_by(const struct instance *i, size_t n)
{
    return i->pid > 0 && n < strv_len(i->shut) ? i->shut[n] : "";
}

static json_t *ports_to_json(const struct instance *i)
{
    const struct unit *u = i->unit;
    json_t *ports = json_array();

    for (size_t n = 0; u && n < u->n_ports; n++)
        (void) json_array_append_new(
            ports, json_pack("{s:s,s:i,s:i,s:s,s:s}", "address", u->ports[n].address, "published",
                             published(i, n), "target", (int) u->ports[n].target, "protocol",
                             u->ports[n].udp ? "udp" : "tcp", "shut", shut_by(i, n)));
    return ports;
}

/* it has crashed so often in a row that somebody should look */
static int is_in_crash_loop(const struct instance *i)
{
    enum { CRASHES = 5 };

    return i->crash_streak >= CRASHES && i->want == WANT_RUN &&
           (i->state == STATE_BACKOFF || !i->ready_seen);
}

/* as a shell says it */
static int exit_code(const struct instance *i)
{
    enum { SIGNAL = 128 };

    return i->last.signal > 0 ? SIGNAL + i->last.signal : i->last.code;
}

/* time of day of the next try, 0 = none is due */
static uint64_t next_start(const struct instance *i)
{
    const struct timers *t = i->in->timers;

    if (i->state != STATE_BACKOFF || !timer_is_set(&i->timer))
        return 0;
    return clock_wall_us() + (i->timer.due_us - timers_now(t));
}

static json_t *instance_status(const struct instance *i)
{
    char end[320];
    const char *waits = "";
    uint64_t memory_limit = state_is_live(i->state) ? i->memory_limit
                            : i->unit               ? i->unit->limits.memory
                                                    : 0;

    deployment_describe_end(i, end, sizeof end);
    if (i->state == STATE_WAITING)
        (void) deployment_deps(i->in, i, &waits);
    return json_pack(
        "{s:s,s:s,s:i,s:s,s:s,s:s,s:i,s:i,s:I,s:s,s:s,s:I,s:s,s:s,s:o,s:s,s:i,s:b,s:I}", "service",
        i->name, "name", i->label, "index", (int) i->index, "id", i->id, "state",
        i->paused ? "paused" : state_text[i->state], "health",
        health_text[state_is_live(i->state) ? i->health.health : HEALTH_NONE], "restarts",
        (int) i->restarts, "pid", i->pid, "since_us", (json_int_t) i->since_wall_us, "image",
        i->unit ? i->unit->image : "", "user", i->unit ? i->unit->user : "", "memory_limit",
        (json_int_t) memory_limit, "last_exit", end, "waits_for", waits, "ports", ports_to_json(i),
        "health_output", state_is_live(i->state) ? i->health.last_output : "", "exit_code",
        exit_code(i), "crash_loop", is_in_crash_loop(i), "next_us", (json_int_t) next_start(i));
}

static json_t *needs(const struct unit *u)
{
    json_t *list = json_array();

    for (size_t n = 0; u && n < u->n_deps; n++)
        (void) json_array_append_new(
            list, json_pack("{s:s,s:s,s:b,s:b}", "service", u->deps[n].unit, "condition",
                            dep_condition_text[u->deps[n].condition], "restart", u->deps[n].restart,
                            "required", u->deps[n].required));
    return list;
}

static json_t *more_status(const struct instance *i, json_t *one)
{
    (void) json_object_set_new(one, "depends_on", needs(i->unit));
    (void) json_object_set_new(one, "says", json_string(i->says));
    (void) json_object_set_new(one, "digest", json_string(i->digest));
    (void) json_object_set_new(one, "release", json_string(i->release));
    (void) json_object_set_new(one, "health_failing", json_integer(i->health.failing));
    (void) json_object_set_new(one, "health_log", health_log_to_json(&i->checks));
    (void) json_object_set_new(one, "log_lost",
                               json_integer(i->log ? (json_int_t) capture_log_lost(i->log) : 0));
    return one;
}

static json_t *one_offs(const struct supervisor *s, const struct deployment *d)
{
    json_t *list = json_array();

    for (const struct instance *i = NULL; (i = once_next(s, d, i));)
        (void) json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:i,s:I}", "service",
                                                     i->unit->name, "name", i->name, "state",
                                                     state_text[i->state], "pid", i->pid,
                                                     "since_us", (json_int_t) i->since_wall_us));
    return list;
}

/* optional services that are not here, as [{service, reason}] */
static json_t *absent(const struct project *p)
{
    json_t *out = json_array();

    for (const char *const *one = p->absent; one && *one; one++) {
        const char *colon = strchr(*one, ':');

        if (colon)
            (void) json_array_append_new(
                out, json_pack("{s:o,s:s}", "service", json_stringn(*one, (size_t) (colon - *one)),
                               "reason", colon + 1 + strspn(colon + 1, " ")));
    }
    return out;
}

json_t *supervisor_status(const struct supervisor *s, const char *project)
{
    json_t *projects = json_array();

    for (size_t n = 0; n < s->n_deployments; n++) {
        const struct deployment *d = s->deployments[n];
        json_t *services = json_array();

        if (project && strcmp(project, d->project->name) != 0) {
            json_decref(services);
            continue;
        }
        for (size_t k = 0; k < d->n_instances; k++)
            (void) json_array_append_new(
                services, more_status(d->instances[k], instance_status(d->instances[k])));
        (void) json_array_append_new(
            projects,
            json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "project", d->project->name, "directory",
                      d->project->dir, "operation", d->op ? operation_text[d->op->kind] : "",
                      "services", services, "one_offs", one_offs(s, d), "schedules",
                      timetable_describe(d, false), "kept",
                      kept_describe(s->config.operations_dir, d->project->name), "absent",
                      absent(d->project)));
    }
    return json_pack("{s:o}", "projects", projects);
}
