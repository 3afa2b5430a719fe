/* processor time that services are promised: no more than this host has */
#include <errno.h>
#include <inttypes.h>

#include "engine/supervisor_impl.h"

static uint64_t of_project(const struct project *p)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < p->n_units; i++)
        sum += p->units[i].reserved_milli_cpus * p->units[i].replicas;
    return sum;
}

/* what is wanted of it, whether it runs at this moment or is about to */
static uint64_t of_deployment(const struct deployment *d)
{
    uint64_t sum = 0;

    for (size_t n = 0; n < d->n_instances; n++)
        if (d->instances[n]->unit && d->instances[n]->want == WANT_RUN)
            sum += d->instances[n]->unit->reserved_milli_cpus;
    return sum;
}

int reservation_check(const struct supervisor *s, const struct project *p, struct err *e)
{
    const struct deployment *own = supervisor_find(s, p->name);
    uint64_t wanted = of_project(p), others = 0, host = s->config.milli_cpus;

    for (size_t k = 0; k < s->n_deployments; k++)
        if (s->deployments[k] != own)
            others += of_deployment(s->deployments[k]);
    if (wanted == 0 || wanted + others <= host)
        return 0;
    err_set(e, -EDQUOT,
            "project '%s' reserves %" PRIu64 ".%03" PRIu64 " processors; this host has %" PRIu64
            ".%03" PRIu64 ", of which other projects that are up reserve %" PRIu64 ".%03" PRIu64,
            p->name, wanted / 1000, wanted % 1000, host / 1000, host % 1000, others / 1000,
            others % 1000);
    err_hint(e, "lower deploy.resources.reservations.cpus, or take another project down");
    return err_classify(e, ERR_FAILED);
}
