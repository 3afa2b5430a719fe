/* After a connection to the broker: bring what was saved together with what runs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/supervisor_impl.h"

static const struct runtime_seen *find_seen(const struct runtime_seen *seen, size_t n,
                                            const char *id)
{
    for (size_t k = 0; k < n; k++)
        if (strcmp(seen[k].id, id) == 0)
            return &seen[k];
    return NULL;
}

/* The supervisor can be killed between a launch and saving it: the id tells whose it is.  What was
 * saved as live must have ended before, whether or not anybody saw it. */
static struct instance *adopt_unsaved(struct supervisor *s, const struct runtime_seen *seen,
                                      const struct runtime_seen *all, size_t n)
{
    unsigned incarnation = 0;
    struct instance *i = supervisor_by_life(s, seen->id, &incarnation);
    const struct runtime_seen *saved = i ? find_seen(all, n, i->id) : NULL;

    if (!i || !i->unit || incarnation <= i->incarnation ||
        (state_is_live(i->state) && saved && !saved->ended))
        return NULL;
    if (state_is_live(i->state))
        i->restarts++;
    i->incarnation = incarnation;
    (void) snprintf(i->id, sizeof i->id, "%s", seen->id);
    (void) snprintf(i->digest, sizeof i->digest, "%s", i->unit->digest);
    i->stop_signal = i->unit->stop_signal;
    i->stop_grace_us = i->unit->stop_grace_us;
    i->state = STATE_PREPARING;
    return i;
}

static void adopt(struct supervisor *s, struct instance *i, const struct runtime_seen *seen)
{
    struct err e = ERR_INIT;

    i->pid = seen->pid;
    deployment_keep_ports(i, seen->ports, seen->n_ports);
    deployment_keep_shut(i, seen->shut, seen->n_ports);
    i->launched_us = timers_now(s->timers);
    i->paused = seen->frozen && !seen->ended;
    i->memory_limit = seen->memory_limit;
    if (seen->ended)
        return; /* its exit is told again */
    if (i->state == STATE_PREPARING && seen->pid > 0) {
        supervisor_step(i, FSM_STARTED, NULL);
    } else if (i->state == STATE_STOPPING) {
        /* the grace period starts anew: the old timer died with the old supervisor */
        i->state = STATE_UP;
        supervisor_step(i, FSM_STOP, NULL);
    } else if (i->unit && i->state == STATE_STARTING && i->unit->n_post_start > 0) {
        hooks_run(i, HOOKS_POST_START); /* nobody knows how far they came */
    } else if (i->unit && i->state != STATE_PREPARING && !timer_is_set(&i->probe_timer) &&
               i->probe_tag == 0) {
        i->ready_seen |= i->state == STATE_UP;
        if (!i->paused)
            probing_begin(i, true);
    }
    if (launch_open_log(s, i, &e) < 0)
        log_err(&e, i->name);
}

/* of a project that cannot be read: nobody knows whether it is wanted */
static bool is_left_alone(const struct supervisor *s, const char *id)
{
    for (char *const *name = s->unread; name && *name; name++) {
        size_t len = strlen(*name);

        if (strncmp(id, *name, len) == 0 && id[len] == '.')
            return true;
    }
    return false;
}

static void drop_unknown(struct supervisor *s, const struct runtime_seen *seen)
{
    struct err e = ERR_INIT;
    int r = seen->ended ? s->ops->remove(s->self, seen->id, &e)
                        : s->ops->signal(s->self, seen->id, SIGKILL, &e);

    log_line(LOG_WARN, "ending an instance nobody wants: %s", seen->id);
    if (r < 0)
        log_err(&e, seen->id);
}

/* What was live when the state was saved but is not known to the broker any more starts again, in
 * the order of its dependencies; so does what waited for a timer that died with the supervisor. */
static void restart_vanished(struct deployment *d, const struct runtime_seen *seen, size_t n)
{
    for (size_t k = 0; k < d->n_all; k++) {
        struct instance *i = d->instances[k];

        if ((state_is_live(i->state) && !find_seen(seen, n, i->id)) ||
            (i->state == STATE_BACKOFF && !timer_is_set(&i->timer)))
            supervisor_step(i, FSM_VANISHED, NULL);
    }
}

void recovery_connected(struct supervisor *s, const struct runtime_seen *seen, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        struct instance *i = supervisor_by_id(s, seen[k].id);

        if (!i || !state_is_live(i->state))
            i = adopt_unsaved(s, &seen[k], seen, n);
        if (i)
            adopt(s, i, &seen[k]);
        else if (!once_is_known(s, seen[k].id) && !is_left_alone(s, seen[k].id))
            drop_unknown(s, &seen[k]);
    }
    once_connected(s, seen, n);
    for (size_t k = s->n_deployments; k > 0; k--) {
        struct deployment *d = s->deployments[k - 1];

        d->networks_ready = false;
        restart_vanished(d, seen, n);
        networks_tell(s, d); /* whom the last supervisor did not come to, or told of who is gone */
        supervisor_settle(d);
    }
    supervisor_touch(s);
}
