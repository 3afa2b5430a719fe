#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"

enum { ROUTES_MAX = 1024 * 1024 }; /* bytes of the host's table of routes */

/* what a launch borrows: texts of addresses and names live in one arena */
struct plan {
    struct arena *arena;
    struct runtime_launch launch;
};

static void mark_used(const struct supervisor *s, bool used[ADDRESS_NETWORKS])
{
    for (size_t n = 0; n < s->n_deployments; n++)
        for (size_t k = 0; k < s->deployments[n]->n_leases; k++)
            used[s->deployments[n]->leases[k].number] = true;
}

static int lease(struct supervisor *s, struct deployment *d, const char *key, uint8_t *number,
                 struct err *e)
{
    bool used[ADDRESS_NETWORKS] = { false };
    auto_free char *routes = NULL;

    if (fsio_read_pseudo(AT_FDCWD, "/proc/net/route", ROUTES_MAX, &routes) < 0)
        routes = strdup("");
    mark_used(s, used);
    return deployment_lease(d, key, routes, used, number, e);
}

static int create_network(struct supervisor *s, struct deployment *d, const struct network *net,
                          struct err *e)
{
    char bridge[ADDRESS_TEXT], v4[ADDRESS_TEXT], v6[ADDRESS_TEXT];
    auto_free char *ipv4 = NULL, *ipv6 = NULL;
    uint8_t number = 0;
    int r = lease(s, d, net->key, &number, e);

    if (r < 0)
        return r;
    address_bridge(paths_tag(), d->project->name, net->key, bridge);
    address_ipv4(number, 1, v4);
    address_ipv6(d->project->name, number, 1, v6);
    ipv4 = paths_join("%s/24", v4);
    ipv6 = paths_join("%s/64", v6);
    return s->ops->network(s->self,
                           &(struct runtime_network){ .project = d->project->name,
                                                      .bridge = bridge,
                                                      .ipv4 = ipv4,
                                                      .ipv6 = ipv6,
                                                      .internal = net->internal },
                           true, e);
}

static int create_networks(struct supervisor *s, struct deployment *d, struct err *e)
{
    for (size_t n = 0; n < d->project->n_networks && !d->networks_ready; n++) {
        int r = create_network(s, d, &d->project->networks[n], e);
        if (r < 0)
            return err_wrap(e, "network '%s'", d->project->networks[n].key);
    }
    d->networks_ready = true;
    return 0;
}

void launch_remove_networks(struct supervisor *s, struct deployment *d)
{
    d->removal_tag = s->last_tag + 1;
    d->removals = d->n_leases;
    s->last_tag += d->n_leases;
    for (size_t n = 0; n < d->n_leases; n++) {
        char bridge[ADDRESS_TEXT];
        struct err e = ERR_INIT;

        address_bridge(paths_tag(), d->project->name, d->leases[n].key, bridge);
        if (s->ops->network(s->self,
                            &(struct runtime_network){ .project = d->project->name,
                                                       .bridge = bridge,
                                                       .ipv4 = "",
                                                       .ipv6 = "",
                                                       .tag = d->removal_tag + n },
                            false, &e) < 0) {
            log_err(&e, d->leases[n].key);
            d->removals--;
        }
    }
}

bool launch_network_removed(struct deployment *d, uint64_t tag, const struct runtime_answer *a)
{
    if (d->removals == 0 || tag < d->removal_tag || tag >= d->removal_tag + d->n_leases)
        return false;
    if (!a->ok)
        log_line(LOG_WARN, "network '%s' may be left: %s", d->leases[tag - d->removal_tag].key,
                 a->output);
    d->removals--;
    return true;
}

/* every network of the project has a lease once create_networks is through */
static uint8_t number_of(const struct deployment *d, const char *key)
{
    for (size_t n = 0; n < d->n_leases; n++)
        if (strcmp(d->leases[n].key, key) == 0)
            return d->leases[n].number;
    return 0;
}

static void plan_links(struct plan *p, const struct instance *i)
{
    const struct project *project = i->in->project;
    struct arena *a = p->arena;
    bool routed = false;

    p->launch.links = arena_array(a, i->unit->n_networks + 1, sizeof *p->launch.links);
    for (size_t n = 0; n < i->unit->n_networks; n++) {
        const struct network *net = project_network(project, i->unit->networks[n].network);
        uint8_t number = number_of(i->in, net->key);
        struct runtime_link *link = &p->launch.links[p->launch.n_links++];
        char bridge[ADDRESS_TEXT], text[ADDRESS_TEXT];
        /* the first network that leads out carries the default route */
        bool gateway = !net->internal && !routed;

        routed |= gateway;
        address_bridge(paths_tag(), project->name, net->key, bridge);
        link->bridge = arena_strdup(a, bridge);
        address_ipv4(number, i->slot, text);
        link->ipv4 = arena_printf(a, "%s/24", text);
        address_ipv4(number, 1, text);
        link->gateway4 = gateway ? arena_strdup(a, text) : "";
        address_ipv6(project->name, number, i->slot, text);
        link->ipv6 = arena_printf(a, "%s/64", text);
        address_ipv6(project->name, number, 1, text);
        link->gateway6 = gateway ? arena_strdup(a, text) : "";
    }
}

/* the first network both are on */
static const struct attachment *meeting_point(const struct unit *a, const struct unit *b,
                                              const struct attachment **of_b)
{
    for (size_t x = 0; x < a->n_networks; x++)
        for (size_t y = 0; y < b->n_networks; y++)
            if (strcmp(a->networks[x].network, b->networks[y].network) == 0) {
                *of_b = &b->networks[y];
                return &a->networks[x];
            }
    return NULL;
}

static void plan_extra_hosts(struct plan *p, const struct instance *i)
{
    const char *gateway = ""; /* compose/resolve_network.c: there is one where it is needed */

    for (size_t n = p->launch.n_links; n-- > 0;)
        if (p->launch.links[n].gateway4[0] != '\0')
            gateway = p->launch.links[n].gateway4;
    for (size_t n = 0; n < i->unit->n_hosts; n++) {
        const struct extra_host *h = &i->unit->hosts[n];

        p->launch.hosts[p->launch.n_hosts++] = (struct runtime_host){
            .address = strcmp(h->address, "host-gateway") == 0 ? gateway : h->address,
            .names = h->name,
        };
    }
}

static void plan_hosts(struct plan *p, const struct instance *i)
{
    const struct deployment *d = i->in;
    struct arena *a = p->arena;

    p->launch.hosts =
        arena_array(a, 2 * d->n_instances + i->unit->n_hosts + 1, sizeof *p->launch.hosts);
    plan_extra_hosts(p, i);
    for (size_t n = 0; n < d->n_instances; n++) {
        const struct instance *other = d->instances[n];
        const struct attachment *there = NULL;
        const struct attachment *here =
            other->unit ? meeting_point(i->unit, other->unit, &there) : NULL;
        char v4[ADDRESS_TEXT], v6[ADDRESS_TEXT];
        const char *names = other->name;

        if (!here)
            continue;
        for (const char *const *alias = there->aliases; alias && *alias; alias++)
            names = arena_printf(a, "%s %s", names, *alias);
        if (other == i && strcmp(i->unit->hostname, i->name) != 0)
            names = arena_printf(a, "%s %s", names, i->unit->hostname);
        address_ipv4(number_of(d, here->network), other->slot, v4);
        address_ipv6(d->project->name, number_of(d, here->network), other->slot, v6);
        p->launch.hosts[p->launch.n_hosts++] =
            (struct runtime_host){ .address = arena_strdup(a, v4), .names = names };
        p->launch.hosts[p->launch.n_hosts++] =
            (struct runtime_host){ .address = arena_strdup(a, v6), .names = names };
    }
}

int launch_instance(struct supervisor *s, struct instance *i, struct err *e)
{
    auto_arena arena = arena_new();
    struct plan plan = { .arena = arena };
    int r = create_networks(s, i->in, e);

    i->incarnation++;
    (void) snprintf(i->id, sizeof i->id, "%s.%s.1.%u", i->in->project->name, i->name,
                    i->incarnation);
    (void) snprintf(i->digest, sizeof i->digest, "%s", i->unit->digest);
    i->stop_signal = i->unit->stop_signal;
    i->stop_grace_us = i->unit->stop_grace_us;
    i->launched_us = clock_now_us();
    i->ready_seen = i->replace = false;
    if (r < 0)
        return r;
    plan.launch.project = i->in->project;
    plan.launch.unit = i->unit;
    plan.launch.id = i->id;
    plan_links(&plan, i);
    plan_hosts(&plan, i);
    return s->ops->launch(s->self, &plan.launch, e);
}

static void on_drained(void *owner)
{
    supervisor_settle(((struct instance *) owner)->in);
}

int launch_open_log(struct supervisor *s, struct instance *i, struct err *e)
{
    auto_free char *dir = paths_join("%s/%s", s->config.log_dir, i->in->project->name);
    auto_free char *path = paths_join("%s/%s.log", dir, i->name);
    int r;

    if (i->log)
        return 0;
    r = fsio_mkdir_p(dir, 0750);
    if (r < 0)
        return err_set(e, r, "log directory %s: %s", dir, strerror(-r));
    r = capture_log_open(s->config.loop, path, &i->log, e);
    if (r == 0)
        capture_log_on_drained(i->log, on_drained, i);
    return r;
}
