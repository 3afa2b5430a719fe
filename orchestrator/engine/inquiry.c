/* One request about running services, answered when the broker has answered for each of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/auto.h"
#include "engine/supervisor_impl.h"
#include "model/project_json.h"

struct question {
    uint64_t tag;
    char id[INSTANCE_ID];
    uint64_t asked_us;
    bool open; /* not answered yet */
};

struct inquiry {
    enum inquiry_kind kind;
    struct inquiry_watcher watcher; /* owner NULL: gone */
    struct question *questions;
    size_t n, left;
    json_t *instances; /* what is answered */
    struct err why;    /* the first failure; code 0: none */
    struct inquiry *prev, *next;
};

static void inquiry_close(struct supervisor *s, struct inquiry *q)
{
    DL_DELETE(s->inquiries, q);
    json_decref(q->instances);
    free(q->questions);
    free(q);
}

static int ask(struct supervisor *s, const struct supervisor_inquiry *r, const struct instance *i,
               uint64_t tag, struct err *e)
{
    switch (r->kind) {
    case INQUIRY_PAUSE: return s->ops->freeze(s->self, i->id, true, tag, e);
    case INQUIRY_UNPAUSE: return s->ops->freeze(s->self, i->id, false, tag, e);
    case INQUIRY_STATS: return s->ops->stats(s->self, i->id, tag, e);
    case INQUIRY_LIMITS: return s->ops->limits(s->self, i->id, r->set, tag, e);
    case INQUIRY_FILES:
        return s->ops->files(
            s->self, i->id, &(struct runtime_files){ i->in->project, i->unit, r->secrets }, tag, e);
    case INQUIRY_PROBE:
        return s->ops->probe(s->self, i->id, i->in->project, &i->unit->health, tag, e);
    }
    return err_set(e, -EINVAL, "unknown inquiry");
}

static void fail(struct inquiry *q, const struct err *why, struct instance *i)
{
    if (q->kind == INQUIRY_FILES)
        i->digest[0] = '\0'; /* it is nothing that any definition says */
    if (q->why.code < 0)
        return;
    q->why = *why;
    err_wrap(&q->why, "service '%s'", i->name);
}

static json_t *begin_answer(const struct instance *i)
{
    return json_pack("{s:s,s:s,s:i,s:i}", "service", i->name, "name", i->label, "index",
                     (int) i->index, "pid", i->pid);
}

/* a fresh health check: it changes nothing of what the regular ones have found */
static void take_probe(struct inquiry *q, const struct instance *i, bool ok, uint64_t took_us,
                       const char *output)
{
    json_t *one = begin_answer(i);

    (void) json_object_set_new(
        one, "kind", json_string(i->unit ? probe_kind_text[i->unit->health.probe.kind] : ""));
    (void) json_object_set_new(one, "ok", json_boolean(ok));
    (void) json_object_set_new(one, "took_us", json_integer((json_int_t) took_us));
    (void) json_object_set_new(one, "output", health_log_text(output));
    (void) json_array_append_new(q->instances, one);
}

static void take(struct inquiry *q, struct instance *i, const struct runtime_answer *a)
{
    json_t *one = begin_answer(i);

    if (a->fields)
        (void) json_object_update_missing(one, (json_t *) (size_t) a->fields);
    (void) json_object_del(one, "tag"); /* of the broker's answer */

    switch (q->kind) {
    case INQUIRY_PAUSE: pause_note(i, true); break;
    case INQUIRY_UNPAUSE: pause_note(i, false); break;
    case INQUIRY_STATS:
    case INQUIRY_FILES:
    case INQUIRY_PROBE: break;
    case INQUIRY_LIMITS:
        i->memory_limit = (uint64_t) json_integer_value(
            json_object_get(json_object_get(a->fields, "limits"), "memory"));
        if (i->unit)
            (void) json_object_set_new(one, "wanted", project_limits_to_json(&i->unit->limits));
        break;
    }
    (void) json_array_append_new(q->instances, one);
}

static bool is_asked(const struct instance *i, const struct supervisor_inquiry *r)
{
    if (r->kind == INQUIRY_FILES && (!i->unit || !renew_concerns(i->unit, r->secrets)))
        return false;
    return i->pid > 0 && state_is_live(i->state) &&
           (!r->services || requests_is_named(r->services, i->name));
}

/* who asks nobody has said it already */
static bool tells_itself(const struct instance *i)
{
    enum probe_kind kind = i->unit ? i->unit->health.probe.kind : PROBE_NONE;

    return kind == PROBE_NONE || kind == PROBE_LOG || kind == PROBE_NOTIFY;
}

static void ask_all(struct supervisor *s, struct deployment *d, const struct supervisor_inquiry *r,
                    struct inquiry *q)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];
        struct question *one = &q->questions[q->n];
        struct err why = ERR_INIT;

        if (!is_asked(i, r))
            continue;
        if (r->kind == INQUIRY_PROBE && (i->paused || tells_itself(i))) {
            take_probe(q, i, i->state == STATE_UP && !i->paused, 0,
                       i->paused ? "it is paused" : "");
            continue;
        }
        *one = (struct question){ .tag = ++s->last_tag, .open = true };
        one->asked_us = timers_now(s->timers);
        memcpy(one->id, i->id, sizeof one->id);
        if (ask(s, r, i, one->tag, &why) < 0) {
            fail(q, &why, i);
            fail(q, &why, i);
            continue;
        }
        q->n++;
        q->left++;
    }
}

static int nobody(const struct supervisor_inquiry *r, struct err *e)
{
    if (r->services && r->services[0] && !r->services[1])
        err_set(e, -ESRCH, "service '%s' does not run", r->services[0]);
    else
        err_set(e, -ESRCH, "no service runs");
    err_hint(e, "ipam-orch ps");
    return err_classify(e, ERR_FAILED);
}

int supervisor_inquire(struct supervisor *s, const struct supervisor_inquiry *r,
                       const struct inquiry_watcher *watcher, struct err *e)
{
    struct deployment *d = supervisor_find(s, r->project);
    struct inquiry *q;
    int result;

    if (!d)
        return err_set(e, -ENOENT, "project '%s' is not running", r->project);
    result = requests_check_services(d->project, r->services, e);
    if (result < 0)
        return result;
    q = calloc(1, sizeof *q);
    if (!q || !(q->questions = calloc(d->n_instances + 1, sizeof *q->questions)))
        abort();
    q->kind = r->kind;
    q->watcher = *watcher;
    q->instances = json_array();
    q->why.class = ERR_FAILED;
    DL_APPEND(s->inquiries, q);
    ask_all(s, d, r, q);
    if (q->left > 0)
        return 0;
    if (q->why.code < 0) {
        *e = q->why;
        result = e->code;
    } else if (r->kind == INQUIRY_FILES || json_array_size(q->instances) > 0) {
        watcher->done(watcher->owner, q->instances, NULL);
    } else {
        result = nobody(r, e);
    }
    inquiry_close(s, q);
    return result;
}

static struct question *find(struct supervisor *s, uint64_t tag, struct inquiry **out)
{
    struct inquiry *q;

    DL_FOREACH (s->inquiries, q) {
        for (size_t n = 0; n < q->n; n++) {
            if (q->questions[n].tag != tag)
                continue;
            *out = q;
            return &q->questions[n];
        }
    }
    return NULL;
}

bool inquiry_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    struct inquiry *q = NULL;
    struct question *one = find(s, tag, &q);
    struct instance *i;
    struct err why = ERR_INIT;

    if (!one || !one->open)
        return false;
    one->open = false;
    q->left--;
    i = supervisor_by_id(s, one->id);
    if (i && q->kind == INQUIRY_PROBE) {
        take_probe(q, i, a->ok, timers_now(s->timers) - one->asked_us,
                   a->timed_out ? "no answer in time"
                   : a->output  ? a->output
                                : "");
    } else if (i && a->ok) {
        take(q, i, a);
    } else if (i && (state_is_live(i->state) ||
                     (q->kind != INQUIRY_STATS && q->kind != INQUIRY_FILES))) {
        err_set(&why, a->error ? -a->error : -EIO, "%s", a->output);
        fail(q, &why, i);
    }
    if (q->left > 0)
        return true;
    if (q->watcher.owner)
        q->watcher.done(q->watcher.owner, q->instances, q->why.code < 0 ? &q->why : NULL);
    inquiry_close(s, q);
    return true;
}

void inquiry_forget(struct supervisor *s, const void *owner)
{
    struct inquiry *q;

    DL_FOREACH (s->inquiries, q)
        if (q->watcher.owner == owner)
            q->watcher.owner = NULL;
}

void inquiry_free(struct supervisor *s)
{
    struct inquiry *q, *next;

    DL_FOREACH_SAFE(s->inquiries, q, next)
    inquiry_close(s, q);
}
