#include "engine/drain.h"

#include <string.h>

#include "base/log.h"
#include "engine/supervisor_impl.h"

/* whoever found `service` when it began, and can be told to look again */
static bool is_to_reload(const struct instance *i, const char *service)
{
    if (!i->unit || i->pid <= 0 || i->unit->sickness.reload_signal <= 0 ||
        (i->state != STATE_STARTING && i->state != STATE_UP && i->state != STATE_SICK))
        return false;
    for (size_t n = 0; n < i->unit->n_deps; n++)
        if (strcmp(i->unit->deps[n].unit, service) == 0)
            return true;
    return false;
}

/* the workers of those that reload go on with what they know until they end */
static void await_workers(struct instance *leaving)
{
    const struct deployment *d = leaving->in;
    const struct supervisor *s = d->supervisor;
    struct rolling *l = &leaving->rolling;

    for (size_t n = 0; n < d->n_instances; n++)
        if (is_to_reload(d->instances[n], leaving->name))
            l->n_awaited +=
                s->ops->children(s->self, d->instances[n]->pid, l->awaited + l->n_awaited,
                                 ROLLING_PROCESSES - l->n_awaited);
}

static void reload_dependants(const struct instance *of)
{
    const struct deployment *d = of->in;
    const struct supervisor *s = d->supervisor;

    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];
        struct err e = ERR_INIT;

        if (is_to_reload(i, of->name) &&
            s->ops->signal(s->self, i->id, i->unit->sickness.reload_signal, &e) < 0)
            log_err(&e, i->id);
    }
}

void drain_begin(struct instance *i)
{
    i->rolling = (struct rolling){ .drains = i->unit->n_networks > 0,
                                   .until_us = timers_now(i->in->timers) + i->stop_grace_us };
}

void drain_tell(struct instance *i)
{
    if (!i->rolling.drains)
        return;
    await_workers(i);
    reload_dependants(i);
}

bool drain_is_needed(struct instance *i)
{
    const struct supervisor *s = i->in->supervisor;
    struct rolling *l = &i->rolling;

    if (i->pid <= 0 || timers_now(i->in->timers) >= l->until_us)
        return false;
    for (; l->n_awaited > 0; l->n_awaited--)
        if (s->ops->is_running(s->self, l->awaited[l->n_awaited - 1]))
            return true;
    return s->ops->inbound(s->self, i->pid) != 0;
}
