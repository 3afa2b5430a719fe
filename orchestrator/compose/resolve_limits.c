/* What a service may use. */
#include "base/num.h"
#include "compose/resolve.h"

static const struct node *either(const struct node *a, const char *key, const struct node *b,
                                 const char *other)
{
    const struct node *n = node_get(a, key);

    return n ? n : node_get(b, other);
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
    return 0;
}
