#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"
#include "logs/forward.h"

/* Logs leave so much of a disk to those who need it to recover: databases, package managers. */
#define LOG_RESERVE (UINT64_C(64) * 1024 * 1024)

/* a restriction may be among what is not known */
static int check_known(const struct project *p, struct err *e)
{
    if (!p->foreign)
        return 0;
    err_set(e, -ENOTSUP, "it was saved by a newer version: %s is not known here", p->foreign);
    return err_hint(e, "ipam-orch up, which reads its files, or install the newer version again");
}

/* those beside it are lives of the same service */
static unsigned last_incarnation(const struct instance *i)
{
    const struct deployment *d = i->in;
    unsigned last = i->spent;

    for (size_t n = 0; n < d->n_all; n++) {
        const struct instance *o = d->instances[n];

        if (o->index != i->index || strcmp(o->name, i->name) != 0)
            continue;
        last = o->incarnation > last ? o->incarnation : last;
        last = o->spent > last ? o->spent : last;
    }
    return last;
}

int launch_instance(struct supervisor *s, struct instance *i, struct err *e)
{
    auto_arena arena = arena_new();
    const struct project *project = deployment_project_of(i);
    const struct instance *regular =
        i->part == PART_NEXT ? deployment_replica(i->in, i->name, i->index) : NULL;
    struct runtime_launch launch = {
        .project = project, .unit = i->unit, .id = i->id, .beside = regular ? regular->id : ""
    };
    struct err late = ERR_INIT;
    int r = check_known(project, e);

    if (r == 0)
        r = networks_make(s, i->in, e);

    i->incarnation = last_incarnation(i) + 1;
    (void) snprintf(i->id, sizeof i->id, "%s.%s.%u.%u", i->in->project->name, i->name, i->index,
                    i->incarnation);
    (void) snprintf(i->digest, sizeof i->digest, "%s", i->unit->digest);
    (void) snprintf(i->release, sizeof i->release, "%s", i->unit->release);
    i->memory_limit = i->unit->limits.memory;
    i->stop_signal = i->unit->stop_signal;
    i->stop_grace_us = i->unit->stop_grace_us;
    i->launched_us = timers_now(s->timers);
    i->ready_seen = i->told = i->replace = i->paused = i->to_blame = false;
    i->outdated = false;
    if (r < 0)
        return r;
    if (launch_open_log(s, i, &late) < 0) /* tried again when there is something to write */
        log_err(&late, i->id);
    else
        capture_log_expect(i->log, i->incarnation);
    launch.whole = true;
    networks_plan(s, i, arena, &launch);
    if (i->part == PART_NEXT) /* a later supervisor could not tell whose it is */
        supervisor_save(s);
    return s->ops->launch(s->self, &launch, e);
}

static char *log_path(const struct supervisor *s, const struct instance *i)
{
    return paths_join("%s/%s/%s.log", s->config.log_dir, i->in->project->name, i->base);
}

void launch_forget_log(const struct supervisor *s, const struct instance *i)
{
    auto_free char *path = log_path(s, i);

    capture_forget(path);
}

static void on_drained(void *owner)
{
    supervisor_settle(((struct instance *) owner)->in);
}

static void on_rotated(void *owner)
{
    tidy_logs(((struct instance *) owner)->in);
}

static void on_written(void *owner)
{
    const struct instance *i = owner;

    if (i->forward)
        forward_wake(i->forward);
}

/* also when another definition says something else of a log that is open */
static void forward_log(struct supervisor *s, struct instance *i)
{
    auto_free char *path = log_path(s, i);
    struct forward_origin from = { .project = i->in->project->name, .service = i->name };

    if (!i->unit || i->unit->log_forward.driver[0] == '\0') {
        forward_free(take_ptr(i->forward));
        return;
    }
    from.to = i->unit->log_forward;
    if (i->forward)
        forward_change(i->forward, &from);
    else
        i->forward = forward_new(s->config.loop, path, &from);
}

static void limit(struct instance *i)
{
    const struct probe *q = i->unit ? &i->unit->health.probe : NULL;
    struct err e = ERR_INIT;

    if (q && q->kind == PROBE_LOG && state_is_live(i->state) &&
        capture_log_await(i->log, i->incarnation, q->pattern, probing_told, i, &e) < 0)
        log_err(&e, i->id);
    if (i->unit)
        capture_log_limit(i->log, &(struct log_spec){ .max_size = i->unit->log_max_size,
                                                      .files = i->unit->log_files,
                                                      .reserve = LOG_RESERVE,
                                                      .compress = i->unit->log_compress,
                                                      .silent = i->unit->log_silent });
}

static void listen(struct instance *i)
{
    capture_log_on_drained(i->log, on_drained, i);
    capture_log_on_output(i->log, attach_heard, i);
    capture_log_on_rotated(i->log, on_rotated, i);
    capture_log_on_written(i->log, on_written, i);
    i->log_told = true;
    limit(i);
}

int launch_open_log(struct supervisor *s, struct instance *i, struct err *e)
{
    auto_free char *dir = paths_join("%s/%s", s->config.log_dir, i->in->project->name);
    auto_free char *path = log_path(s, i);
    int r;

    if (i->part != PART_REGULAR) {
        struct instance *regular = deployment_replica(i->in, i->name, i->index);

        r = regular ? launch_open_log(s, regular, e) : -ENOENT;
        i->log = r == 0 ? regular->log : NULL;
        if (r == 0)
            limit(i);
        return r;
    }
    if (i->log && i->log_told) {
        limit(i);
        forward_log(s, i);
        return 0;
    }
    if (i->log) {
        listen(i);
        forward_log(s, i);
        return 0;
    }
    r = fsio_mkdir_p(dir, 0750);
    if (r < 0)
        return err_set(e, r, "log directory %s: %s", dir, strerror(-r));
    r = capture_log_open(s->config.loop, path, &i->log, e);
    if (r < 0)
        return r;
    listen(i);
    forward_log(s, i);
    return 0;
}
