/* What a service may use. */
#include <string.h>

#include "base/num.h"
#include "compose/resolve.h"

enum { OOM_SCORE_LEAST = -900, OOM_SCORE_MOST = 1000 };

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
    return oom_score(r, e) < 0 ? e->code : ulimits(r, e);
}
