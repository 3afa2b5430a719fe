#include "engine/timetable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/strv.h"
#include "engine/schedule.h"
#include "engine/supervisor_impl.h"

/* The clock may be set, and something may have to be taken up again: it is looked at so often. */
#define LOOK_US (60 * USEC_PER_SEC)

#define COMING_UP_US (5 * 60 * USEC_PER_SEC)

/* So long a run waits for another operation on its project. */
#define LOCK_WAIT "--lock-wait=30m"

struct entry {
    struct deployment *in;
    char *name;                  /* outlives its project */
    const struct schedule *rule; /* of the present one */
    struct calendar calendar;
    struct schedule_state state;
    int64_t jitter_s, due_s;
    uint64_t tag; /* of the present run, 0 = none */
    struct exec_watcher watcher;
};

struct timetable {
    struct entry *entries;
    size_t n;
};

static uint64_t wall_us(const struct supervisor *s)
{
    return s->config.wall_us ? s->config.wall_us() : clock_wall_us();
}

static void on_timer(void *owner)
{
    timetable_look(owner);
}

/* ---- what is kept ---- */

static char *file_of(const struct deployment *d)
{
    return paths_join("%s/%s.json", d->supervisor->config.schedule_dir, d->project->name);
}

static char *end_of(const struct entry *t)
{
    return paths_join("%s/%s@%s.end", t->in->supervisor->config.schedule_dir, t->in->project->name,
                      t->name);
}

static void save(const struct deployment *d)
{
    auto_free char *path = file_of(d), *text = NULL;
    json_t *all = json_object();
    int r;

    for (size_t i = 0; i < d->timetable->n; i++)
        (void) json_object_set_new(all, d->timetable->entries[i].name,
                                   schedule_to_json(&d->timetable->entries[i].state));
    text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    r = fsio_mkdir_p(d->supervisor->config.schedule_dir, 0700);
    if (r == 0)
        r = fsio_write_atomic(AT_FDCWD, path, text ? text : "", text ? strlen(text) : 0, 0600);
    if (r < 0)
        log_line(LOG_WARN, "schedules are not saved: %s: %s", path, strerror(-r));
}

static json_t *load(const struct deployment *d)
{
    auto_free char *path = file_of(d), *text = NULL;

    return fsio_read(AT_FDCWD, path, LIMIT_CONTROL_LINE, &text, NULL) == 0
               ? json_loads(text, 0, NULL)
               : NULL;
}

/* ---- runs ---- */

static void note(const struct entry *t, const char *what, const char *detail)
{
    supervisor_note(t->in, json_pack("{s:s,s:s,s:s,s:s,s:s}", "event", what, "project",
                                     t->in->project->name, "operation", "schedule", "schedule",
                                     t->name, "detail", detail));
    log_line(LOG_INFO, "schedule %s project=%s name=%s%s%s", what, t->in->project->name, t->name,
             detail[0] ? ": " : "", detail);
}

static char **words_of(const struct entry *t)
{
    char **words = NULL;

    strv_append(&words, "-p");
    strv_append(&words, t->in->project->name);
    strv_append(&words, LOCK_WAIT);
    strv_append(&words, "--yes");
    for (const char *const *word = t->rule->run; *word; word++)
        strv_append(&words, *word);
    return words;
}

static int send_off(struct entry *t, struct err *e)
{
    struct supervisor *s = t->in->supervisor;
    auto_strv words = words_of(t);
    auto_free char *end = end_of(t);
    struct runtime_errand x = { .argv = (const char *const *) words,
                                .result = end,
                                .timeout_us = t->rule->timeout_us,
                                .pid = t->state.pid,
                                .start = t->state.pid_start };
    uint64_t tag = ++s->last_tag;
    int r = fsio_mkdir_p(s->config.schedule_dir, 0700);

    r = r < 0 ? err_set(e, r, "%s: %s", s->config.schedule_dir, strerror(-r))
              : s->ops->errand(s->self, &x, tag, e);
    if (r < 0)
        return r;
    t->tag = tag;
    t->state.pid = x.pid;
    t->state.pid_start = x.start;
    return 0;
}

/* `by`: an operator, "" = its time has come */
static int begin(struct entry *t, const char *by, struct err *e)
{
    int r = send_off(t, e);

    if (r < 0)
        return r;
    t->state.started_us = wall_us(t->in->supervisor);
    free(t->state.by);
    t->state.by = strdup(by);
    note(t, "begun", by);
    save(t->in);
    return 0;
}

static enum schedule_result judge(const struct runtime_answer *a)
{
    if (!a->fields)
        return SCHEDULE_INTERRUPTED;
    if (a->timed_out)
        return SCHEDULE_TIMED_OUT;
    return a->ok ? SCHEDULE_DONE : SCHEDULE_FAILED;
}

static void finish(struct entry *t, const struct runtime_answer *a)
{
    enum { SIGNAL = 128 };
    json_int_t began = json_integer_value(json_object_get(a->fields, "started_us"));
    json_int_t ended = json_integer_value(json_object_get(a->fields, "ended_us"));
    struct schedule_run run = { .result = judge(a),
                                .started_us = began > 0 ? (uint64_t) began : t->state.started_us,
                                .took_us = ended > began ? (uint64_t) (ended - began) : 0,
                                .code = a->signal > 0 ? SIGNAL + a->signal : a->code,
                                .by = t->state.by,
                                .output = (char *) (size_t) a->output };
    struct exec_watcher w = t->watcher;
    json_t *told;

    schedule_keep(&t->state, &run);
    t->tag = 0;
    t->state.pid = 0;
    t->watcher = (struct exec_watcher){ 0 };
    note(t, run.result == SCHEDULE_DONE ? "done" : "failed", schedule_result_text[run.result]);
    save(t->in);
    if (!w.owner)
        return;
    told = schedule_run_to_json(&t->state.runs[0], true);
    w.done(w.owner, &(struct runtime_answer){ .ok = a->ok, .output = "", .fields = told });
    json_decref(told);
}

/* ---- what is due ---- */

static bool is_running(const struct timetable *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->entries[i].tag != 0)
            return true;
    return false;
}

/* After a start of the machine services come up: what is made up for would meet half of them. */
static bool is_coming_up(const struct deployment *d)
{
    const struct supervisor *s = d->supervisor;

    if (timers_now(s->timers) > s->began_us + COMING_UP_US)
        return false;
    for (size_t n = 0; n < d->n_instances; n++) {
        const struct instance *i = d->instances[n];

        if (i->want == WANT_RUN && i->state != STATE_UP && i->state != STATE_DONE &&
            i->state != STATE_FAILED)
            return true;
    }
    return false;
}

/* a moment at which an operation could begin */
static bool is_quiet(const struct deployment *d)
{
    return !d->op && !d->leaving && !d->removing && !d->resting && d->supervisor->connected &&
           !is_coming_up(d);
}

static void look_at(struct entry *t, int64_t now_s)
{
    struct schedule_look look = {
        .rule = t->rule, .calendar = &t->calendar, .jitter_s = t->jitter_s, .now_s = now_s
    };
    int64_t base_s = t->state.base_s;
    struct err e = ERR_INIT;

    switch (schedule_look(&look, &t->state, &t->due_s)) {
    case SCHEDULE_WAIT: break;
    case SCHEDULE_RUN:
        if (is_running(t->in->timetable) || !is_quiet(t->in))
            break;
        schedule_deal(&look, &t->state);
        if (begin(t, "", &e) < 0)
            note(t, "failed", e.msg);
        (void) schedule_look(&look, &t->state, &t->due_s);
        break;
    case SCHEDULE_SKIP:
        schedule_deal(&look, &t->state);
        (void) schedule_look(&look, &t->state, &t->due_s);
        break;
    }
    if (t->state.base_s != base_s)
        save(t->in);
}

void timetable_look(struct supervisor *s)
{
    uint64_t now_us = wall_us(s), in_us = LOOK_US;
    bool any = false;

    for (size_t n = 0; n < s->n_deployments; n++) {
        struct timetable *all = s->deployments[n]->timetable;

        for (size_t i = 0; all && i < all->n; i++) {
            uint64_t due_us;

            look_at(&all->entries[i], (int64_t) (now_us / USEC_PER_SEC));
            due_us = (uint64_t) all->entries[i].due_s * USEC_PER_SEC;
            any = true;
            if (due_us > now_us && due_us - now_us < in_us)
                in_us = due_us - now_us;
        }
    }
    timers_cancel(s->timers, &s->look);
    if (any)
        timers_set(s->timers, &s->look, timers_now(s->timers) + in_us, on_timer, s);
}

/* ---- with the project ---- */

static void timetable_drop(struct timetable *all)
{
    for (size_t i = 0; all && i < all->n; i++) {
        schedule_clear(&all->entries[i].state);
        free(all->entries[i].name);
    }
    if (all)
        free(all->entries);
    free(all);
}

/* the run that was under way goes on under its new rule, or is forgotten with the old one */
static void take_over(struct entry *t, struct timetable *before)
{
    for (size_t i = 0; before && i < before->n; i++) {
        struct entry *old = &before->entries[i];

        if (strcmp(old->name, t->name) != 0)
            continue;
        schedule_clear(&t->state);
        t->state = old->state;
        t->tag = old->tag;
        t->watcher = old->watcher;
        old->state = (struct schedule_state){ 0 };
    }
}

static void open_entry(struct entry *t, const json_t *saved, struct timetable *before)
{
    const struct supervisor *s = t->in->supervisor;
    struct err e = ERR_INIT;

    (void) calendar_parse(t->rule->when, &t->calendar, NULL); /* it was checked with the project */
    t->jitter_s =
        schedule_jitter(s->config.host ? s->config.host : "", t->in->project->name, t->rule);
    schedule_from_json(&t->state, json_object_get(saved, t->name));
    take_over(t, before);
    /* begun by an earlier supervisor: it runs still, or its end is in the file */
    if (t->tag == 0 && t->state.pid > 0 && send_off(t, &e) < 0)
        log_err(&e, t->name);
}

void timetable_adopt(struct deployment *d)
{
    const struct project *project = d->project;
    struct timetable *before = d->timetable, *all;
    json_t *saved;

    if (!d->supervisor || !d->supervisor->config.schedule_dir)
        return;
    all = calloc(1, sizeof *all);
    if (!all || !(all->entries = calloc(project->n_schedules + 1, sizeof *all->entries)))
        abort();
    saved = load(d);
    d->timetable = all;
    for (size_t i = 0; i < project->n_schedules; i++) {
        struct entry *t = &all->entries[all->n++];

        t->in = d;
        t->rule = &project->schedules[i];
        t->name = strdup(t->rule->name);
        if (!t->name)
            abort();
        open_entry(t, saved, before);
    }
    json_decref(saved);
    timetable_drop(before);
    timetable_look(d->supervisor);
}

void timetable_free(struct deployment *d)
{
    timetable_drop(d->timetable);
    d->timetable = NULL;
}

bool timetable_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    for (size_t n = 0; n < s->n_deployments; n++) {
        struct timetable *all = s->deployments[n]->timetable;

        for (size_t i = 0; all && i < all->n; i++) {
            if (all->entries[i].tag != tag)
                continue;
            finish(&all->entries[i], a);
            timetable_look(s);
            return true;
        }
    }
    return false;
}

void timetable_forget(struct supervisor *s, const void *owner)
{
    for (size_t n = 0; n < s->n_deployments; n++) {
        struct timetable *all = s->deployments[n]->timetable;

        for (size_t i = 0; all && i < all->n; i++)
            if (all->entries[i].watcher.owner == owner)
                all->entries[i].watcher.owner = NULL;
    }
}

/* ---- what operators ask ---- */

static json_t *describe(const struct entry *t, bool history)
{
    const struct schedule *rule = t->rule;
    bool enabled = schedule_is_enabled(rule, &t->state);
    json_t *words = json_array(), *runs = json_array();

    for (const char *const *word = rule->run; *word; word++)
        (void) json_array_append_new(words, json_string(*word));
    for (size_t i = 0; i < t->state.n_runs && (history || i == 0); i++)
        (void) json_array_append_new(runs, schedule_run_to_json(&t->state.runs[i], history));
    return json_pack("{s:s,s:s,s:o,s:b,s:b,s:b,s:I,s:I,s:o}", "name", rule->name, "when",
                     rule->when, "run", words, "enabled", enabled, "builtin", rule->builtin,
                     "running", t->tag != 0, "since_us",
                     (json_int_t) (t->tag != 0 ? t->state.started_us : 0), "next_us",
                     (json_int_t) (enabled ? (uint64_t) t->due_s * USEC_PER_SEC : 0), "runs", runs);
}

json_t *timetable_describe(const struct deployment *d, bool history)
{
    json_t *list = json_array();

    for (size_t i = 0; d->timetable && i < d->timetable->n; i++)
        (void) json_array_append_new(list, describe(&d->timetable->entries[i], history));
    return list;
}

int supervisor_schedules(struct supervisor *s, const char *project, json_t **out, struct err *e)
{
    const struct deployment *d = supervisor_find(s, project);

    if (!d) {
        err_set(e, -ENOENT, "project '%s' is not running", project);
        return err_hint(e, "ipam-orch up");
    }
    timetable_look(s); /* who asks is told how it is now, also when somebody has set the clock */
    *out = timetable_describe(d, true);
    return 0;
}

static struct entry *find(const struct supervisor *s, const char *project, const char *name,
                          struct err *e)
{
    const struct deployment *d = supervisor_find(s, project);

    for (size_t i = 0; d && d->timetable && i < d->timetable->n; i++)
        if (strcmp(d->timetable->entries[i].name, name) == 0)
            return &d->timetable->entries[i];
    err_set(e, -ENOENT, "project '%s' has no schedule '%s'", project, name);
    err_hint(e, "ipam-orch schedule ls");
    (void) err_classify(e, ERR_USAGE);
    return NULL;
}

int supervisor_schedule(struct supervisor *s, const struct supervisor_schedule *r,
                        const struct exec_watcher *watcher, struct err *e)
{
    struct entry *t = find(s, r->project, r->name, e);
    int code;

    if (!t)
        return e->code;
    switch (r->what) {
    case SCHEDULE_BEGIN:
        if (is_running(t->in->timetable)) {
            err_set(e, -EBUSY, "a schedule of project '%s' runs already", r->project);
            err_hint(e, "ipam-orch schedule ls");
            return err_classify(e, ERR_LOCKED);
        }
        code = begin(t, r->by, e);
        if (code == 0)
            t->watcher = *watcher;
        return code;
    case SCHEDULE_ENABLE: t->state.said = SCHEDULE_ENABLED; break;
    case SCHEDULE_DISABLE: t->state.said = SCHEDULE_DISABLED; break;
    }
    save(t->in);
    timetable_look(s);
    return 0;
}
