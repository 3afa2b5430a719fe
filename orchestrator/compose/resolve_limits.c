/* What a service may use. */
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "compose/resolve.h"

/* ranges of the kernel; that of the score is ours, see sandbox/policy.c */
enum {
    OOM_SCORE_LEAST = -900,
    OOM_SCORE_MOST = 1000,
    SHARES_LEAST = 2,
    SHARES_MOST = 262144,
    PERIOD_LEAST = 1000,
    PERIOD_MOST = 1000000,
    PERIOD_USUAL = 100000
};

static const struct node *either(const struct node *a, const char *key, const struct node *b,
                                 const char *other)
{
    const struct node *n = node_get(a, key);

    return n ? n : node_get(b, other);
}

static uint64_t ulimit_value(const struct node *n, uint64_t fallback)
{
    if (!n)
        return fallback;
    return n->integer < 0 ? INT64_MAX : (uint64_t) n->integer;
}

static int ulimits(struct resolve *r, struct err *e)
{
    const struct node *map = node_get(r->service, "ulimits");

    r->unit->ulimits = arena_array(r->arena, node_count(map) + 1, sizeof *r->unit->ulimits);
    for (size_t i = 0; i < node_count(map); i++) {
        const struct node *n = map->entries[i].value;
        struct ulimit *u = &r->unit->ulimits[r->unit->n_ulimits++];
        bool single = n->kind == NODE_INT;

        u->resource = map->entries[i].key;
        u->soft = ulimit_value(single ? n : node_get(n, "soft"), 0);
        u->hard = ulimit_value(single ? n : node_get(n, "hard"), u->soft);
        if (u->soft > u->hard)
            return resolve_refuse(n, e, "the soft limit of '%s' is above its hard one",
                                  u->resource);
        if (strcmp(u->resource, "nice") == 0 || strcmp(u->resource, "rtprio") == 0)
            return resolve_refuse(n, e, "'%s' would put a service before the host's own",
                                  u->resource);
    }
    return 0;
}

static int oom_score(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "oom_score_adj");

    if (n && (n->integer < OOM_SCORE_LEAST || n->integer > OOM_SCORE_MOST))
        return resolve_refuse(n, e,
                              "'oom_score_adj' must be from %d to %d: below, the host would "
                              "lose its own services first",
                              OOM_SCORE_LEAST, OOM_SCORE_MOST);
    r->unit->oom_score_adj = n ? (int) n->integer : 0;
    return 0;
}

/* Names of the service level, which have no second spelling. */
static int cpu_details(struct resolve *r, struct err *e)
{
    const struct node *shares = node_get(r->service, "cpu_shares");
    const struct node *quota = node_get(r->service, "cpu_quota");
    const struct node *period = node_get(r->service, "cpu_period");
    struct limits *out = &r->unit->limits;

    if (shares && (shares->integer < SHARES_LEAST || shares->integer > SHARES_MOST))
        return resolve_refuse(shares, e, "'cpu_shares' must be from %d to %d", SHARES_LEAST,
                              SHARES_MOST);
    if (period && (period->integer < PERIOD_LEAST || period->integer > PERIOD_MOST))
        return resolve_refuse(period, e, "'cpu_period' must be from %d to %d microseconds",
                              PERIOD_LEAST, PERIOD_MOST);
    if (quota && quota->integer > 0 && out->milli_cpus)
        return resolve_refuse(quota, e, "'cpu_quota' and 'cpus' say the same; keep one of them");
    if (quota && quota->integer > 0 && quota->integer < PERIOD_LEAST)
        return resolve_refuse(quota, e, "'cpu_quota' must be at least %d microseconds",
                              PERIOD_LEAST);
    out->cpu_shares = shares ? (uint64_t) shares->integer : 0;
    out->cpu_period_us = period ? (uint64_t) period->integer : 0;
    out->cpu_quota_us = quota && quota->integer > 0 ? (uint64_t) quota->integer : 0;
    out->cpuset = node_get_text(r->service, "cpuset", "");
    return 0;
}

/* What is reserved is only counted, so it must be there: the supervisor adds up all projects. */
static int cpu_reservation(struct resolve *r, struct err *e)
{
    const struct node *resources = node_get(node_get(r->service, "deploy"), "resources");
    const struct node *n = node_get(node_get(resources, "reservations"), "cpus");
    const struct limits *l = &r->unit->limits;
    long host = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t most = l->milli_cpus, *out = &r->unit->reserved_milli_cpus;

    if (l->cpu_quota_us)
        most = l->cpu_quota_us * 1000 / (l->cpu_period_us ? l->cpu_period_us : PERIOD_USUAL);
    if (n && num_milli_cpus(n->text, out) < 0)
        return resolve_refuse(n, e, "'cpus' must be a number such as 0.5");
    if (most && *out > most)
        return resolve_refuse(n, e, "more processors are reserved than the limit allows");
    if (host > 0 && *out > (uint64_t) host * 1000)
        return resolve_refuse(n, e, "more processors are reserved than this host has, %ld", host);
    return 0;
}

static int memory_details(struct resolve *r, struct err *e)
{
    const struct node *reserved =
        either(node_get(node_get(node_get(r->service, "deploy"), "resources"), "reservations"),
               "memory", r->service, "mem_reservation");
    const struct node *swap = node_get(r->service, "memswap_limit");
    struct limits *out = &r->unit->limits;

    if (reserved && num_bytes(reserved->text, &out->memory_low) < 0)
        return resolve_refuse(reserved, e, "'memory' must be a size such as 512M");
    if (out->memory && out->memory_low > out->memory)
        return resolve_refuse(reserved, e, "more memory is reserved than the limit allows");
    if (!swap)
        return 0;
    if (!out->memory)
        return resolve_refuse(swap, e, "'memswap_limit' needs a memory limit");
    if (strcmp(swap->text, "-1") == 0)
        out->memory_swap = INT64_MAX;
    else if (num_bytes(swap->text, &out->memory_swap) < 0)
        return resolve_refuse(swap, e, "'memswap_limit' must be a size such as 1g, or -1");
    if (out->memory_swap < out->memory)
        return resolve_refuse(swap, e, "'memswap_limit' counts memory too, and is less than it");
    return 0;
}

int resolve_limits(struct resolve *r, struct err *e)
{
    const struct node *l =
        node_get(node_get(node_get(r->service, "deploy"), "resources"), "limits");
    /* said in one place or in the other, or twice the same */
    const struct node *memory = either(l, "memory", r->service, "mem_limit");
    const struct node *cpus = either(l, "cpus", r->service, "cpus");
    const struct node *pids = either(l, "pids", r->service, "pids_limit");
    const struct node *nofile = node_get(r->recipe, "nofile");
    struct limits *out = &r->unit->limits;

    if (pids && pids->kind == NODE_INT && pids->integer < 0) /* -1: as many as there can be */
        pids = NULL;
    if (memory && num_bytes(memory->text, &out->memory) < 0)
        return resolve_refuse(memory, e, "'memory' must be a size such as 512M");
    if (cpus && num_milli_cpus(cpus->text, &out->milli_cpus) < 0)
        return resolve_refuse(cpus, e, "'cpus' must be a number such as 0.5");
    if (pids && num_u64(pids->text, UINT32_MAX, &out->pids) < 0)
        return resolve_refuse(pids, e, "'pids' must be a number");
    if (nofile && num_u64(nofile->text, UINT32_MAX, &out->nofile) < 0)
        return resolve_refuse(nofile, e, "'nofile' must be a number");
    int code = cpu_details(r, e);

    if (code == 0)
        code = cpu_reservation(r, e);
    if (code == 0)
        code = memory_details(r, e);
    if (code == 0)
        code = oom_score(r, e);
    return code < 0 ? code : ulimits(r, e);
}
