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

int launch_instance(struct supervisor *s, struct instance *i, struct err *e)
{
    auto_arena arena = arena_new();
    struct runtime_launch launch = { .project = i->in->project, .unit = i->unit, .id = i->id };
    int r = networks_make(s, i->in, e);

    i->incarnation++;
    (void) snprintf(i->id, sizeof i->id, "%s.%s.%u.%u", i->in->project->name, i->name, i->index,
                    i->incarnation);
    (void) snprintf(i->digest, sizeof i->digest, "%s", i->unit->digest);
    i->memory_limit = i->unit->limits.memory;
    i->stop_signal = i->unit->stop_signal;
    i->stop_grace_us = i->unit->stop_grace_us;
    i->launched_us = timers_now(s->timers);
    i->ready_seen = i->replace = i->paused = i->to_blame = false;
    if (r < 0)
        return r;
    networks_plan(s, i, arena, &launch);
    return s->ops->launch(s->self, &launch, e);
}

static void on_drained(void *owner)
{
    supervisor_settle(((struct instance *) owner)->in);
}

int launch_open_log(struct supervisor *s, struct instance *i, struct err *e)
{
    auto_free char *dir = paths_join("%s/%s", s->config.log_dir, i->in->project->name);
    auto_free char *path = paths_join("%s/%s.log", dir, i->label);
    int r;

    if (i->log)
        return 0;
    r = fsio_mkdir_p(dir, 0750);
    if (r < 0)
        return err_set(e, r, "log directory %s: %s", dir, strerror(-r));
    r = capture_log_open(s->config.loop, path, &i->log, e);
    if (r == 0)
        capture_log_on_drained(i->log, on_drained, i);
    return r;
}
