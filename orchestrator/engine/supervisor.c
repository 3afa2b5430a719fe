#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/store.h"
#include "engine/supervisor_impl.h"
#include "engine/timetable.h"
#include "engine/unfinished.h"
#include "model/graph.h"

/* While the broker is away a new connection is tried this often. */
#define RETRY_US (250 * USEC_PER_MSEC)

/* So long what changes is collected before it is written: with each change the time for an `up`
 * would grow with the square of its services.  What a kill takes the broker's list tells. */
#define SAVE_US (20 * USEC_PER_MSEC)

struct deployment *supervisor_find(const struct supervisor *s, const char *project)
{
    for (size_t n = 0; n < s->n_deployments; n++)
        if (strcmp(s->deployments[n]->project->name, project) == 0)
            return s->deployments[n];
    return NULL;
}

struct instance *supervisor_by_id(const struct supervisor *s, const char *id)
{
    for (size_t n = 0; n < s->n_deployments; n++) {
        struct instance *i = deployment_by_id(s->deployments[n], id);
        if (i)
            return i;
    }
    return NULL;
}

struct instance *supervisor_by_life(const struct supervisor *s, const char *id,
                                    unsigned *incarnation)
{
    for (size_t n = 0; n < s->n_deployments; n++) {
        const struct deployment *d = s->deployments[n];

        for (size_t k = 0; k < d->n_instances; k++) {
            struct instance *i = d->instances[k];
            char prefix[INSTANCE_ID];
            int len =
                snprintf(prefix, sizeof prefix, "%s.%s.%u.", d->project->name, i->name, i->index);

            if (strncmp(id, prefix, (size_t) len) != 0)
                continue;
            *incarnation = (unsigned) strtoul(id + len, NULL, 10);
            return i;
        }
    }
    return NULL;
}

/* While saving fails, most often for want of disk, it is tried again this often. */
#define SAVE_AGAIN_US (1 * USEC_PER_SEC)

static void on_save(void *owner);

static void save(const struct deployment *d, bool durable)
{
    struct supervisor *s = d->supervisor;
    struct err e = ERR_INIT;

    if (store_save_state(s->config.state_dir, d, durable, &e) == 0)
        return;
    log_err(&e, "saving state");
    timers_set(s->timers, &s->save, timers_now(s->timers) + SAVE_AGAIN_US, on_save, s);
}

static void on_save(void *owner)
{
    struct supervisor *s = owner;

    for (size_t n = 0; n < s->n_deployments; n++)
        save(s->deployments[n], false);
}

void supervisor_save(struct supervisor *s)
{
    for (size_t n = 0; n < s->n_deployments; n++) {
        for (size_t k = 0; k < s->deployments[n]->n_all; k++)
            capsule_flush(s->deployments[n]->instances[k]);
        save(s->deployments[n], true);
    }
}

void supervisor_touch(struct supervisor *s)
{
    if (!timer_is_set(&s->save))
        timers_set(s->timers, &s->save, timers_now(s->timers) + SAVE_US, on_save, s);
}

/* for a rest how things stand stays known: what is done is not done again after it */
static bool is_to_stop(const struct instance *i)
{
    if (i->rolling.drains && !i->in->resting)
        return false;
    if (i->in->resting && (i->state == STATE_DONE || i->state == STATE_FAILED))
        return i->want == WANT_REST;
    return deployment_want(i) == WANT_REST && i->state != STATE_DOWN;
}

/* one look at one instance; true when something changed */
static bool nudge(struct deployment *d, struct instance *i)
{
    const char *because = NULL;
    enum state before = i->state;

    i->replace |= lodging_is_lost(d, i);
    if (deployment_want(i) == WANT_RUN && i->state == STATE_DOWN)
        supervisor_step(i, FSM_START, NULL);
    else if (((i->replace && state_is_live(i->state)) || is_to_stop(i)) &&
             !deployment_has_live_dependant(d, i))
        supervisor_step(i, FSM_STOP, NULL);
    else if (i->state == STATE_WAITING)
        switch (deployment_deps(d, i, &because)) {
        case DEPS_OK:
            if (d->supervisor->connected && !networks_are_held(d))
                supervisor_step(i, FSM_DEPS_OK, NULL);
            break;
        case DEPS_FAILED: supervisor_step(i, FSM_DEPS_FAILED, NULL); break;
        case DEPS_PENDING: break;
        }
    return i->state != before;
}

static bool is_quiet(const struct instance *i)
{
    return !state_is_live(i->state) &&
           (!i->log || !capture_log_is_attached(i->log, i->incarnation));
}

void supervisor_check_idle(struct supervisor *s)
{
    struct err e = ERR_INIT;

    if (s->n_deployments > 0 || s->unread || !s->config.exit_idle || s->ending)
        return;
    s->ending = true;
    if (s->ops->quit(s->self, &e) < 0)
        (void) sd_event_exit(s->config.loop, 0);
}

static void forget_deployment(struct supervisor *s, struct deployment *d)
{
    struct err e = ERR_INIT;

    for (size_t n = 0; n < d->n_instances; n++)
        launch_forget_log(s, d->instances[n]);
    if (store_remove(s->config.state_dir, d->project->name, &e) < 0)
        log_err(&e, "forgetting a project");
    for (size_t n = 0; n < s->n_deployments; n++)
        if (s->deployments[n] == d)
            s->deployments[n] = s->deployments[--s->n_deployments];
    deployment_free(d);
    supervisor_check_idle(s);
}

/* after `down`, and after a first `up` that failed and was undone */
static bool leaves_nothing(const struct operation *op)
{
    return op->failed ? op->fresh && !op->keep : op->kind == OP_DOWN;
}

/* first the state, then the answer: whoever was told `done` finds it so; `d` may be gone after */
static void finish_operation(struct deployment *d)
{
    struct supervisor *s = d->supervisor;
    struct operation *op = take_ptr(d->op);
    struct watcher w = op->watcher;

    timers_cancel(s->timers, &op->deadline);
    for (size_t n = 0; n < d->n_instances; n++)
        d->instances[n]->marked = d->instances[n]->started_by_op = false;
    log_line(LOG_INFO, "%s %s project=%s%s%s", operation_text[op->kind],
             op->failed ? "failed" : "done", d->project->name, op->failed ? ": " : "",
             op->failed ? op->failure.why.msg : "");
    supervisor_note(d, json_pack("{s:s,s:s,s:s,s:s}", "event", op->failed ? "failed" : "finished",
                                 "project", d->project->name, "operation", operation_text[op->kind],
                                 "detail", op->failed ? op->failure.why.msg : ""));
    if (leaves_nothing(op)) {
        forget_deployment(s, d);
    } else {
        networks_tell(s, d);
        save(d, true);
    }
    if (w.owner)
        w.done(w.owner, op->failed || op->failure.why.code < 0 ? &op->failure : NULL);
    json_decref(op->failure.details);
    free(op);
}

bool supervisor_is_cut_off(int code)
{
    return code == -EPIPE || code == -ECONNRESET || code == -ENOTCONN;
}

/* What is no process: the answers finish the operation.  If the broker goes away it begins again
 * with the next one. */
static void remove_rest(struct deployment *d)
{
    d->removing = true;
    d->removals = 0;
    if (!d->supervisor->connected)
        return;
    networks_remove(d->supervisor, d);
    volumes_remove(d->supervisor, d);
    if (d->removals == 0)
        finish_operation(d);
}

/* one that is over for good, when all it wrote is in its file */
static void drop_if_gone(struct deployment *d, struct instance *i)
{
    bool beside = i->part != PART_REGULAR;

    if ((i->unit && !beside) || i->want == WANT_RUN || i->state != STATE_DOWN || !is_quiet(i))
        return;
    if (!beside)
        launch_forget_log(d->supervisor, i);
    else
        rollout_forget(i);
    deployment_drop(d, i);
}

void supervisor_settle(struct deployment *d)
{
    bool over = false;

    if (d->removing)
        return; /* all has ended */
    do {
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t n = 0; n < d->n_all; n++)
                changed |= nudge(d, d->instances[n]);
            changed |= rollout_advance(d);
        }
        if (d->networks_ready)
            networks_tell(d->supervisor, d);
        for (size_t n = d->n_all; n > 0; n--)
            drop_if_gone(d, d->instances[n - 1]);
        if (rollout_advance(d))
            continue;
        if (!d->op)
            return;
        bool failed = d->op->failed;
        over = operation_advance(d);
        /* it has failed just now: look at everything again */
        if (!over && failed == d->op->failed)
            return;
    } while (!over);
    for (size_t n = 0; leaves_nothing(d->op) && n < d->n_all; n++)
        if (!is_quiet(d->instances[n]))
            return;
    if (leaves_nothing(d->op) && once_next(d->supervisor, d, NULL))
        return;
    if (leaves_nothing(d->op))
        remove_rest(d);
    else
        finish_operation(d);
}

static void on_started(void *owner, const struct runtime_seen *seen)
{
    struct instance *i = supervisor_by_id(owner, seen->id);

    if (once_started(owner, seen->id, seen->pid) || !i)
        return;
    i->pid = seen->pid;
    deployment_keep_ports(i, seen->ports, seen->n_ports);
    deployment_keep_shut(i, seen->shut, seen->n_ports);
    notify_begin(i);
    if (i->outdated)
        renew_late(i);
    supervisor_step(i, FSM_STARTED, NULL);
    supervisor_settle(i->in);
}

static void on_shut(void *owner, const struct runtime_seen *seen)
{
    struct instance *i = supervisor_by_id(owner, seen->id);

    if (i)
        deployment_keep_shut(i, seen->shut, seen->n_ports);
}

static void on_ended(void *owner, const char *id, const struct exit_info *how)
{
    struct supervisor *s = owner;
    struct instance *i = supervisor_by_id(s, id);
    struct err e = ERR_INIT;

    if (once_ended(s, id, how))
        return;
    if (!i || !state_is_live(i->state)) {
        if (s->ops->remove(s->self, id, &e) < 0)
            log_err(&e, id);
        return;
    }
    supervisor_step(i, FSM_ENDED, how);
    supervisor_settle(i->in);
}

static void on_refused(void *owner, const char *id, const struct err *why)
{
    struct instance *i = supervisor_by_id(owner, id);
    struct exit_info how = { .error = -why->code };

    if (once_refused(owner, id, why) || !i)
        return;
    log_err(why, id);
    supervisor_note(i->in, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "event", "refused", "project",
                                     i->in->project->name, "service", i->name, "name", i->label,
                                     "detail", why->msg, "next", why->hint));
    (void) snprintf(how.stage, sizeof how.stage, "%.47s", why->msg);
    if (i->in->op)
        operation_fail(i->in, i, "sandbox", why);
    supervisor_step(i, FSM_ENDED, &how);
    supervisor_settle(i->in);
}

static void on_notify(void *owner, const char *id, int fd)
{
    notify_open(owner, id, fd);
}

static void on_streams(void *owner, const char *id, int fds[RUNTIME_STREAM_FDS])
{
    struct supervisor *s = owner;
    unsigned incarnation = 0;
    struct instance *i =
        supervisor_by_life(s, id, &incarnation); /* it may be over: its lines count */
    struct err e = ERR_INIT;
    int r;

    if (once_streams(s, id, fds))
        return;
    r = i ? launch_open_log(s, i, &e) : -ENOENT;
    if (r == 0)
        r = capture_log_attach(i->log, i->name, incarnation, fds, &e);
    for (int n = 0; r < 0 && n < RUNTIME_STREAM_FDS; n++)
        if (fds[n] >= 0)
            close(fds[n]);
    if (i && r < 0)
        log_err(&e, id);
}

static void on_answered(void *owner, uint64_t tag, const struct runtime_answer *a)
{
    struct supervisor *s = owner;

    if (probing_answered(s, tag, a) || hooks_answered(s, tag, a) || exec_answered(s, tag, a) ||
        attach_answered(s, tag, a) || inquiry_answered(s, tag, a) || once_answered(s, tag, a) ||
        capsule_answered(s, tag, a) || timetable_answered(s, tag, a) ||
        unfinished_answered(s, tag, a))
        return;
    for (size_t n = 0; n < s->n_deployments; n++) {
        struct deployment *d = s->deployments[n];
        bool removing = d->removing;

        if (removing && !s->connected)
            continue;
        if (rollout_answered(d, tag, a)) {
            supervisor_settle(d);
            return;
        }
        if (networks_answered(d, tag, a) || volumes_answered(d, tag, a)) {
            if (!removing)
                supervisor_settle(d);
            else if (d->removals == 0)
                finish_operation(d);
            return;
        }
    }
}

static void on_retry(void *owner)
{
    (void) supervisor_connect(owner, NULL);
}

static void retry_later(struct supervisor *s)
{
    timers_set(s->timers, &s->retry, timers_now(s->timers) + RETRY_US, on_retry, s);
}

static void tell(struct deployment *d, const char *event, const char *detail)
{
    supervisor_tell(d, json_pack("{s:s,s:s,s:s}", "event", event, "project", d->project->name,
                                 "detail", detail));
}

void supervisor_tell_lost(struct deployment *d)
{
    tell(d, "broker lost", "services go on");
}

static void on_lost(void *owner)
{
    struct supervisor *s = owner;

    s->connected = false;
    if (s->ending)
        (void) sd_event_exit(s->config.loop, 0);
    log_line(LOG_WARN, "the sandbox broker went away; services go on");
    for (size_t n = 0; n < s->n_deployments; n++)
        supervisor_tell_lost(s->deployments[n]);
    retry_later(s);
}

/* the end of a process that was only started for projects: the last one is gone */
static void on_released(void *owner)
{
    struct supervisor *s = owner;

    if (s->ending && s->n_deployments == 0)
        (void) sd_event_exit(s->config.loop, 0);
    s->ending = false;
}

static void on_connected(void *owner, const struct runtime_seen *seen, size_t n)
{
    struct supervisor *s = owner;

    s->connected = true;
    timers_cancel(s->timers, &s->retry);
    log_line(LOG_INFO, "connected to the sandbox broker instances=%zu", n);
    for (size_t k = 0; k < s->n_deployments; k++)
        tell(s->deployments[k], "broker connected", "");
    recovery_connected(s, seen, n);
    for (size_t k = s->n_deployments; k > 0; k--) /* what is finished goes */
        if (s->deployments[k - 1]->removing)
            remove_rest(s->deployments[k - 1]);
    timetable_look(s);
    unfinished_look(s);
}

int supervisor_connect(struct supervisor *s, struct err *e)
{
    int r = s->ops->connect(s->self, e);

    if (r < 0)
        retry_later(s);
    return r;
}

bool supervisor_is_ending(const struct supervisor *s)
{
    return s->ending;
}

struct supervisor *supervisor_new(const struct supervisor_config *config)
{
    struct supervisor *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->config = *config;
    s->timers = config->timers;
    s->began_us = timers_now(s->timers);
    return s;
}

struct runtime_listener supervisor_listener(struct supervisor *s)
{
    return (struct runtime_listener){ .owner = s,
                                      .connected = on_connected,
                                      .lost = on_lost,
                                      .started = on_started,
                                      .shut = on_shut,
                                      .ended = on_ended,
                                      .refused = on_refused,
                                      .streams = on_streams,
                                      .notify = on_notify,
                                      .answered = on_answered,
                                      .released = on_released };
}

void supervisor_use(struct supervisor *s, const struct runtime_ops *ops, void *self)
{
    s->ops = ops;
    s->self = self;
}

void supervisor_free(struct supervisor *s)
{
    if (!s)
        return;
    once_free(s);
    attach_free(s);
    for (size_t n = 0; n < s->n_deployments; n++) {
        if (timer_is_set(&s->save))
            save(s->deployments[n], true);
        if (s->deployments[n]->op) {
            timers_cancel(s->timers, &s->deployments[n]->op->deadline);
            json_decref(s->deployments[n]->op->failure.details);
        }
        free(s->deployments[n]->op);
        deployment_free(s->deployments[n]);
    }
    free(s->deployments);
    strv_free(s->unread);
    exec_free(s);
    inquiry_free(s);
    timers_cancel(s->timers, &s->save);
    timers_cancel(s->timers, &s->retry);
    timers_cancel(s->timers, &s->look);
    unfinished_free(s);
    free(s);
}
