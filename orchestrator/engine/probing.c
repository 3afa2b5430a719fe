#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/supervisor_impl.h"

static void on_due(void *owner);

static void schedule(struct instance *i)
{
    timers_cancel(i->in->timers, &i->probe_timer);
    if (i->health.due_us > 0)
        timers_set(i->in->timers, &i->probe_timer, i->health.due_us, on_due, i);
}

/* nobody is asked: readiness comes by itself */
static bool tells_itself(const struct instance *i)
{
    return i->unit &&
           (i->unit->health.probe.kind == PROBE_LOG || i->unit->health.probe.kind == PROBE_NOTIFY);
}

static void take_answer(struct instance *i, const struct runtime_answer *a);

static void answer_itself(struct instance *i)
{
    char silence[LIMIT_PATTERN + 64] = "";

    if (!i->told && i->unit->health.probe.kind == PROBE_LOG)
        (void) snprintf(silence, sizeof silence, "no line matches '%s' yet",
                        i->unit->health.probe.pattern);
    else if (!i->told)
        (void) snprintf(silence, sizeof silence, "%s",
                        i->ready_seen ? "no WATCHDOG=1 yet" : "it has not said READY=1 yet");
    health_log_begin(&i->checks, clock_wall_us(), timers_now(i->in->timers));
    take_answer(i, &(struct runtime_answer){ .ok = i->told, .output = silence });
}

static void on_due(void *owner)
{
    struct instance *i = owner;
    struct supervisor *s = i->in->supervisor;
    struct err e = ERR_INIT;

    if (!i->unit)
        return; /* on its way out */
    if (tells_itself(i)) {
        answer_itself(i);
        return;
    }
    if (!s->connected) {
        i->health.due_us = timers_now(s->timers) + USEC_PER_SEC;
        schedule(i);
        return;
    }
    i->probe_tag = ++s->last_tag;
    i->health.probing = true;
    health_log_begin(&i->checks, clock_wall_us(), timers_now(s->timers));
    if (s->ops->probe(s->self, i->id, deployment_project_of(i), &i->unit->health, i->probe_tag,
                      &e) < 0)
        log_err(&e, i->id);
}

void probing_begin(struct instance *i, bool adopted)
{
    health_begin(&i->health, &i->unit->health, timers_now(i->in->timers));
    if (!adopted)
        health_log_clear(&i->checks);
    if (adopted && i->health.health != HEALTH_NONE)
        i->health.health = i->state == STATE_UP     ? HEALTH_GOOD
                           : i->state == STATE_SICK ? HEALTH_BAD
                                                    : HEALTH_STARTING;
    i->told |= adopted && i->health.health == HEALTH_GOOD;
    if (tells_itself(i) && i->told)
        i->health.due_us = timers_now(i->in->timers);
    if (i->health.health == HEALTH_NONE)
        supervisor_step(i, FSM_READY, NULL);
    schedule(i);
}

void probing_told(void *instance)
{
    struct instance *i = instance;

    i->told = true;
    if (timer_is_set(&i->probe_timer))
        on_due(i);
}

void probing_failed(struct instance *i, const char *what)
{
    if (i->health.health != HEALTH_GOOD || !i->unit)
        return;
    i->told = false;
    i->health.failing = i->unit->health.retries;
    health_log_begin(&i->checks, clock_wall_us(), timers_now(i->in->timers));
    take_answer(i, &(struct runtime_answer){ .output = what });
}

void probing_end(struct instance *i)
{
    timers_cancel(i->in->timers, &i->watchdog);
    i->probe_tag = 0;
    i->health.due_us = 0;
    timers_cancel(i->in->timers, &i->probe_timer);
}

static struct instance *by_tag(const struct supervisor *s, uint64_t tag)
{
    for (size_t n = 0; n < s->n_deployments; n++)
        for (size_t k = 0; k < s->deployments[n]->n_all; k++)
            if (s->deployments[n]->instances[k]->probe_tag == tag)
                return s->deployments[n]->instances[k];
    return NULL;
}

/* keeps one line of what a failed check said */
static void keep_output(struct instance *i, const struct runtime_answer *a)
{
    char *out = i->health.last_output;

    (void) snprintf(out, sizeof i->health.last_output, "%s",
                    a->timed_out ? "no answer in time" : a->output);
    out[strcspn(out, "\n")] = '\0';
}

static int exit_status(const struct runtime_answer *a)
{
    return a->timed_out || a->error > 0 || a->signal > 0 ? -1 : a->code;
}

bool probing_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    struct instance *i = by_tag(s, tag);

    if (!i || tag == 0)
        return false;
    i->probe_tag = 0;
    if (!i->unit)
        return true;
    if (!s->connected) {
        /* the broker went away, which says nothing about the service */
        i->health.due_us = timers_now(s->timers) + USEC_PER_SEC;
        schedule(i);
        return true;
    }
    take_answer(i, a);
    return true;
}

static void take_answer(struct instance *i, const struct runtime_answer *a)
{
    struct supervisor *s = i->in->supervisor;
    unsigned before = i->health.failing;
    bool changed;

    if (!a->ok)
        keep_output(i, a);
    health_log_end(&i->checks, timers_now(s->timers), a->ok, exit_status(a),
                   a->timed_out ? "no answer in time"
                   : a->output  ? a->output
                                : "");
    changed = health_answer(&i->health, &i->unit->health, a->ok, timers_now(s->timers));
    if (i->health.failing > before)
        health_log_count(&i->checks);
    if (changed)
        supervisor_step(i, i->health.health == HEALTH_GOOD ? FSM_READY : FSM_SICK, NULL);
    if (a->ok && tells_itself(i)) {
        i->health.due_us = 0; /* it does not take it back by itself */
        notify_watch(i);
    }
    schedule(i);
    supervisor_settle(i->in);
}
