#include "engine/rollout.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/drain.h"
#include "engine/store.h"
#include "engine/supervisor_impl.h"
#include "model/beside.h"

enum { PERMILL = 1000 };

const char *const roll_text[] = {
    [ROLL_NONE] = "",           [ROLL_AHEAD] = "ahead",
    [ROLL_BESIDE] = "beside",   [ROLL_REPLACING] = "replacing",
    [ROLL_WATCHED] = "watched", [ROLL_DONE] = "done",
    [ROLL_FAILED] = "failed",   [ROLL_HELD] = "held",
};
static_assert(ARRAY_LEN(roll_text) == ROLL_COUNT, "a roll has no text");

static const struct unit *next_unit(const struct rollout *r)
{
    return project_unit(r->next, r->service);
}

static const struct rollout_spec *how(const struct rollout *r)
{
    return r->back ? &next_unit(r)->rollback : &next_unit(r)->update;
}

static bool is_meant(const struct rollout *r, const struct instance *i)
{
    return strcmp(i->name, r->service) == 0;
}

static void on_timer(void *owner)
{
    supervisor_settle(owner);
}

static void look_at(struct deployment *d, uint64_t when_us)
{
    struct timer *t = &d->rollout->timer;

    if (!timer_is_set(t) || when_us < t->due_us)
        timers_set(d->timers, t, when_us, on_timer, d);
}

/* ---- one instance ---- */

static void begin_beside(struct deployment *d, struct instance *i)
{
    struct instance *next = deployment_add_beside(i);

    next->unit = next_unit(d->rollout);
    next->want = WANT_RUN;
    i->rolling.roll = ROLL_BESIDE;
    d->networks_ready = false; /* it is to have places there */
}

/* as an operator's restart does it, with another definition */
static void begin_replacing(struct deployment *d, struct instance *i)
{
    i->unit = next_unit(d->rollout);
    i->rolling.roll = ROLL_REPLACING;
    i->restarts = i->attempts = i->crash_streak = i->false_starts = 0;
    i->replace = state_is_live(i->state);
    if (i->state == STATE_BACKOFF)
        supervisor_step(i, FSM_STOP, NULL);
    else if (i->state == STATE_FAILED || i->state == STATE_DONE)
        supervisor_step(i, FSM_START, NULL);
}

static void begin_one(struct deployment *d, struct instance *i)
{
    bool beside = how(d->rollout)->order == ROLLOUT_START_FIRST && i->state == STATE_UP &&
                  !beside_refused(d->rollout->next, next_unit(d->rollout)) &&
                  !beside_refused(d->project, i->unit);

    (beside ? begin_beside : begin_replacing)(d, i);
    supervisor_touch(d->supervisor);
}

static size_t count(const struct deployment *d, unsigned rolls)
{
    size_t n = 0;

    for (size_t k = 0; k < d->n_instances; k++)
        n += is_meant(d->rollout, d->instances[k]) && rolls & 1u << d->instances[k]->rolling.roll;
    return n;
}

#define IN(roll)   (1u << ROLL_##roll)
#define ON_ITS_WAY (IN(BESIDE) | IN(REPLACING) | IN(WATCHED))

static void end_next(struct instance *i)
{
    struct instance *next = deployment_beside(i, PART_NEXT);

    if (next)
        next->want = WANT_REST;
}

static void fail_one(struct deployment *d, struct instance *i, const struct instance *culprit,
                     const char *phase, const struct err *why)
{
    struct rollout *r = d->rollout;
    size_t all = count(d, ~IN(NONE));

    i->rolling.roll = ROLL_FAILED;
    end_next(i);
    r->failed++;
    supervisor_tell(d, json_pack("{s:s,s:s,s:s,s:s,s:s}", "event", "replacement failed", "project",
                                 d->project->name, "service", i->name, "name", i->base, "detail",
                                 why->msg));
    if (how(r)->on_failure != ROLLOUT_CONTINUE &&
        r->failed * PERMILL > all * how(r)->max_failure_permill)
        operation_fail(d, culprit, phase, why);
    supervisor_touch(d->supervisor);
}

static void watch(struct deployment *d, struct instance *i)
{
    i->rolling =
        (struct rolling){ .roll = ROLL_WATCHED,
                          .until_us = timers_now(d->timers) + how(d->rollout)->monitor_us };
}

/* ---- the next one takes its place ---- */

static void change_places(struct deployment *d, struct instance *i, struct instance *next)
{
    struct supervisor *s = d->supervisor;
    struct err e = ERR_INIT;

    deployment_change_places(i, next);
    probing_end(i);
    i->want = WANT_REST;
    drain_begin(i);
    watch(d, next);
    if (launch_open_log(s, next, &e) < 0)
        log_err(&e, next->id);
    supervisor_tell(d, json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "event", "switched", "project",
                                 d->project->name, "service", next->name, "name", next->base,
                                 "detail", next->id, "pid", next->pid));
    networks_tell(s, d);
    drain_tell(i);
    supervisor_touch(s);
}

static bool look_beside(struct deployment *d, struct instance *i)
{
    struct supervisor *s = d->supervisor;
    struct instance *next = deployment_beside(i, PART_NEXT);
    const char *phase = "";
    struct err why = ERR_INIT;

    if (!next || d->rollout->giving_up) {
        i->rolling.roll = ROLL_FAILED;
        end_next(i);
        return true;
    }
    if (operation_cannot_start(d, next, &phase, &why)) {
        fail_one(d, i, next, phase, &why);
        return true;
    }
    if (next->state != STATE_UP || next->rolling.take_tag != 0 || !s->connected)
        return false;
    if (next->unit->n_ports == 0 || next->rolling.has_ports) {
        change_places(d, i, next);
        return true;
    }
    next->rolling.take_tag = ++s->last_tag;
    if (s->ops->take_ports(s->self, next->id, next->rolling.take_tag, &why) < 0)
        next->rolling.take_tag = 0; /* the broker is gone; with the next one it is tried again */
    return false;
}

bool rollout_answered(struct deployment *d, uint64_t tag, const struct runtime_answer *a)
{
    struct err why = ERR_INIT;

    for (size_t n = d->n_instances; tag != 0 && n < d->n_all; n++) {
        struct instance *next = d->instances[n];
        struct instance *i = deployment_replica(d, next->name, next->index);

        if (next->rolling.take_tag != tag)
            continue;
        next->rolling.take_tag = 0;
        next->rolling.has_ports = a->ok;
        if (a->ok || !d->supervisor->connected || !d->rollout || !i)
            return true;
        err_set(&why, -a->error, "service '%s' cannot have its published ports: %s", next->name,
                a->output);
        fail_one(d, i, next, "ports", &why);
        return true;
    }
    return false;
}

static bool look_replacing(struct deployment *d, struct instance *i)
{
    const char *phase = "";
    struct err why = ERR_INIT;

    if (operation_cannot_start(d, i, &phase, &why)) {
        fail_one(d, i, i, phase, &why);
        return true;
    }
    if (!operation_is_ready(i))
        return false;
    watch(d, i);
    return true;
}

static bool look_watched(struct deployment *d, struct instance *i)
{
    char end[320];
    struct err why = ERR_INIT;

    if (operation_is_ready(i)) {
        if (timers_now(d->timers) >= i->rolling.until_us)
            i->rolling.roll = ROLL_DONE;
        else
            look_at(d, i->rolling.until_us);
        return i->rolling.roll == ROLL_DONE;
    }
    deployment_describe_end(i, end, sizeof end);
    err_set(&why, -EIO, "service '%s' did not stay well after it was replaced: it is %s%s%s",
            i->base, state_text[i->state], end[0] ? ", " : "", end);
    err_hint(&why, "ipam-orch logs %s", i->name);
    fail_one(d, i, i, "monitor", &why);
    return true;
}

static bool look(struct deployment *d, struct instance *i)
{
    switch (i->rolling.roll) {
    case ROLL_BESIDE: return look_beside(d, i);
    case ROLL_REPLACING: return look_replacing(d, i);
    case ROLL_WATCHED: return look_watched(d, i);
    case ROLL_NONE:
    case ROLL_AHEAD:
    case ROLL_DONE:
    case ROLL_FAILED:
    case ROLL_HELD:
    case ROLL_COUNT: break;
    }
    return false;
}

/* ---- what leaves ---- */

static bool look_leaving(struct deployment *d, struct instance *i)
{
    if (!i->rolling.drains)
        return false;
    if (drain_is_needed(i)) {
        look_at(d, timers_now(d->timers) + DRAIN_LOOK_US);
        return false;
    }
    i->rolling.drains = false; /* it is stopped now */
    return true;
}

/* ---- the whole ---- */

static bool begin_group(struct deployment *d)
{
    struct rollout *r = d->rollout;
    unsigned most = how(r)->parallelism, begun = 0;

    if (timers_now(d->timers) < r->pause_until_us) {
        look_at(d, r->pause_until_us);
        return false;
    }
    for (size_t n = 0; n < d->n_instances && (most == 0 || begun < most); n++) {
        if (!is_meant(r, d->instances[n]) || d->instances[n]->rolling.roll != ROLL_AHEAD)
            continue;
        begin_one(d, d->instances[n]);
        begun++;
    }
    r->in_group = begun > 0;
    return begun > 0;
}

/* nothing of it is beside anything any more */
static bool is_alone(const struct deployment *d)
{
    for (size_t n = d->n_instances; n < d->n_all; n++)
        if (is_meant(d->rollout, d->instances[n]))
            return false;
    return true;
}

static void give_up(struct deployment *d)
{
    d->rollout->giving_up = true;
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (!is_meant(d->rollout, i))
            continue;
        if (i->rolling.roll == ROLL_AHEAD || i->rolling.roll == ROLL_REPLACING)
            i->rolling.roll = ROLL_FAILED;
        else if (i->rolling.roll == ROLL_WATCHED)
            i->rolling.roll = ROLL_DONE;
    }
}

static bool is_of(const struct project *p, const struct unit *u)
{
    return p && u >= p->units && u < p->units + p->n_units;
}

const struct project *deployment_project_of(const struct instance *i)
{
    const struct rollout *r = i->in->rollout;

    return r && is_of(r->next, i->unit) ? r->next : i->in->project;
}

/* The next definition is the present one from now on.  Whoever could not become as it says stays
 * what it is until it is asked for again. */
static void adopt(struct deployment *d, struct rollout *r)
{
    struct err e = ERR_INIT;

    if (store_save_project(d->supervisor->config.state_dir, r->next, &e) < 0)
        log_err(&e, "saving a definition");
    deployment_adopt(d, take_ptr(r->next));
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (!is_meant(r, i)) /* another service that differs is not what was asked about */
            i->replace = i->rolling.kept;
        else if (i->rolling.roll == ROLL_FAILED || i->rolling.roll == ROLL_HELD)
            i->replace = false;
    }
    for (size_t n = 0; n < d->n_instances; n++)
        if (is_meant(r, d->instances[n]) && d->instances[n]->rolling.roll != ROLL_FAILED &&
            d->instances[n]->rolling.renewed)
            deployment_replace_dependants(d->instances[n]);
}

/* What is on disk is never behind the definitions: a supervisor that ends between two of these
 * steps leaves a state in which every instance still is what it was, and has its place. */
static void finish(struct deployment *d)
{
    struct rollout *r = d->rollout;
    bool any = !d->op || !d->op->failed;

    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        i->rolling.renewed = is_meant(r, i) && is_of(r->next, i->unit);
        i->rolling.kept = i->replace;
        any |= i->rolling.renewed;
    }
    supervisor_save(d->supervisor);
    d->rollout = NULL;
    timers_cancel(d->timers, &r->timer);
    if (any)
        adopt(d, r);
    for (size_t n = 0; n < d->n_instances; n++)
        d->instances[n]->rolling = (struct rolling){ 0 };
    supervisor_save(d->supervisor);
    store_remove_next(d->supervisor->config.state_dir, d->project->name);
    project_free(r->next);
    free(r->service);
    free(r);
    supervisor_touch(d->supervisor);
}

bool rollout_advance(struct deployment *d)
{
    struct rollout *r = d->rollout;
    bool changed = false;

    if (!r)
        return false;
    if (d->op && d->op->failed && !r->giving_up)
        give_up(d);
    for (size_t n = 0; n < d->n_instances; n++)
        if (is_meant(r, d->instances[n]))
            changed |= look(d, d->instances[n]);
    for (size_t n = d->n_instances; n < d->n_all; n++)
        if (d->instances[n]->part == PART_LEAVING)
            changed |= look_leaving(d, d->instances[n]);
    if (changed || count(d, ON_ITS_WAY) > 0)
        return changed;
    if (r->in_group)
        r->pause_until_us = timers_now(d->timers) + how(r)->delay_us;
    r->in_group = false;
    if (count(d, IN(AHEAD)) > 0 && !r->giving_up)
        return begin_group(d);
    if (!is_alone(d))
        return false;
    finish(d);
    return true;
}

/* ---- the beginning ---- */

static int check_networks(const struct deployment *d, const struct project *next,
                          const struct unit *u, struct err *e)
{
    for (size_t n = 0; n < u->n_networks; n++) {
        const struct network *now = project_network(d->project, u->networks[n].network);
        const struct network *then = project_network(next, u->networks[n].network);
        char before[LEASE_DEFINITION], after[LEASE_DEFINITION];

        if (now && then) {
            lease_definition(now, before);
            lease_definition(then, after);
        }
        if (now && then && strcmp(before, after) == 0)
            continue;
        err_set(e, -ENOTSUP, "network '%s' of service '%s' is new or another one",
                u->networks[n].network, u->name);
        err_hint(e, "ipam-orch up");
        return err_classify(e, ERR_MISSING);
    }
    return 0;
}

static void mark(struct deployment *d)
{
    const struct rollout *r = d->rollout;
    const struct unit *u = next_unit(r);

    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];
        bool stays =
            i->want == WANT_REST || (state_is_live(i->state) && strcmp(i->digest, u->digest) == 0);

        i->rolling = (struct rolling){ .roll = !is_meant(r, i) ? ROLL_NONE
                                               : stays         ? ROLL_DONE
                                                               : ROLL_AHEAD };
    }
}

static bool is_next_already(const struct deployment *d, const struct instance *i)
{
    return is_meant(d->rollout, i) && state_is_live(i->state) &&
           strcmp(i->digest, next_unit(d->rollout)->digest) == 0;
}

/* So many of the next definition are wanted, those counted that are it already: who asks twice gets
 * no second canary. */
static void hold_others(struct deployment *d, unsigned canaries)
{
    unsigned n_next = 0;

    for (size_t n = 0; n < d->n_instances; n++)
        n_next += is_next_already(d, d->instances[n]);
    for (size_t n = 0; n < d->n_instances; n++) {
        if (d->instances[n]->rolling.roll != ROLL_AHEAD)
            continue;
        if (n_next < canaries)
            n_next++;
        else
            d->instances[n]->rolling.roll = ROLL_HELD;
    }
}

static struct rollout *rollout_new(struct project *next, const char *service, bool back)
{
    struct rollout *r = calloc(1, sizeof *r);

    if (!r || !(r->service = strdup(service)))
        abort();
    r->next = next;
    r->back = back;
    return r;
}

int rollout_begin(struct deployment *d, struct project *next, const char *service, bool back,
                  unsigned canaries, struct err *e)
{
    int code = check_networks(d, next, project_unit(next, service), e);

    if (code == 0)
        code = store_save_next(d->supervisor->config.state_dir, next, e);
    if (code < 0) {
        project_free(next);
        return code;
    }
    d->rollout = rollout_new(next, service, back);
    mark(d);
    if (canaries > 0)
        hold_others(d, canaries);
    supervisor_save(d->supervisor);
    return 0;
}

void rollout_resume(struct deployment *d, struct project *next, const json_t *saved)
{
    const char *service = json_string_value(json_object_get(saved, "service"));

    if (!service || !project_unit(next, service) || !project_unit(d->project, service)) {
        project_free(next);
        return;
    }
    d->rollout = rollout_new(next, service, json_is_true(json_object_get(saved, "back")));
    d->rollout->failed = (unsigned) json_integer_value(json_object_get(saved, "failed"));
    d->op = calloc(1, sizeof *d->op);
    if (!d->op)
        abort();
    d->op->kind = OP_UPDATE;
    d->op->keep = true;
    if (!json_is_true(json_object_get(saved, "giving_up")))
        return;
    d->op->failed = true;
    (void) err_set(&d->op->failure.why, -EIO, "it had failed before");
}

bool rollout_is_same(const struct deployment *d, const struct project *next, const char *service,
                     bool back)
{
    const struct rollout *r = d->rollout;
    const struct unit *u = project_unit(next, service);

    return r && u && r->back == back && strcmp(r->service, service) == 0 &&
           strcmp(next_unit(r)->digest, u->digest) == 0;
}

json_t *rollout_to_json(const struct deployment *d)
{
    const struct rollout *r = d->rollout;

    return r ? json_pack("{s:s,s:b,s:b,s:i}", "service", r->service, "back", r->back, "giving_up",
                         r->giving_up, "failed", (int) r->failed)
             : NULL;
}

void rollout_expire(struct deployment *d)
{
    struct err why = ERR_INIT;

    for (size_t n = 0; d->rollout && n < d->n_instances; n++) {
        const struct instance *i = d->instances[n];
        const struct instance *late = i;

        if (!is_meant(d->rollout, i) ||
            (i->rolling.roll != ROLL_BESIDE && i->rolling.roll != ROLL_REPLACING))
            continue;
        if (i->rolling.roll == ROLL_BESIDE)
            late = deployment_beside(i, PART_NEXT);
        err_set(&why, -ETIMEDOUT, "service '%s' is not ready after %.1f s: it is %s%s%s", i->base,
                (double) d->op->ready_us / USEC_PER_SEC, late ? state_text[late->state] : "gone",
                late && late->health.last_output[0] ? "; the last check said: " : "",
                late ? late->health.last_output : "");
        err_classify(&why, ERR_HEALTH);
        err_hint(&why, "ipam-orch logs %s", i->name);
        operation_fail(d, i, "deadline", &why);
        return;
    }
}

void rollout_forget(struct instance *i)
{
    struct instance *regular = deployment_replica(i->in, i->name, i->index);

    if (regular && regular->spent < i->incarnation)
        regular->spent = i->incarnation;
}

void rollout_free(struct deployment *d)
{
    struct rollout *r = take_ptr(d->rollout);

    if (!r)
        return;
    timers_cancel(d->timers, &r->timer);
    project_free(r->next);
    free(r->service);
    free(r);
}
