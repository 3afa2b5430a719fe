#include "engine/operation.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

const char *const operation_text[OP_KIND_COUNT] = {
    [OP_UP] = "up",     [OP_DOWN] = "down",       [OP_START] = "start",
    [OP_STOP] = "stop", [OP_RESTART] = "restart", [OP_UPDATE] = "update",
};
static_assert(ARRAY_LEN(operation_text) == OP_KIND_COUNT, "an operation has no text");

static void want_run(struct instance *i)
{
    if (i->want == WANT_RUN && state_is_live(i->state) && !i->replace)
        return;
    i->want = WANT_RUN;
    i->restarts = i->attempts = i->crash_streak = 0;
    i->false_starts = 0;
    i->started_by_op = true;
}

void operation_apply(struct deployment *d)
{
    const struct operation *op = d->op;
    bool rest = op->kind == OP_STOP || op->kind == OP_DOWN || op->stopping;

    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (!i->marked || (op->failed && !i->started_by_op))
            continue;
        if (rest) {
            i->want = WANT_REST;
            continue;
        }
        /* it stays wanted all the time: a supervisor that is killed meanwhile starts it too; who
         * holds sockets is there so that others can be restarted */
        i->replace |= op->kind == OP_RESTART && !op->failed && state_is_live(i->state) &&
                      (!i->unit || i->unit->n_listen == 0);
        want_run(i);
    }
}

/* before it is stopped, and what is known of it is gone */
static json_t *details_of(const struct instance *i)
{
    json_t *all =
        json_pack("{s:s,s:s,s:i,s:o,s:i}", "service", i->name, "state", state_text[i->state],
                  "restarts", (int) i->restarts, "checks", health_log_to_json(&i->checks),
                  "retries", i->unit ? (int) i->unit->health.retries : 0);

    /* how an earlier life ended has nothing to do with one that is unhealthy */
    if (i->has_last && (!state_is_live(i->state) || i->false_starts > 0))
        (void) json_object_set_new(all, "exit", deployment_end_to_json(&i->last));
    return all;
}

void operation_fail(struct deployment *d, const struct instance *i, const char *phase,
                    const struct err *why)
{
    struct operation *op = d->op;

    if (!op || op->failed)
        return;
    op->failed = true;
    op->stopping = !op->keep;
    op->failure.why = *why;
    (void) snprintf(op->failure.service, sizeof op->failure.service, "%s", i ? i->label : "");
    (void) snprintf(op->failure.phase, sizeof op->failure.phase, "%s", phase);
    op->failure.details = i ? details_of(i) : NULL;
    operation_apply(d);
}

static void describe_end(const struct instance *i, struct err *e)
{
    char how[320];

    deployment_describe_end(i, how, sizeof how);
    err_set(e, -EIO, "service '%s' %s", i->base, how);
    err_hint(e, "ipam-orch logs %s", i->name);
}

static void describe_unready(const struct instance *i, struct err *e)
{
    err_set(e, -ETIMEDOUT, "service '%s' is unhealthy after %u failed checks%s%s", i->base,
            i->health.failing, i->health.last_output[0] ? "; the last one said: " : "",
            i->health.last_output);
    err_classify(e, ERR_HEALTH);
    err_hint(e, "ipam-orch logs %s", i->name);
}

/* whatever it is that `i` is not ready for */
static void describe_awaited(struct deployment *d, const struct instance *i, char *out, size_t room)
{
    const char *because = NULL;
    const char *said = i->health.last_output;

    if (i->state == STATE_WAITING && deployment_deps(d, i, &because) != DEPS_OK)
        (void) snprintf(out, room, "it waits for '%s'", because);
    else if (i->state == STATE_BACKOFF)
        deployment_describe_end(i, out, room);
    else
        (void) snprintf(out, room, "it is %s%s%s", state_text[i->state],
                        said[0] ? "; the last check said: " : "", said);
}

bool operation_is_ready(const struct instance *i)
{
    return !i->replace && (i->state == STATE_UP || i->state == STATE_DONE);
}

void operation_expire(struct deployment *d, uint64_t after_us)
{
    struct instance *late = NULL;
    const char *because = NULL;
    struct err why = ERR_INIT;
    char awaited[400];

    /* whoever waits for nobody keeps the others waiting */
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (i->marked && i->unit && !operation_is_ready(i) &&
            (!late || (i->state != STATE_WAITING || deployment_deps(d, i, &because) == DEPS_OK)))
            late = i;
    }
    if (!late)
        return; /* all is ready: it is about to end */
    describe_awaited(d, late, awaited, sizeof awaited);
    err_set(&why, -ETIMEDOUT, "service '%s' is not ready after %.1f s: %s", late->label,
            (double) after_us / USEC_PER_SEC, awaited);
    err_classify(&why, ERR_HEALTH);
    err_hint(&why, "ipam-orch logs %s", late->name);
    operation_fail(d, late, "deadline", &why);
}

/* its sandbox could not be made, its program not be executed, or it ended before it was ready */
static const char *phase_of(const struct exit_info *last)
{
    return last->stage[0] == '\0' ? "ready" : exit_is_of_exec(last) ? "exec" : "sandbox";
}

bool operation_cannot_start(struct deployment *d, const struct instance *i, const char **phase,
                            struct err *why)
{
    const char *because = NULL;

    *phase = "ready";
    if (i->false_starts >= OPERATION_FALSE_STARTS ||
        (i->state == STATE_FAILED && i->has_last && deployment_deps(d, i, &because) == DEPS_OK)) {
        describe_end(i, why);
        *phase = phase_of(&i->last);
        return true;
    }
    if (i->state == STATE_SICK && !i->ready_seen) {
        describe_unready(i, why);
        return true;
    }
    if (i->state != STATE_FAILED)
        return false;
    (void) deployment_deps(d, i, &because);
    err_set(why, -EHOSTDOWN, "service '%s' cannot start without '%s'", i->name,
            because ? because : "its dependencies");
    err_hint(why, "ipam-orch start %s", because ? because : i->name);
    return true;
}

/* who has failed by itself, of those that `i` has given up with */
static const struct instance *root_of(struct deployment *d, const struct instance *i)
{
    const char *because = NULL;

    for (size_t n = 0; n < d->n_instances && i->state == STATE_FAILED; n++) {
        const struct instance *other;

        if (deployment_deps(d, i, &because) == DEPS_OK || !because)
            break;
        other = deployment_instance(d, because);
        if (!other || !other->marked || other->state == STATE_DOWN)
            break;
        i = other;
    }
    return i;
}

/* true when the instance makes a start impossible */
static bool start_failed(struct deployment *d, const struct instance *i)
{
    const struct instance *root = root_of(d, i);
    struct err why = ERR_INIT;
    const char *phase;

    if (!operation_cannot_start(d, i, &phase, &why))
        return false;
    if (root != i && operation_cannot_start(d, root, &phase, &why))
        i = root;
    operation_fail(d, i, phase, &why);
    return true;
}

static bool start_is_complete(struct deployment *d)
{
    bool complete = true;

    for (size_t n = 0; n < d->n_instances; n++) {
        const struct instance *i = d->instances[n];

        if (!i->unit && i->state != STATE_DOWN) {
            complete = false; /* a service the project no longer has is still ending */
            continue;
        }
        if (!i->marked || !i->unit)
            continue;
        if (start_failed(d, i))
            return false;
        if (!operation_is_ready(i) && (i->replace || !d->op->no_wait || !state_is_live(i->state)))
            complete = false;
    }
    return complete;
}

static bool marked_are_down(const struct deployment *d)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        const struct instance *i = d->instances[n];
        if (i->marked && i->want == WANT_REST &&
            (state_is_live(i->state) || i->state == STATE_BACKOFF))
            return false;
    }
    return true;
}

bool operation_advance(struct deployment *d)
{
    struct operation *op = d->op;

    if (op->kind == OP_UPDATE)
        return !d->rollout;
    if (op->stopping || op->kind == OP_STOP || op->kind == OP_DOWN) {
        return marked_are_down(d);
    }
    return op->failed || start_is_complete(d);
}
