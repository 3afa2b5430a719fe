/* What operators ask of the supervisor. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/store.h"
#include "engine/supervisor_impl.h"
#include "engine/timetable.h"
#include "model/graph.h"
#include "model/project_json.h"
#include "model/project_renew.h"

static struct deployment *add_deployment(struct supervisor *s)
{
    struct deployment *d = deployment_new(s, s->timers);

    s->deployments =
        reallocarray(s->deployments, s->n_deployments + 1, sizeof(struct deployment *));
    if (!s->deployments)
        abort();
    s->deployments[s->n_deployments++] = d;
    return d;
}

static void resume_rollout(struct deployment *d, const json_t *state)
{
    const json_t *saved = json_object_get(state, "rollout");
    struct project *next = NULL;
    struct err e = ERR_INIT;

    if (!json_is_object(saved)) { /* it was over, and its definition not yet forgotten */
        store_remove_next(d->supervisor->config.state_dir, d->project->name);
        return;
    }
    if (store_load_next(d->supervisor->config.state_dir, d->project->name, &next, &e) == 0)
        rollout_resume(d, next, saved);
    else
        log_err(&e, "a replacement that had begun is not gone on with");
}

static void load_one(void *owner, struct project *p, json_t *state)
{
    struct deployment *d = add_deployment(owner);
    struct err e = ERR_INIT;

    if (p->foreign)
        log_line(LOG_WARN, "project %s was saved by a newer version: %s is not known here", p->name,
                 p->foreign);
    deployment_adopt(d, p);
    tidy_logs(d);
    resume_rollout(d, state);
    if (state && deployment_from_json(d, state, &e) < 0)
        log_err(&e, "a saved state is read in part");
    if (!d->leaving)
        return;
    /* killed in the middle of `down`: go on with it */
    d->op = calloc(1, sizeof *d->op);
    if (!d->op)
        abort();
    d->op->kind = OP_DOWN;
    d->op->volumes = d->leaving_with_volumes;
    for (size_t n = 0; n < d->n_instances; n++)
        d->instances[n]->marked = true;
    operation_apply(d);
}

static void unreadable(void *owner, const char *project, const struct err *why)
{
    struct supervisor *s = owner;

    log_err(why, "a saved project and what runs of it are left alone");
    strv_append(&s->unread, project);
}

int supervisor_load(struct supervisor *s, struct err *e)
{
    struct store_reader reader = { .owner = s, .each = load_one, .unreadable = unreadable };
    int r = store_load(s->config.state_dir, &reader, e);

    if (r < 0)
        return r;
    (void) supervisor_connect(s, NULL); /* it is tried again if the broker is late */
    return 0;
}

int requests_check_services(const struct project *p, const char *const *services, struct err *e)
{
    for (; services && *services; services++) {
        if (project_unit(p, *services))
            continue;
        err_set(e, -ENOENT, "project '%s' has no service '%s'", p->name, *services);
        return err_classify(e, ERR_USAGE);
    }
    return 0;
}

bool requests_is_named(const char *const *services, const char *name)
{
    for (; services && *services; services++)
        if (strcmp(*services, name) == 0)
            return true;
    return false;
}

/* which instances the operation is about: the named ones and, for starts, what they need */
static void mark(struct deployment *d, const struct supervisor_request *r)
{
    const struct project *p = d->project;
    auto_free bool *in = calloc(p->n_units + 1, sizeof *in);

    if (!in)
        abort();
    for (size_t n = 0; n < p->n_units; n++)
        in[n] = !r->services || requests_is_named(r->services, p->units[n].name);
    if ((r->kind == OP_UP || r->kind == OP_START) && !r->no_deps)
        graph_add_dependencies(p, in);
    if (r->kind == OP_RESTART && !r->no_deps)
        graph_add_restarted(p, in);
    for (size_t n = 0; r->deps_only && n < p->n_units; n++)
        in[n] &= !requests_is_named(r->services, p->units[n].name);
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];
        bool named = !r->services || requests_is_named(r->services, i->name);

        i->marked = i->unit ? in[deployment_unit_of(i)] : r->kind == OP_DOWN;
        /* what was stopped does not start because something else is restarted */
        i->marked &= r->kind != OP_RESTART || named || i->want == WANT_RUN;
        i->started_by_op = false;
    }
}

/* What cannot be read, or only in part, is nothing to start services from. */
static int check_known(const struct supervisor *s, const struct deployment *d,
                       const struct supervisor_request *r, struct err *e)
{
    for (char *const *name = s->unread; !d && name && *name; name++) {
        if (strcmp(*name, r->project) != 0)
            continue;
        err_set(e, -EBADMSG, "what was saved of project '%s' cannot be read (%s/%s/project.json)",
                r->project, s->config.state_dir, r->project);
        return err_hint(e, "bring that file back, or remove it to end what runs of the project; "
                           "then: ipam-orch daemon reexec");
    }
    if (!d || !d->project->foreign || r->definition || r->kind == OP_STOP || r->kind == OP_DOWN)
        return 0;
    err_set(e, -ENOTSUP, "project '%s' was saved by a newer version: %s is not known here",
            r->project, d->project->foreign);
    return err_hint(e, "ipam-orch up, which reads its files, or install the newer version again");
}

/* one service becomes what its files say now, one instance after the other */
static int begin_update(struct supervisor *s, const struct supervisor_request *r,
                        struct deployment *d, struct err *e)
{
    struct project *next = NULL;
    int code = 0;

    if (!r->definition || !r->services || !r->services[0] || r->services[1])
        code = err_set(e, -EINVAL, "request: 'update' needs a definition and one service");
    if (code == 0)
        code = requests_check_services(r->definition, r->services, e);
    if (code == 0)
        code = project_renew(d->project, r->definition, r->services, &next, e);
    project_free(r->definition);
    (void) s;
    return code < 0 ? code : rollout_begin(d, next, r->services[0], r->back, r->canaries, e);
}

static int find_target(struct supervisor *s, const struct supervisor_request *r,
                       struct deployment **out, struct err *e)
{
    struct deployment *d = supervisor_find(s, r->project);

    if (d && d->resting && r->kind != OP_STOP && r->kind != OP_DOWN) {
        err_set(e, -EBUSY, "everything is being stopped, for the machine to stop");
        err_hint(e, "where that has changed: restart the manager");
        return err_classify(e, ERR_LOCKED);
    }
    if (d && d->op) {
        err_set(e, -EBUSY, "project '%s' is locked: '%s' is running", r->project,
                operation_text[d->op->kind]);
        err_hint(e, "wait for it, or see: ipam-orch ps");
        return err_classify(e, ERR_LOCKED);
    }
    if (check_known(s, d, r, e) < 0)
        return e->code;
    if (!d && r->kind != OP_UP && (r->kind != OP_DOWN || !r->definition)) {
        err_set(e, -ENOENT, "project '%s' is not running", r->project);
        err_hint(e, "ipam-orch up");
        return err_classify(e, ERR_FAILED);
    }
    if (r->kind == OP_DOWN && d && networks_unused(s, d, e) < 0)
        return e->code;
    *out = d;
    if (r->volumes && volumes_unused(s, d, d ? d->project : r->definition, e) < 0)
        return e->code;
    if ((r->kind == OP_UP || r->kind == OP_START) &&
        reservation_check(s, r->definition ? r->definition : d->project, e) < 0)
        return e->code;
    if (r->kind == OP_RESTART || r->kind == OP_UPDATE)
        return requests_check_services(d->project, r->services, e);
    return requests_check_services(r->definition ? r->definition : d->project, r->services, e);
}

static int adopt_definition(struct supervisor *s, struct project *definition, struct deployment **d,
                            struct err *e)
{
    auto_free size_t *order = calloc(definition->n_units + 1, sizeof *order);
    int code;

    if (!order)
        abort();
    code = graph_order(definition, order, e);
    if (code == 0)
        code = store_save_project(s->config.state_dir, definition, e);
    if (code < 0) {
        project_free(definition);
        return code;
    }
    if (!*d)
        *d = add_deployment(s);
    deployment_adopt(*d, definition);
    tidy_logs(*d);
    return 0;
}

/* what is restarted becomes what its files say now; nothing else does */
static int renew(struct supervisor *s, const struct supervisor_request *r, struct deployment *d,
                 struct err *e)
{
    struct project *mixed = NULL;
    int code = project_renew(d->project, r->definition, r->services, &mixed, e);

    project_free(r->definition);
    return code < 0 ? code : adopt_definition(s, mixed, &d, e);
}

/* what has given up or finished is asked to start only by a request, never by itself; a restart
 * does not wait for a delay either */
static void restart_ended(struct deployment *d)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (!i->marked || i->want != WANT_RUN)
            continue;
        if (i->state == STATE_BACKOFF && d->op->kind == OP_RESTART)
            supervisor_step(i, FSM_STOP, NULL);
        if (i->state == STATE_FAILED || i->state == STATE_DONE)
            supervisor_step(i, FSM_START, NULL);
    }
}

/* `up` and `start` promise that it works, and what is paused does not */
static void resume_wanted(struct deployment *d)
{
    for (size_t n = 0; n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (!i->marked || i->want != WANT_RUN || !i->paused || i->replace)
            continue;
        pause_lift(i);
        pause_note(i, false);
    }
}

static void on_deadline(void *owner)
{
    struct deployment *d = owner;

    if (d->op->kind == OP_UPDATE)
        rollout_expire(d);
    else
        operation_expire(d, d->op->ready_us);
    supervisor_settle(d);
}

/* asked again for an update that goes on although whoever asked for it went away: from now on he
 * watches it */
static bool join_update(const struct supervisor *s, const struct supervisor_request *r,
                        const struct watcher *watcher)
{
    const struct deployment *d = supervisor_find(s, r->project);

    if (r->kind != OP_UPDATE || !d || !d->op || d->op->kind != OP_UPDATE || d->op->watcher.owner ||
        !r->definition || !r->services || !r->services[0] ||
        !rollout_is_same(d, r->definition, r->services[0], r->back))
        return false;
    d->op->watcher = *watcher;
    project_free(r->definition);
    return true;
}

int supervisor_begin(struct supervisor *s, const struct supervisor_request *r,
                     const struct watcher *watcher, struct err *e)
{
    struct deployment *d = NULL;
    int code = join_update(s, r, watcher) ? 1 : find_target(s, r, &d, e);
    bool fresh = !d;

    if (code > 0)
        return 0;

    if (code < 0) {
        project_free(r->definition);
        return code;
    }
    if (r->kind == OP_UP || !d) {
        if ((code = adopt_definition(s, r->definition, &d, e)) < 0)
            return code;
        for (size_t n = 0; r->as_is && n < d->n_instances; n++)
            d->instances[n]->replace = false;
    } else if (r->kind == OP_RESTART && r->definition) {
        if ((code = renew(s, r, d, e)) < 0)
            return code;
    } else if (r->kind == OP_UPDATE) {
        if ((code = begin_update(s, r, d, e)) < 0)
            return code;
    } else {
        project_free(r->definition);
    }
    d->op = calloc(1, sizeof *d->op);
    if (!d->op)
        abort();
    d->op->kind = r->kind;
    d->op->watcher = *watcher;
    d->op->keep = r->keep || r->kind == OP_UPDATE;
    d->op->fresh = fresh;
    d->op->no_wait = r->no_wait;
    d->op->volumes = r->volumes;
    d->op->has_grace = r->has_grace;
    d->op->grace_us = r->grace_us;
    d->op->ready_us = r->ready_us;
    if (r->ready_us > 0 && r->kind != OP_STOP && r->kind != OP_DOWN)
        timers_set(s->timers, &d->op->deadline, timers_now(s->timers) + r->ready_us, on_deadline,
                   d);
    d->leaving = r->kind == OP_DOWN;
    d->leaving_with_volumes = d->leaving && r->volumes;
    d->leaving_for_good = d->leaving_with_volumes && r->purge;
    if (r->kind != OP_UPDATE)
        mark(d, r);
    supervisor_note(d, json_pack("{s:s,s:s,s:s,s:s}", "event", "asked", "project", d->project->name,
                                 "operation", operation_text[r->kind], "by", r->by ? r->by : ""));
    if (!s->connected) /* it went away before anybody could be told */
        supervisor_tell_lost(d);
    if (d->leaving)
        once_end_all(s, d);
    operation_apply(d);
    resume_wanted(d);
    restart_ended(d);
    supervisor_touch(s);
    supervisor_settle(d);
    return 0;
}

int supervisor_kill(struct supervisor *s, const char *project, const char *const *services,
                    unsigned index, int signo, json_t **out, struct err *e)
{
    struct deployment *d = supervisor_find(s, project);
    json_t *killed = json_array();
    int r = d ? requests_check_services(d->project, services, e)
              : err_set(e, -ENOENT, "project '%s' is not running", project);

    for (size_t n = 0; r == 0 && n < d->n_instances; n++) {
        struct instance *i = d->instances[n];

        if (i->pid <= 0 || (services && !requests_is_named(services, i->name)) ||
            (index > 0 && i->index != index))
            continue;
        pause_lift(i);
        r = s->ops->signal(s->self, i->id, signo, e);
        (void) json_array_append_new(killed, json_pack("{s:s,s:s,s:i}", "service", i->name, "name",
                                                       i->label, "pid", i->pid));
    }
    if (r == 0 && json_array_size(killed) == 0) {
        err_set(e, -ESRCH, "no service runs that could get a signal");
        err_hint(e, "ipam-orch ps");
        r = err_classify(e, ERR_FAILED);
    }
    if (r == 0)
        *out = killed;
    else
        json_decref(killed);
    return r;
}

void supervisor_asked(struct supervisor *s, const char *project, const char *what, const char *by,
                      const json_t *services)
{
    struct deployment *d = supervisor_find(s, project);
    json_t *event;

    if (!d)
        return;
    event = json_pack("{s:s,s:s,s:s,s:s}", "event", "asked", "project", project, "operation", what,
                      "by", by);
    if (services)
        (void) json_object_set(event, "services", (json_t *) (size_t) services);
    supervisor_note(d, event);
}

int supervisor_noted(struct supervisor *s, const char *project, const char *event, const char *by,
                     const json_t *details, struct err *e)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-.";
    struct deployment *d = supervisor_find(s, project);
    json_t *line;

    if (!d)
        return err_set(e, -ENOENT, "project '%s' is not running", project);
    if (event[0] == '\0' || strspn(event, letters) != strlen(event))
        return err_set(e, -EINVAL, "request: '%.64s' is no name of an event", event);
    line = json_pack("{s:s,s:s,s:s}", "event", event, "project", project, "by", by);
    if (details)
        (void) json_object_update_missing(line, (json_t *) (size_t) details);
    supervisor_note(d, line);
    return 0;
}

void supervisor_forget_watcher(struct supervisor *s, const void *owner)
{
    exec_forget(s, owner);
    once_forget(s, owner);
    attach_forget(s, owner);
    inquiry_forget(s, owner);
    timetable_forget(s, owner);
    for (size_t n = 0; n < s->n_deployments; n++) {
        struct operation *op = s->deployments[n]->op;
        if (op && op->watcher.owner == owner)
            op->watcher.owner = NULL;
    }
}

int supervisor_definition(const struct supervisor *s, const char *project, char **out,
                          struct err *e)
{
    for (size_t n = 0; n < s->n_deployments; n++)
        if (strcmp(s->deployments[n]->project->name, project) == 0)
            return project_to_json(s->deployments[n]->project, out, e);
    return err_set(e, -ENOENT, "no project '%s' is running", project);
}
