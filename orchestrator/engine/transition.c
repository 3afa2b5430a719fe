/* One step of the state machine of an instance: the facts it decides on, what it asks for, what is
 * noted and told. */
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/backoff.h"
#include "engine/supervisor_impl.h"

void supervisor_note(const struct deployment *d, json_t *event)
{
    const struct supervisor_config *c = &d->supervisor->config;

    if (!json_object_get(event, "time_us"))
        (void) json_object_set_new(event, "time_us", json_integer((json_int_t) clock_wall_us()));
    if (c->observe)
        c->observe(c->observer, event);
    json_decref(event);
}

void supervisor_tell(struct deployment *d, json_t *event)
{
    if (d->op && d->op->watcher.owner)
        d->op->watcher.event(d->op->watcher.owner, event);
    supervisor_note(d, event);
}

/* what happened, in the words of health checks where there are some */
static const char *event_word(const struct instance *i)
{
    if (i->state == STATE_UP && i->health.health != HEALTH_NONE)
        return "healthy";
    if (i->state == STATE_SICK)
        return "unhealthy";
    return state_text[i->state];
}

/* something that somebody will ask about */
static bool is_failure(const struct instance *i, const struct exit_info *how)
{
    return i->state == STATE_SICK ||
           (how && (i->state == STATE_BACKOFF || i->state == STATE_FAILED));
}

/* `how` is NULL unless it has just ended */
static void announce(struct instance *i, enum state before, const char *detail,
                     const struct exit_info *how)
{
    const char *waits = "";
    json_t *event;

    if (i->state == STATE_WAITING)
        (void) deployment_deps(i->in, i, &waits);
    log_line(LOG_INFO, "%s %s project=%s was=%s%s%s", i->label, state_text[i->state],
             i->in->project->name, state_text[before], detail[0] ? ": " : "", detail);
    event = json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:I}", "event",
                      event_word(i), "project", i->in->project->name, "service", i->name, "name",
                      i->label, "index", (int) i->index, "state", state_text[i->state], "was",
                      state_text[before], "waits_for", waits, "detail", detail, "restarts",
                      (int) i->restarts, "incarnation", (int) i->incarnation, "pid", i->pid,
                      "time_us", (json_int_t) clock_wall_us());
    if (how)
        (void) json_object_set_new(event, "exit", deployment_end_to_json(how));
    if (is_failure(i, how) && detail[0] != '\0')
        capsule_begin(i, event);
    supervisor_tell(i->in, event);
}

static void on_timer(void *owner)
{
    struct instance *i = owner;

    supervisor_step(i, FSM_TIMER, NULL);
    supervisor_settle(i->in);
}

static void act(struct instance *i, const struct fsm_step *step)
{
    struct supervisor *s = i->in->supervisor;
    struct err e = ERR_INIT;
    int r = 0;

    if (step->actions & FSM_SET_TIMER)
        timers_set(s->timers, &i->timer, timers_now(s->timers) + step->timer_us, on_timer, i);
    if (step->actions & FSM_PROBE)
        probing_begin(i, false);
    if (step->actions & FSM_POST_START)
        hooks_run(i, HOOKS_POST_START);
    if (step->actions & FSM_PRE_STOP)
        hooks_run(i, HOOKS_PRE_STOP);
    if (step->actions & (FSM_SIGNAL | FSM_KILL | FSM_PRE_STOP))
        pause_lift(i);
    if (step->actions & FSM_RELOAD && i->unit->sickness.reload_signal > 0)
        r = s->ops->signal(s->self, i->id, i->unit->sickness.reload_signal, &e);
    if (step->actions & FSM_SIGNAL)
        r = s->ops->signal(s->self, i->id, i->stop_signal, &e);
    if (step->actions & FSM_KILL)
        r = s->ops->signal(s->self, i->id, SIGKILL, &e);
    if (step->actions & FSM_RELEASE)
        r = s->ops->remove(s->self, i->id, &e);
    if (r < 0)
        log_err(&e, i->id);
    if (step->actions & FSM_LAUNCH && launch_instance(s, i, &e) < 0) {
        struct exit_info how = { .stage = "asking for a sandbox", .error = -e.code };
        log_err(&e, i->id);
        operation_fail(i->in, i, "sandbox", &e);
        supervisor_step(i, FSM_ENDED, &how);
    }
}

static uint32_t chance(void)
{
    uint32_t number = 0;

    return getrandom(&number, sizeof number, GRND_NONBLOCK) == sizeof number ? number : 0;
}

static struct fsm_facts facts_of(struct instance *i, const struct exit_info *how)
{
    const struct unit *u = i->unit;
    struct fsm_facts f = { .want = deployment_want(i),
                           .stop_grace_us = i->stop_grace_us,
                           .to_blame = i->to_blame };

    if (i->in->op && i->marked && i->in->op->has_grace)
        f.stop_grace_us = i->in->op->grace_us;
    if (u) {
        f.restart = u->restart;
        f.on_unhealthy = u->sickness.action;
        f.sick_grace_us = u->sickness.grace_us;
        f.has_post_start = u->n_post_start > 0;
        f.has_pre_stop = u->n_pre_stop > 0;
        for (enum shared k = 0; k < SHARED_COUNT; k++)
            f.is_lodger |= shared_of(u, k)[0] != '\0';
    }
    if (how) { /* FSM_ENDED */
        uint64_t lived_us = timers_now(i->in->timers) - i->launched_us;

        f.exit_clean = exit_is_clean(how) && !i->to_blame;
        f.setup_failed = how->stage[0] != '\0' && i->in->op;
        f.evicted = lodging_was_evicted(i, how);
        if (f.restart.window_us > 0 && lived_us >= f.restart.window_us)
            i->attempts = 0;
        if (deployment_want(i) == WANT_RUN && !f.evicted &&
            (i->state != STATE_STOPPING || i->to_blame))
            f.backoff_us = backoff_next(&i->crash_streak, &f.restart, lived_us, chance());
    }
    f.attempts = i->attempts;
    return f;
}

static void note_end(struct instance *i, const struct exit_info *how)
{
    i->last = *how;
    i->has_last = true;
    i->pid = 0;
    i->replace = i->paused = false;
    if (!i->to_blame)
        i->blame[0] = '\0';
    if (!i->ready_seen)
        i->false_starts++;
    probing_end(i);
    notify_close(i);
    hooks_end(i);
}

/* nobody saw it end, so no restart is counted and nothing is told: a boot, most often */
static void note_vanished(struct instance *i)
{
    i->last = (struct exit_info){ .signal = SIGKILL };
    i->has_last = true;
    i->pid = 0;
    i->replace = i->ready_seen = i->paused = i->to_blame = false;
    probing_end(i);
    notify_close(i);
    hooks_end(i);
}

/* why it is being stopped although it is wanted */
static void blame(struct instance *i, enum fsm_event event, char *detail, size_t room)
{
    i->to_blame = true;
    if (event == FSM_TIMER)
        (void) snprintf(i->blame, sizeof i->blame, "was unhealthy%s%s",
                        i->health.last_output[0] ? ": " : "", i->health.last_output);
    (void) snprintf(detail, room, "%s", i->blame);
}

void supervisor_step(struct instance *i, enum fsm_event event, const struct exit_info *how)
{
    struct fsm_facts facts = facts_of(i, how);
    struct fsm_step step = fsm_step(i->state, event, &facts);
    enum state before = i->state;
    char detail[320] = "";

    if (event == FSM_ENDED && state_is_live(before)) {
        note_end(i, how);
        if (i->to_blame || (deployment_want(i) == WANT_RUN && before != STATE_STOPPING))
            deployment_describe_end(i, detail, sizeof detail);
    }
    if (event == FSM_VANISHED)
        note_vanished(i);
    if ((event == FSM_ENDED && state_is_live(before)) || event == FSM_VANISHED)
        attach_ended(i, &i->last);
    if (event == FSM_SICK)
        (void) snprintf(detail, sizeof detail, "%s", i->health.last_output);
    if (step.actions & FSM_BLAME)
        blame(i, event, detail, sizeof detail);
    if (step.next != before) {
        i->state = step.next;
        i->since_wall_us = clock_wall_us();
        timers_cancel(i->in->timers, &i->timer);
        i->restarts += step.next == STATE_BACKOFF;
        i->attempts += step.next == STATE_BACKOFF;
        i->came_back |= step.next == STATE_BACKOFF;
        i->ready_seen |= step.next == STATE_UP;
        announce(i, before, detail, event == FSM_ENDED ? how : NULL);
        supervisor_touch(i->in->supervisor);
    }
    act(i, &step);
    if (step.next == STATE_UP && i->came_back && i->part == PART_REGULAR) {
        i->came_back = false;
        deployment_replace_dependants(i);
    }
}
