/* namespaces that an instance has in common with another one of its project */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "engine/supervisor_impl.h"

struct instance *lodging_with(const struct deployment *d, const struct instance *i,
                              enum shared which)
{
    const char *of = i->unit ? shared_of(i->unit, which) : "";

    return of[0] != '\0' ? deployment_instance(d, of) : NULL;
}

bool lodging_is_lost(const struct deployment *d, const struct instance *i)
{
    bool lost = false;

    for (enum shared k = 0; k < SHARED_COUNT && state_is_live(i->state); k++) {
        const struct instance *with = lodging_with(d, i, k);

        lost |= with && state_is_live(with->state) && strcmp(i->lodges[k], with->id) != 0;
    }
    return lost;
}

bool lodging_was_evicted(const struct instance *i, const struct exit_info *how)
{
    const struct instance *with = lodging_with(i->in, i, SHARED_PID);

    return with && how->signal == SIGKILL && !how->oom &&
           (!state_is_live(with->state) || strcmp(i->lodges[SHARED_PID], with->id) != 0);
}

void lodging_plan(struct instance *i, struct runtime_launch *out)
{
    for (enum shared k = 0; k < SHARED_COUNT; k++) {
        const struct instance *with = lodging_with(i->in, i, k);

        (void) snprintf(i->lodges[k], sizeof i->lodges[k], "%s", with ? with->id : "");
        out->shares[k] = with ? i->lodges[k] : shared_of(i->unit, k);
    }
}
