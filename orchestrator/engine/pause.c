/* Paused instances: frozen by the broker, in a state that stays what it was. */
#include "base/log.h"
#include "engine/supervisor_impl.h"

void pause_note(struct instance *i, bool paused)
{
    if (!state_is_live(i->state))
        return; /* it ended meanwhile */
    if (paused && i->state == STATE_STOPPING) {
        i->paused = true;
        pause_lift(i); /* what was asked to end must be able to */
        return;
    }
    log_line(LOG_INFO, "%s %s project=%s", i->label, paused ? "paused" : "unpaused",
             i->in->project->name);
    supervisor_note(i->in,
                    json_pack("{s:s,s:s,s:s,s:s,s:i}", "event", paused ? "paused" : "unpaused",
                              "project", i->in->project->name, "service", i->name, "name", i->label,
                              "pid", i->pid));
    i->paused = paused;
    probing_end(i); /* what is frozen answers nothing, which says nothing about it */
    if (!paused && i->unit && i->state != STATE_PREPARING && i->state != STATE_STOPPING)
        probing_begin(i, true);
}

void pause_lift(struct instance *i)
{
    struct supervisor *s = i->in->supervisor;
    struct err e = ERR_INIT;

    if (i->paused && s->ops->freeze(s->self, i->id, false, 0, &e) < 0)
        log_err(&e, i->id);
    i->paused = false;
}
