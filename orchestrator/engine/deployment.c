#include "engine/deployment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "engine/supervisor_impl.h"
#include "engine/timetable.h"
#include "logs/forward.h"
#include "model/graph.h"

static struct instance *instance_alloc(struct deployment *d, const char *name, unsigned index)
{
    struct instance *i = calloc(1, sizeof *i);

    if (!i || !(i->name = strdup(name)) ||
        (index == 1 ? !(i->base = strdup(name)) : asprintf(&i->base, "%s@%u", name, index) < 0) ||
        !(i->label = strdup(i->base)))
        abort();
    i->in = d;
    i->notify = -1;
    i->index = index;
    d->instances = reallocarray(d->instances, d->n_all + 1, sizeof(struct instance *));
    if (!d->instances)
        abort();
    return i;
}

static struct instance *instance_new(struct deployment *d, const char *name, unsigned index)
{
    struct instance *i = instance_alloc(d, name, index);
    size_t at = d->n_instances;

    /* replicas stand together */
    for (size_t n = d->n_instances; n > 0; n--)
        if (strcmp(d->instances[n - 1]->name, name) == 0) {
            at = n;
            break;
        }
    memmove(&d->instances[at + 1], &d->instances[at], (d->n_all - at) * sizeof(struct instance *));
    d->instances[at] = i;
    d->n_instances++;
    d->n_all++;
    d->names++;
    return i;
}

static void instance_free(struct instance *i)
{
    timers_cancel(i->in->timers, &i->timer);
    timers_cancel(i->in->timers, &i->probe_timer);
    notify_close(i);
    capsule_flush(i);
    if (i->in->supervisor)
        attach_gone(i);
    health_log_clear(&i->checks);
    if (i->part == PART_REGULAR) { /* the others write to its log */
        capture_log_free(i->log);
        forward_free(i->forward);
    }
    free(i->ports);
    strv_free(i->shut);
    free(i->name);
    free(i->base);
    free(i->label);
    free(i);
}

static void relabel(struct instance *i, enum part part)
{
    static const char *const suffix[] = {
        [PART_REGULAR] = "", [PART_NEXT] = "~next", [PART_LEAVING] = "~old"
    };

    i->part = part;
    free(i->label);
    if (asprintf(&i->label, "%s%s", i->base, suffix[part]) < 0)
        abort();
}

struct instance *deployment_add_beside(struct instance *i)
{
    struct deployment *d = i->in;
    struct instance *next = instance_alloc(d, i->name, i->index);

    relabel(next, PART_NEXT);
    next->slot = !i->slot;
    next->incarnation = i->incarnation;
    d->instances[d->n_all++] = next;
    return next;
}

struct instance *deployment_beside(const struct instance *i, enum part part)
{
    const struct deployment *d = i->in;

    for (size_t n = d->n_instances; n < d->n_all; n++)
        if (d->instances[n]->part == part && d->instances[n]->index == i->index &&
            strcmp(d->instances[n]->name, i->name) == 0)
            return d->instances[n];
    return NULL;
}

void deployment_change_places(struct instance *regular, struct instance *next)
{
    struct deployment *d = regular->in;

    for (size_t n = 0; n < d->n_all; n++)
        if (d->instances[n] == regular)
            d->instances[n] = next;
        else if (d->instances[n] == next)
            d->instances[n] = regular;
    relabel(regular, PART_LEAVING);
    relabel(next, PART_REGULAR);
    next->log = regular->log;
    next->forward = take_ptr(regular->forward);
    next->log_told = false;
    d->names++;
}

void deployment_leave(struct instance *i)
{
    relabel(i, PART_LEAVING);
}

long deployment_unit_of(const struct instance *i)
{
    const struct project *p = i->in->project;
    const struct unit *u = i->unit ? project_unit(p, i->name) : NULL;

    return u ? u - p->units : -1;
}

struct deployment *deployment_new(struct supervisor *s, struct timers *timers)
{
    struct deployment *d = calloc(1, sizeof *d);

    if (!d)
        abort();
    d->supervisor = s;
    d->timers = timers;
    return d;
}

void deployment_free(struct deployment *d)
{
    if (!d)
        return;
    timers_cancel(d->timers, &d->tidy);
    timetable_free(d);
    for (size_t i = d->n_all; i > 0; i--)
        instance_free(d->instances[i - 1]);
    for (size_t i = 0; i < d->n_leases; i++)
        lease_clear(&d->leases[i]);
    free(d->instances);
    free(d->leases);
    rollout_free(d);
    project_free(d->project);
    free(d);
}

struct instance *deployment_replica(const struct deployment *d, const char *service, unsigned index)
{
    for (size_t i = 0; i < d->n_instances; i++)
        if (d->instances[i]->index == index && strcmp(d->instances[i]->name, service) == 0)
            return d->instances[i];
    return NULL;
}

struct instance *deployment_instance(const struct deployment *d, const char *service)
{
    return deployment_replica(d, service, 1);
}

void deployment_keep_ports(struct instance *i, const uint16_t *ports, size_t n)
{
    i->ports = reallocarray(i->ports, n + 1, sizeof *i->ports);
    if (!i->ports)
        abort();
    if (n > 0)
        memcpy(i->ports, ports, n * sizeof *ports);
    i->n_ports = n;
}

void deployment_keep_shut(struct instance *i, const char *const *shut, size_t n)
{
    strv_free(i->shut);
    i->shut = NULL;
    for (size_t k = 0; shut && k < n; k++)
        strv_append(&i->shut, shut[k]);
}

void deployment_describe_end(const struct instance *i, char *out, size_t room)
{
    out[0] = '\0';
    if (i->blame[0] != '\0')
        (void) snprintf(out, room, "%s", i->blame);
    else if (i->has_last)
        exit_describe(&i->last, out, room);
}

struct instance *deployment_by_id(const struct deployment *d, const char *id)
{
    for (size_t i = 0; i < d->n_all; i++)
        if (strcmp(d->instances[i]->id, id) == 0)
            return d->instances[i];
    return NULL;
}

void deployment_drop(struct deployment *d, struct instance *gone)
{
    for (size_t i = 0; i < d->n_all; i++) {
        if (d->instances[i] != gone)
            continue;
        memmove(&d->instances[i], &d->instances[i + 1],
                (d->n_all - i - 1) * sizeof(struct instance *));
        d->n_instances -= i < d->n_instances;
        d->n_all--;
        d->names++;
        instance_free(gone);
        return;
    }
}

/* the network is another one than it was, or will be */
static bool network_changes(const struct deployment *d, const char *key)
{
    const struct network *n = project_network(d->project, key);
    const struct lease *l = deployment_lease(d, key);
    char definition[LEASE_DEFINITION];

    lease_definition(n, definition);
    return l && strcmp(l->definition, definition) != 0;
}

static void adopt_unit(struct deployment *d, const struct unit *u, unsigned index)
{
    struct instance *i = deployment_replica(d, u->name, index);
    bool differs;

    if (!i)
        i = instance_new(d, u->name, index);
    i->unit = u;
    differs = strcmp(i->digest, u->digest) != 0;
    for (size_t n = 0; n < u->n_networks; n++)
        differs |= network_changes(d, u->networks[n].network);
    i->replace = state_is_live(i->state) && differs;
}

/* marks what is in `in` and runs since before `until_us` */
static void mark_replaced(struct deployment *d, const bool *in, uint64_t until_us)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (deployment_unit_of(i) >= 0 && in[deployment_unit_of(i)] && i->launched_us < until_us)
            i->replace |= state_is_live(i->state);
    }
}

/* what is replaced takes with it whatever says so in depends_on */
static void replace_dependants(struct deployment *d)
{
    auto_free bool *in = calloc(d->project->n_units + 1, sizeof *in);

    if (!in)
        abort();
    for (size_t i = 0; i < d->n_instances; i++)
        if (deployment_unit_of(d->instances[i]) >= 0)
            in[deployment_unit_of(d->instances[i])] = d->instances[i]->replace;
    graph_add_restarted(d->project, in);
    mark_replaced(d, in, UINT64_MAX);
}

void deployment_replace_dependants(struct instance *i)
{
    struct deployment *d = i->in;
    auto_free bool *in = calloc(d->project->n_units + 1, sizeof *in);

    if (!in)
        abort();
    if (deployment_unit_of(i) < 0)
        return;
    in[deployment_unit_of(i)] = true;
    graph_add_restarted(d->project, in);
    in[deployment_unit_of(i)] = false; /* its replicas have nothing to do with it */
    mark_replaced(d, in, i->launched_us);
}

void deployment_adopt(struct deployment *d, struct project *project)
{
    for (size_t i = 0; i < d->n_all; i++)
        d->instances[i]->unit = NULL;
    project_free(d->project);
    d->project = project;
    for (size_t i = 0; i < project->n_units; i++)
        for (unsigned index = 1; index <= project->units[i].replicas; index++)
            adopt_unit(d, &project->units[i], index);
    replace_dependants(d);
    for (size_t i = 0; i < d->n_all; i++)
        if (!d->instances[i]->unit)
            d->instances[i]->want = WANT_REST;
    d->networks_ready = false;
    timetable_adopt(d);
}

void deployment_swap(struct deployment *d, struct project *same)
{
    for (size_t n = 0; n < d->n_all; n++) {
        struct instance *i = d->instances[n];
        const struct unit *u = i->unit ? &same->units[i->unit - d->project->units] : NULL;

        if (u && strcmp(i->digest, i->unit->digest) == 0)
            (void) snprintf(i->digest, sizeof i->digest, "%s", u->digest);
        i->unit = u;
    }
    project_free(d->project);
    d->project = same;
    timetable_adopt(d);
}

struct lease *deployment_lease(const struct deployment *d, const char *key)
{
    for (size_t i = 0; i < d->n_leases; i++)
        if (strcmp(d->leases[i].key, key) == 0)
            return &d->leases[i];
    return NULL;
}

void deployment_drop_lease(struct deployment *d, struct lease *l)
{
    lease_clear(l);
    *l = d->leases[--d->n_leases];
}

static enum deps one_state(const struct dep *dep, const struct instance *on)
{
    if (on->state == STATE_FAILED)
        return DEPS_FAILED;
    if (on->want == WANT_REST && !state_is_live(on->state) && on->state != STATE_DONE)
        return DEPS_FAILED;
    if (on->replace)
        return DEPS_PENDING;
    switch (dep->condition) {
    case DEP_STARTED:
        return (on->state == STATE_STARTING && on->hooks.which == HOOKS_NONE) ||
                       on->state == STATE_UP || on->state == STATE_SICK || on->state == STATE_DONE
                   ? DEPS_OK
                   : DEPS_PENDING;
    case DEP_HEALTHY: return on->state == STATE_UP ? DEPS_OK : DEPS_PENDING;
    case DEP_COMPLETED: return on->state == STATE_DONE ? DEPS_OK : DEPS_PENDING;
    case DEP_CONDITION_COUNT: break;
    }
    return DEPS_PENDING;
}

/* that of the replica that is furthest from it */
static enum deps dep_state(const struct deployment *d, const struct dep *dep)
{
    enum deps worst = project_unit(d->project, dep->unit) ? DEPS_OK : DEPS_FAILED;

    for (size_t n = 0; n < d->n_instances && worst != DEPS_FAILED; n++) {
        const struct instance *on = d->instances[n];
        enum deps s = on->unit && strcmp(on->name, dep->unit) == 0 ? one_state(dep, on) : DEPS_OK;

        worst = s > worst ? s : worst;
    }
    return worst;
}

enum deps deployment_deps(const struct deployment *d, const struct instance *i,
                          const char **because)
{
    enum deps worst = DEPS_OK;

    for (size_t n = 0; i->unit && n < i->unit->n_deps; n++) {
        const struct dep *dep = &i->unit->deps[n];
        enum deps s = dep_state(d, dep);

        if (s == DEPS_FAILED && !dep->required)
            s = DEPS_OK;
        if (s > worst) {
            worst = s;
            *because = dep->unit;
        }
    }
    return worst;
}

enum want deployment_want(const struct instance *i)
{
    return i->in->resting ? WANT_REST : i->want;
}

bool deployment_has_live_dependant(const struct deployment *d, const struct instance *i)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        const struct instance *other = d->instances[n];

        if (!other->unit || !state_is_live(other->state) ||
            (deployment_want(other) != WANT_REST && !other->replace))
            continue;
        for (size_t k = 0; k < other->unit->n_deps; k++)
            if (strcmp(other->unit->deps[k].unit, i->name) == 0)
                return true;
    }
    return false;
}
