/* The logs of a project are kept within what it says, after each rotation and as they grow old. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"
#include "logs/budget.h"

#define TIDY_US (60 * USEC_PER_SEC)

static void on_timer(void *owner)
{
    tidy_logs(owner);
}

void tidy_logs(struct deployment *d)
{
    const struct project *p = d->project;
    auto_free char *dir = paths_join("%s/%s", d->supervisor->config.log_dir, p->name);
    auto_free struct budget *each = calloc(p->n_units + 1, sizeof *each);
    bool any = p->logs.budget > 0;

    if (!each)
        abort();
    for (size_t i = 0; i < p->n_units; i++) {
        const struct log_keep *own = &p->units[i].logs;

        each[i] =
            (struct budget){ .service = p->units[i].name,
                             .bytes = own->budget,
                             .age_us = own->max_age_us ? own->max_age_us : p->logs.max_age_us };
        any |= each[i].bytes > 0 || each[i].age_us > 0;
    }
    timers_cancel(d->timers, &d->tidy);
    if (!any)
        return;
    (void) budget_apply(dir, each, p->n_units, p->logs.budget, clock_wall_us());
    timers_set(d->timers, &d->tidy, timers_now(d->timers) + TIDY_US, on_timer, d);
}
