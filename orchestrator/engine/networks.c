/* The networks of deployments: made before the first launch, removed at the end; and what an
 * instance sees of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"

enum { ROUTES_MAX = 1024 * 1024, SWITCH_MAX = 16 }; /* bytes of the host's table of routes */

/* ---- whose network it is ---- */

/* a network of a deployment, its own */
struct owned {
    struct deployment *by;
    const struct network *network;
};

static struct owned find_network(const struct supervisor *s, struct deployment *d, const char *key)
{
    const struct network *n = project_network(d->project, key);

    if (!n->external)
        return (struct owned){ d, n };
    for (size_t k = 0; k < s->n_deployments; k++) {
        struct deployment *other = s->deployments[k];

        for (size_t i = 0; i < other->project->n_networks; i++) {
            const struct network *theirs = &other->project->networks[i];

            if (!theirs->external && strcmp(theirs->name, n->name) == 0)
                return (struct owned){ other, theirs };
        }
    }
    return (struct owned){ NULL, n };
}

/* NULL while nobody has made it */
static struct lease *find_lease(const struct supervisor *s, struct deployment *d, const char *key)
{
    struct owned o = find_network(s, d, key);

    return o.by ? deployment_lease(o.by, o.network->key) : NULL;
}

/* how an instance is called among those who have places in a network of `owner` */
static char *place_name(const struct instance *i, const struct deployment *owner)
{
    const char *slot = i->slot ? "~" : "";

    return i->in == owner ? paths_join("%s%s", i->base, slot)
                          : paths_join("%s/%s%s", i->in->project->name, i->base, slot);
}

static const struct place *find_place(const struct instance *i, const struct owned *o,
                                      const struct lease *l)
{
    auto_free char *who = place_name(i, o->by);

    return who ? lease_place(l, who) : NULL;
}

/* ---- making ---- */

struct wants {
    struct lease_want *list;
    size_t n;
};

static void want(struct wants *w, const struct instance *i, const struct owned *o,
                 const struct attachment *at)
{
    w->list = reallocarray(w->list, w->n + 1, sizeof *w->list);
    if (!w->list)
        abort();
    w->list[w->n] = (struct lease_want){ .who = place_name(i, o->by),
                                         .ipv4 = at ? at->ipv4 : "",
                                         .ipv6 = at ? at->ipv6 : "",
                                         .live = state_is_live(i->state) };
    if (!w->list[w->n++].who)
        abort();
}

static void want_one(struct wants *w, const struct supervisor *s, struct deployment *d,
                     const struct instance *i, const struct owned *o, const struct lease *l)
{
    for (size_t n = 0; i->unit && n < i->unit->n_networks; n++)
        if (find_lease(s, d, i->unit->networks[n].network) == l)
            want(w, i, o, &i->unit->networks[n]);
    /* a service of an older project has its address until it is gone */
    if (!i->unit && find_place(i, o, l))
        want(w, i, o, NULL);
}

static void want_all(struct wants *w, const struct supervisor *s, struct deployment *d,
                     const struct owned *o, const struct lease *l)
{
    const struct instance *once = NULL;

    for (size_t k = 0; k < d->n_all; k++)
        want_one(w, s, d, d->instances[k], o, l);
    while ((once = once_next(s, d, once)))
        want_one(w, s, d, once, o, l);
}

static int assign_places(const struct supervisor *s, const struct owned *o, struct lease *l,
                         struct err *e)
{
    struct wants w = { 0 };
    int r;

    for (size_t k = 0; k < s->n_deployments; k++)
        want_all(&w, s, s->deployments[k], o, l);
    r = lease_assign(l, o->network, w.list, w.n, e);
    for (size_t k = 0; k < w.n; k++)
        free((char *) (uintptr_t) w.list[k].who);
    free(w.list);
    return r;
}

/* ranges of all networks there are; the caller frees them */
static struct cidr *taken_ranges(const struct supervisor *s, size_t *n)
{
    struct cidr *taken = NULL;

    *n = 0;
    for (size_t k = 0; k < s->n_deployments; k++) {
        const struct deployment *d = s->deployments[k];

        taken = reallocarray(taken, *n + 2 * d->n_leases + 1, sizeof *taken);
        if (!taken)
            abort();
        for (size_t i = 0; i < d->n_leases; i++) {
            taken[(*n)++] = d->leases[i].ipv4;
            taken[(*n)++] = d->leases[i].ipv6;
        }
    }
    return taken;
}

/* new interfaces get none */
static bool ipv6_is_off(void)
{
    auto_free char *text = NULL;

    return fsio_read_pseudo(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", SWITCH_MAX,
                            &text) < 0 ||
           text[0] != '0';
}

static int open_lease(const struct supervisor *s, const struct owned *o, struct err *e)
{
    struct lease_host host = { .tag = paths_tag(), .project = o->by->project->name };
    auto_free struct cidr *taken = taken_ranges(s, &host.n_taken);
    auto_free char *routes = NULL;
    struct lease fresh;
    int r;

    if (fsio_read_pseudo(AT_FDCWD, "/proc/net/route", ROUTES_MAX, &routes) < 0)
        routes = strdup("");
    host.routes = routes;
    host.no_ipv6 = ipv6_is_off();
    host.taken = taken;
    r = lease_open(&fresh, o->network, &host, e);
    if (r < 0)
        return r;
    o->by->leases = reallocarray(o->by->leases, o->by->n_leases + 1, sizeof fresh);
    if (!o->by->leases)
        abort();
    o->by->leases[o->by->n_leases++] = fresh;
    return 0;
}

static int ask(struct supervisor *s, const struct deployment *d, const struct lease *l,
               const struct network *wanted, struct err *e)
{
    char ipv4[CIDR_TEXT], ipv6[CIDR_TEXT];

    cidr_format(&l->ipv4, ipv4);
    cidr_format(&l->ipv6, ipv6);
    return s->ops->network(s->self,
                           &(struct runtime_network){ .project = d->project->name,
                                                      .bridge = l->bridge,
                                                      .ipv4 = ipv4,
                                                      .ipv6 = ipv6,
                                                      .mtu = wanted ? wanted->mtu : 0,
                                                      .internal = wanted && wanted->internal,
                                                      .tag = l->tag },
                           wanted != NULL, e);
}

static bool is_stale(const struct lease *l, const struct network *n)
{
    char definition[LEASE_DEFINITION];

    lease_definition(n, definition);
    return strcmp(l->definition, definition) != 0;
}

static int make(struct supervisor *s, const struct owned *o, struct err *e)
{
    struct lease *l = deployment_lease(o->by, o->network->key);
    int r = 0;

    if (l && is_stale(l, o->network)) {
        l->tag = 0;
        r = ask(s, o->by, l, NULL, e);
        deployment_drop_lease(o->by, l);
        l = NULL;
    }
    if (r == 0 && !l)
        r = open_lease(s, o, e);
    if (r < 0)
        return r;
    l = deployment_lease(o->by, o->network->key);
    r = assign_places(s, o, l, e);
    l->tag = ++s->last_tag;
    return r < 0 ? r : ask(s, o->by, l, o->network, e);
}

int networks_make(struct supervisor *s, struct deployment *d, struct err *e)
{
    for (size_t n = 0; n < d->project->n_networks && !d->networks_ready; n++) {
        const struct network *network = &d->project->networks[n];
        const struct owned o = find_network(s, d, network->key);
        int r;

        if (!o.by) {
            err_set(e, -ENOENT, "network '%s' is external, and no project that is up has it",
                    network->name);
            err_hint(e, "start that project first, or take 'external' away");
            r = err_classify(e, ERR_CONFIG);
        } else {
            r = make(s, &o, e);
        }
        if (r < 0)
            return err_wrap(e, "network '%s'", network->key);
    }
    d->networks_ready = true;
    return 0;
}

bool networks_are_held(const struct deployment *d)
{
    bool stale = false, held = false;

    for (size_t n = 0; n < d->project->n_networks && !d->networks_ready; n++) {
        const struct lease *l = deployment_lease(d, d->project->networks[n].key);

        stale |= l && is_stale(l, &d->project->networks[n]);
    }
    for (size_t n = 0; stale && n < d->n_all; n++)
        held |= state_is_live(d->instances[n]->state) &&
                (d->instances[n]->replace || !d->instances[n]->unit);
    return held;
}

/* ---- removing ---- */

int networks_unused(const struct supervisor *s, const struct deployment *d, struct err *e)
{
    for (size_t k = 0; k < s->n_deployments; k++) {
        struct deployment *other = s->deployments[k];

        for (size_t i = 0; i < other->n_instances && other != d; i++) {
            const struct instance *user = other->instances[i];

            for (size_t n = 0; user->unit && n < user->unit->n_networks; n++) {
                const struct owned o = find_network(s, other, user->unit->networks[n].network);

                if (o.by != d || !state_is_live(user->state))
                    continue;
                err_set(e, -EBUSY, "network '%s' is used by service '%s' of project '%s'",
                        o.network->key, user->name, other->project->name);
                err_hint(e, "ipam-orch -p %s down", other->project->name);
                return err_classify(e, ERR_FAILED);
            }
        }
    }
    return 0;
}

void networks_remove(struct supervisor *s, struct deployment *d)
{
    d->removals = d->n_leases;
    for (size_t n = 0; n < d->n_leases; n++) {
        struct err e = ERR_INIT;

        d->leases[n].tag = ++s->last_tag;
        if (ask(s, d, &d->leases[n], NULL, &e) < 0 && !supervisor_is_cut_off(e.code)) {
            log_err(&e, d->leases[n].key);
            d->removals--;
        }
    }
}

bool networks_answered(struct deployment *d, uint64_t tag, const struct runtime_answer *a)
{
    const struct lease *l = NULL;
    struct err e = ERR_INIT;

    for (size_t n = 0; n < d->n_leases && !l; n++)
        l = d->leases[n].tag == tag ? &d->leases[n] : NULL;
    if (!l)
        return false;
    if (!a->ok) {
        err_set(&e, -a->error, "network '%s': %s", l->key, a->output);
        log_err(&e, d->project->name);
        d->networks_ready = false; /* the next launch asks again */
    }
    if (d->removals > 0)
        d->removals--;
    else if (!a->ok && d->supervisor->connected) /* else the next broker is asked again */
        operation_fail(d, NULL, "network", &e);
    return true;
}

/* ---- what an instance sees ---- */

static const char *keep(struct arena *a, const struct cidr *c)
{
    char text[CIDR_TEXT];

    cidr_format(c, text);
    return arena_strdup(a, text);
}

static const char *keep_address(struct arena *a, const struct cidr *c)
{
    char text[CIDR_TEXT];

    cidr_format_address(c, text);
    return arena_strdup(a, text);
}

/* the network that carries the default route of one kind, SIZE_MAX if none leads out */
static size_t way_out(const struct supervisor *s, const struct instance *i, bool ipv6)
{
    const struct unit *u = i->unit;
    size_t best = SIZE_MAX;

    for (size_t n = 0; n < u->n_networks; n++) {
        const struct network *net = find_network(s, i->in, u->networks[n].network).network;

        if (!net->internal && !(ipv6 ? net->no_ipv6 : net->no_ipv4) &&
            (best == SIZE_MAX || u->networks[n].gw_priority > u->networks[best].gw_priority))
            best = n;
    }
    return best;
}

static void plan_links(const struct supervisor *s, const struct instance *i, struct arena *a,
                       struct runtime_launch *out)
{
    size_t out4 = way_out(s, i, false), out6 = way_out(s, i, true);

    out->links = arena_array(a, i->unit->n_networks + 1, sizeof *out->links);
    for (size_t n = 0; n < i->unit->n_networks; n++) {
        const struct attachment *at = &i->unit->networks[n];
        const struct owned o = find_network(s, i->in, at->network);
        const struct lease *l = deployment_lease(o.by, o.network->key);
        const struct place *p = find_place(i, &o, l);

        out->links[out->n_links++] = (struct runtime_link){
            .bridge = l->bridge,
            .ipv4 = keep(a, &p->ipv4),
            .ipv6 = keep(a, &p->ipv6),
            .gateway4 = n == out4 ? keep_address(a, &l->ipv4) : "",
            .gateway6 = n == out6 ? keep_address(a, &l->ipv6) : "",
            .mac = at->mac,
            .interface = at->interface,
        };
    }
}

static void plan_extra_hosts(const struct instance *i, struct runtime_launch *out)
{
    const char *gateway = ""; /* compose/resolve_network.c: there is one where it is needed */

    for (size_t n = 0; n < out->n_links; n++)
        if (gateway[0] == '\0')
            gateway = out->links[n].gateway6;
    for (size_t n = 0; n < out->n_links; n++)
        if (out->links[n].gateway4[0] != '\0')
            gateway = out->links[n].gateway4;
    for (size_t n = 0; n < i->unit->n_hosts; n++) {
        const struct extra_host *h = &i->unit->hosts[n];

        out->hosts[out->n_hosts++] = (struct runtime_host){
            .address = strcmp(h->address, "host-gateway") == 0 ? gateway : h->address,
            .names = h->name,
        };
    }
}

/* where `i` meets `other`: the first network both are on */
static const struct place *meet(const struct supervisor *s, const struct instance *i,
                                const struct instance *other, const struct attachment **there)
{
    for (size_t x = 0; x < i->unit->n_networks; x++) {
        const struct owned o = find_network(s, i->in, i->unit->networks[x].network);
        const struct lease *l = deployment_lease(o.by, o.network->key);

        for (size_t y = 0; y < other->unit->n_networks; y++) {
            if (find_lease(s, other->in, other->unit->networks[y].network) != l)
                continue;
            *there = &other->unit->networks[y];
            return find_place(other, &o, l);
        }
    }
    return NULL;
}

/* `at` is where `i` meets others: itself, or whose network it lives in */
static void plan_names(const struct supervisor *s, const struct instance *i,
                       const struct instance *at, const struct instance *other, struct arena *a,
                       struct runtime_launch *out)
{
    const struct attachment *there = NULL;
    const struct place *p = other->unit ? meet(s, at, other, &there) : NULL;
    const char *names = other->name;

    if (!p)
        return;
    if (other->unit->replicas > 1 && other->index > 0)
        names = arena_printf(a, "%s %s-%s-%u", names, other->in->project->name, other->name,
                             other->index);
    for (const char *const *alias = there->aliases; alias && *alias; alias++)
        names = arena_printf(a, "%s %s", names, *alias);
    for (size_t n = 0; n < i->unit->n_links; n++)
        if (other->in == i->in && strcmp(i->unit->links[n].unit, other->name) == 0)
            names = arena_printf(a, "%s %s", names, i->unit->links[n].name);
    if (other == at && strcmp(i->unit->hostname, other->name) != 0)
        names = arena_printf(a, "%s %s", names, i->unit->hostname);
    if (p->ipv4.family != 0)
        out->hosts[out->n_hosts++] =
            (struct runtime_host){ .address = keep_address(a, &p->ipv4), .names = names };
    if (p->ipv6.family != 0)
        out->hosts[out->n_hosts++] =
            (struct runtime_host){ .address = keep_address(a, &p->ipv6), .names = names };
}

static size_t count_instances(const struct supervisor *s)
{
    size_t n = 0;

    for (size_t k = 0; k < s->n_deployments; k++)
        n += s->deployments[k]->n_instances;
    for (size_t k = 0; k < s->n_deployments; k++)
        for (const struct instance *o = NULL; (o = once_next(s, s->deployments[k], o));)
            n++;
    return n;
}

/* commands of `run` that are to be found by the names of their service */
static void plan_one_offs(const struct supervisor *s, const struct instance *i,
                          const struct instance *at, struct arena *a, struct runtime_launch *out)
{
    for (const struct instance *o = NULL; (o = once_next(s, i->in, o));)
        if (o != i && o->state == STATE_UP && once_is_named(o))
            plan_names(s, i, at, o, a, out);
}

static void plan_hosts(const struct supervisor *s, const struct instance *i,
                       const struct instance *at, struct arena *a, struct runtime_launch *out)
{
    out->hosts =
        arena_array(a, 2 * (count_instances(s) + 1) + i->unit->n_hosts + 1, sizeof *out->hosts);
    plan_extra_hosts(i, out);
    /* who takes the first of several addresses takes another one than its neighbours */
    for (size_t n = 0; n < i->in->n_instances; n++) {
        const struct instance *other = i->in->instances[(n + i->index) % i->in->n_instances];
        bool itself = other->index == i->index && strcmp(other->name, i->name) == 0;

        plan_names(s, i, at, itself ? i : other, a, out); /* also while it is beside another one */
    }
    if (once_is_known(s, i->id) && at == i)
        plan_names(s, i, at, i, a, out);
    plan_one_offs(s, i, at, a, out);
    /* whoever shares an external network; a name of the project's own comes first */
    for (size_t k = 0; k < s->n_deployments; k++)
        for (size_t n = 0; s->deployments[k] != i->in && n < s->deployments[k]->n_instances; n++)
            plan_names(s, i, at, s->deployments[k]->instances[n], a, out);
}

/* it has what the project wants it to have, which it may not before it is launched again */
static bool is_placed(const struct supervisor *s, const struct instance *i)
{
    for (size_t n = 0; i->unit && n < i->unit->n_networks; n++) {
        const struct owned o = find_network(s, i->in, i->unit->networks[n].network);
        const struct lease *l = o.by ? deployment_lease(o.by, o.network->key) : NULL;

        if (!l || !find_place(i, &o, l))
            return false;
    }
    return i->unit && !i->replace;
}

void networks_tell(struct supervisor *s, struct deployment *d)
{
    for (size_t n = 0; s->connected && n < d->n_all; n++) {
        struct instance *i = d->instances[n];
        const struct instance *with = lodging_with(d, i, SHARED_NETWORK);
        struct runtime_launch plan = { .unit = i->unit };
        auto_arena a = arena_new();
        struct err e = ERR_INIT;

        if (i->pid <= 0 || i->names == d->names || !is_placed(s, i) ||
            (with && !is_placed(s, with)))
            continue;
        i->names = d->names;
        plan_links(s, i, a, &plan);
        plan_hosts(s, i, with ? with : i, a, &plan);
        if (s->ops->hosts(s->self, i->id, plan.hosts, plan.n_hosts, &e) < 0)
            log_err(&e, i->id);
    }
}

void networks_plan(const struct supervisor *s, struct instance *i, struct arena *a,
                   struct runtime_launch *out)
{
    const struct instance *with = lodging_with(i->in, i, SHARED_NETWORK);

    lodging_plan(i, out);
    i->names = i->in->names;
    plan_links(s, i, a, out);
    plan_hosts(s, i, with ? with : i, a, out);
}
