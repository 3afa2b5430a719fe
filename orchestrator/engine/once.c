#include "engine/once.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fdpass.h"
#include "base/log.h"
#include "engine/supervisor_impl.h"

enum { STREAMS = 3 };

struct once {
    struct instance instance;
    struct project *definition;
    struct exec_watcher watcher; /* owner NULL: gone */
    struct runtime_exec command; /* texts belong to the definition's arena */
    int fds[STREAMS];
    uint64_t tag;              /* of the command, while it runs */
    struct runtime_answer how; /* its end */
    bool has_how, answered, ended;
    bool unwanted; /* the project goes down */
    struct once *prev, *next;
};

static struct once *find(const struct supervisor *s, const char *id)
{
    struct once *o;

    DL_FOREACH (s->one_offs, o)
        if (strcmp(o->instance.id, id) == 0)
            return o;
    return NULL;
}

const struct instance *once_next(const struct supervisor *s, const struct deployment *d,
                                 const struct instance *after)
{
    const struct once *o;
    bool seen = !after;

    DL_FOREACH (s->one_offs, o) {
        if (seen && o->instance.in == d)
            return &o->instance;
        seen |= &o->instance == after;
    }
    return NULL;
}

bool once_is_named(const struct instance *i)
{
    for (size_t n = 0; n < i->unit->n_networks; n++)
        if (i->unit->networks[n].aliases && i->unit->networks[n].aliases[0])
            return true;
    return false;
}

/* its names have come, or go */
static void tell_names(struct supervisor *s, const struct once *o)
{
    struct deployment *d = o->instance.in;

    if (!once_is_named(&o->instance))
        return;
    d->names++;
    d->names_pass = false;
    for (const struct instance *i = NULL; (i = once_next(s, d, i));)
        d->names_pass |= i->state == STATE_UP && once_is_named(i);
    networks_tell(s, d);
    supervisor_save(s);
}

static void answer(struct once *o, const struct runtime_answer *a)
{
    if (o->watcher.owner && !o->answered)
        o->watcher.done(o->watcher.owner, a);
    o->answered = true;
}

static void free_one(struct supervisor *s, struct once *o)
{
    DL_DELETE(s->one_offs, o);
    for (size_t i = 0; i < STREAMS; i++)
        if (o->fds[i] >= 0)
            close(o->fds[i]);
    capture_log_free(o->instance.log);
    free(o->instance.name);
    project_free(o->definition);
    free(o);
}

/* First the command, whose end ends the rest: killed all at once, the process that waits for the
 * command could not take it away. */
static void end_one(struct supervisor *s, const struct once *o)
{
    struct err e = ERR_INIT;
    int r = 0;

    if (o->ended)
        return;
    if (o->tag != 0)
        r = s->ops->exec_end(s->self, o->tag, &e);
    else if (o->instance.state == STATE_UP)
        r = s->ops->signal(s->self, o->instance.id, SIGKILL, &e);
    if (r < 0)
        log_err(&e, o->instance.id);
}

/* gone when it has ended and all it wrote is in its file */
static void reap(struct supervisor *s, struct once *o)
{
    struct deployment *d = o->instance.in;

    if (!o->ended ||
        (o->instance.log && capture_log_is_attached(o->instance.log, o->instance.incarnation)))
        return;
    free_one(s, o);
    supervisor_settle(d);
}

static void on_drained(void *owner)
{
    struct once *o = owner;

    reap(o->instance.in->supervisor, o);
}

/* ---- the beginning ---- */

static int check(const struct deployment *d, const struct supervisor_run *r, struct err *e)
{
    const struct unit *u = project_unit(r->definition, r->service);

    if (!d) {
        err_set(e, -ENOENT, "project '%s' is not running", r->definition->name);
        err_hint(e, "ipam-orch up");
        return err_classify(e, ERR_FAILED);
    }
    if (d->leaving) {
        err_set(e, -EBUSY, "project '%s' is going down", d->project->name);
        return err_classify(e, ERR_LOCKED);
    }
    if (!u) {
        err_set(e, -ENOENT, "project '%s' has no service '%s'", d->project->name, r->service);
        return err_classify(e, ERR_USAGE);
    }
    for (size_t n = 0; n < u->n_networks; n++) {
        if (project_network(d->project, u->networks[n].network))
            continue;
        err_set(e, -ENOENT, "network '%s' of service '%s' is not up", u->networks[n].network,
                u->name);
        err_hint(e, "ipam-orch up, with the profiles of '%.64s'", u->name);
        return err_classify(e, ERR_FAILED);
    }
    return 0;
}

/* it becomes the name of files and control groups */
static bool is_suffix(const char *name)
{
    enum { LONGEST = 32 };
    size_t len = strlen(name);

    return len > 0 && len <= LONGEST &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static int name_it(const struct supervisor *s, struct once *o, const struct supervisor_run *r,
                   struct err *e)
{
    char id[INSTANCE_ID];

    if (!is_suffix(r->name)) {
        err_set(e, -EINVAL, "name '%.64s': at most 32 small letters, digits, _ and -", r->name);
        return err_classify(e, ERR_USAGE);
    }
    if (asprintf(&o->instance.name, "%s.run-%s", r->service, r->name) < 0)
        abort();
    o->instance.label = o->instance.base = o->instance.name;
    (void) snprintf(id, sizeof id, "%s.%s", r->definition->name, o->instance.name);
    if (!find(s, id)) {
        memcpy(o->instance.id, id, sizeof id);
        return 0;
    }
    err_set(e, -EEXIST, "'%s' runs already", o->instance.name);
    return err_classify(e, ERR_USAGE);
}

static const char *const *copy(struct arena *a, const char *const *list)
{
    size_t n = 0;
    const char **out;

    while (list && list[n])
        n++;
    out = arena_array(a, n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = arena_strdup(a, list[i]);
    return out;
}

/* the request goes away before the command begins */
static void keep_command(struct once *o, const struct runtime_exec *x)
{
    struct arena *a = o->definition->arena;

    o->command = (struct runtime_exec){
        .argv = copy(a, x->argv),
        .env = copy(a, x->env),
        .workdir = x->workdir ? arena_strdup(a, x->workdir) : NULL,
        .user = x->user ? arena_strdup(a, x->user) : NULL,
        .detach = x->detach,
        .fds = o->fds,
    };
    for (size_t i = 0; i < STREAMS; i++)
        o->fds[i] = fcntl(x->fds[i], F_DUPFD_CLOEXEC, 0);
}

static int launch_it(struct supervisor *s, struct once *o, struct err *e)
{
    auto_arena arena = arena_new();
    struct deployment *d = o->instance.in;
    struct runtime_launch launch = { .project = o->definition,
                                     .unit = o->instance.unit,
                                     .id = o->instance.id };
    int r;

    if (networks_are_held(d)) {
        err_set(e, -EBUSY, "the networks of project '%s' are about to change", d->project->name);
        return err_classify(e, ERR_LOCKED);
    }
    d->networks_ready = false; /* it is to have an address in them */
    r = networks_make(s, d, e);
    if (r < 0)
        return r;
    networks_plan(s, &o->instance, arena, &launch);
    return s->ops->launch(s->self, &launch, e);
}

int supervisor_run(struct supervisor *s, const struct supervisor_run *r,
                   const struct exec_watcher *watcher, struct err *e)
{
    struct deployment *d = supervisor_find(s, r->definition->name);
    int code = check(d, r, e);
    struct once *o;

    if (code < 0) {
        project_free(r->definition);
        return code;
    }
    o = calloc(1, sizeof *o);
    if (!o)
        abort();
    o->definition = r->definition;
    o->watcher = *watcher;
    o->instance.in = d;
    o->instance.unit = project_unit(r->definition, r->service);
    o->instance.state = STATE_PREPARING;
    o->instance.since_wall_us = clock_wall_us();
    o->instance.launched_us = timers_now(s->timers);
    memset(o->fds, -1, sizeof o->fds);
    keep_command(o, &r->command);
    DL_APPEND(s->one_offs, o);
    code = name_it(s, o, r, e);
    if (code == 0)
        code = launch_it(s, o, e);
    if (code < 0)
        free_one(s, o);
    else
        log_line(LOG_INFO, "%s runs once project=%s", o->instance.name, d->project->name);
    return code;
}

/* ---- its life ---- */

static void tell_error(struct once *o, int error, const char *text)
{
    answer(o, &(struct runtime_answer){ .error = error > 0 ? error : EIO, .output = text });
}

bool once_started(struct supervisor *s, const char *id, int pid)
{
    struct once *o = find(s, id);
    struct err e = ERR_INIT;

    if (!o)
        return false;
    o->instance.state = STATE_UP;
    o->instance.pid = pid;
    tell_names(s, o);
    if (o->command.detach && !o->unwanted) {
        answer(o, &(struct runtime_answer){ .ok = true, .output = o->instance.name });
        return true;
    }
    if (!o->watcher.owner || o->unwanted) {
        end_one(s, o);
        return true;
    }
    o->tag = ++s->last_tag;
    if (s->ops->exec(s->self, id, &o->command, o->tag, &e) < 0) {
        o->tag = 0;
        tell_error(o, -e.code, e.msg);
        end_one(s, o);
    }
    fdpass_close(o->fds, STREAMS);
    memset(o->fds, -1, sizeof o->fds);
    return true;
}

/* what the command left: told when the sandbox is gone as well, so that nothing is left then */
bool once_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    struct once *o;

    DL_FOREACH (s->one_offs, o)
        if (o->tag != 0 && o->tag == tag)
            break;
    if (!o)
        return false;
    o->tag = 0;
    o->how = *a;
    o->how.output = arena_strdup(o->definition->arena, a->output);
    o->has_how = true;
    /* without a broker nobody knows when the rest ends: the next one is told that nobody wants it
     */
    if (o->ended || !s->connected)
        answer(o, &o->how);
    if (s->connected)
        end_one(s, o);
    reap(s, o);
    return true;
}

bool once_ended(struct supervisor *s, const char *id, const struct exit_info *how)
{
    struct once *o = find(s, id);
    struct err e = ERR_INIT;
    char text[160];

    if (!o)
        return false;
    if (s->ops->remove(s->self, id, &e) < 0)
        log_err(&e, id);
    o->ended = true;
    o->instance.state = STATE_DOWN;
    tell_names(s, o);
    if (o->tag != 0 && !how->stage[0])
        return true; /* it was killed with its command in it, whose end is told next */
    exit_describe(how, text, sizeof text);
    if (o->has_how)
        answer(o, &o->how);
    else
        tell_error(o, how->error, text);
    reap(s, o);
    return true;
}

bool once_refused(struct supervisor *s, const char *id, const struct err *why)
{
    struct once *o = find(s, id);

    if (!o)
        return false;
    tell_error(o, -why->code, why->msg);
    o->ended = true;
    reap(s, o);
    return true;
}

bool once_streams(struct supervisor *s, const char *id, int fds[RUNTIME_STREAM_FDS])
{
    struct once *o = find(s, id);
    struct err e = ERR_INIT;
    int r = 0;

    if (!o)
        return false;
    if (o->command.detach && (r = launch_open_log(s, &o->instance, &e)) == 0) {
        capture_log_on_drained(o->instance.log, on_drained, o);
        r = capture_log_attach(o->instance.log, o->instance.name, 0, fds, &e);
    }
    if (!o->command.detach || r < 0)
        fdpass_close(fds, RUNTIME_STREAM_FDS);
    if (r < 0)
        log_err(&e, id);
    return true;
}

/* ---- its end ---- */

void once_forget(struct supervisor *s, const void *owner)
{
    struct once *o;

    DL_FOREACH (s->one_offs, o) {
        if (o->watcher.owner != owner)
            continue;
        o->watcher.owner = NULL;
        if (!o->command.detach)
            end_one(s, o);
    }
}

void once_end_all(struct supervisor *s, const struct deployment *d)
{
    struct once *o;

    DL_FOREACH (s->one_offs, o) {
        if (o->instance.in != d)
            continue;
        o->unwanted = true;
        end_one(s, o);
    }
}

void once_connected(struct supervisor *s, const struct runtime_seen *seen, size_t n)
{
    struct once *o, *next;

    DL_FOREACH_SAFE(s->one_offs, o, next)
    {
        size_t k = 0;

        while (k < n && strcmp(seen[k].id, o->instance.id) != 0)
            k++;
        if (k < n && seen[k].pid > 0)
            o->instance.state = STATE_UP;
        if (k < n && !seen[k].ended && !o->command.detach)
            end_one(s, o); /* its command went with the broker */
        if (k < n)
            continue;
        tell_error(o, EIO, "it is gone");
        o->ended = true;
        reap(s, o);
    }
}

bool once_is_known(const struct supervisor *s, const char *id)
{
    return find(s, id) != NULL;
}

void once_free(struct supervisor *s)
{
    while (s->one_offs)
        free_one(s, s->one_offs);
}
