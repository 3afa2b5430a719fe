/* Commands that operators run inside services. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/log.h"
#include "engine/supervisor_impl.h"

struct exec_run {
    uint64_t tag;
    struct exec_watcher watcher; /* owner NULL: gone */
    struct exec_run *prev, *next;
};

int exec_find_running(const struct supervisor *s, const char *project, const char *service,
                      unsigned index, struct instance **out, struct err *e)
{
    struct deployment *d = supervisor_find(s, project);
    struct instance *i = d ? deployment_replica(d, service, index) : NULL;

    if (!i && d && deployment_instance(d, service)) {
        err_set(e, -ENOENT, "service '%s' has no instance %u", service, index);
        return err_classify(e, ERR_USAGE);
    }
    if (!i) {
        err_set(e, -ENOENT, "project '%s' has no service '%s'", project, service);
        return err_classify(e, ERR_USAGE);
    }
    if (i->pid <= 0 || !state_is_live(i->state)) {
        err_set(e, -ESRCH, "service '%s' is %s", service, state_text[i->state]);
        err_hint(e, "ipam-orch start %s", service);
        return err_classify(e, ERR_FAILED);
    }
    if (i->paused) {
        err_set(e, -EBUSY, "service '%s' is paused", service);
        err_hint(e, "ipam-orch unpause %s", service);
        return err_classify(e, ERR_FAILED);
    }
    *out = i;
    return 0;
}

uint64_t exec_expect(struct supervisor *s, const struct exec_watcher *watcher)
{
    struct exec_run *run = calloc(1, sizeof *run);

    if (!run)
        abort();
    run->tag = ++s->last_tag;
    run->watcher = *watcher;
    DL_APPEND(s->execs, run);
    return run->tag;
}

void exec_unexpect(struct supervisor *s, uint64_t tag)
{
    struct exec_run *run;

    DL_FOREACH (s->execs, run)
        if (run->tag == tag)
            break;
    if (!run)
        return;
    DL_DELETE(s->execs, run);
    free(run);
}

int supervisor_exec(struct supervisor *s, const struct supervisor_exec *x,
                    const struct exec_watcher *watcher, struct err *e)
{
    struct instance *i = NULL;
    uint64_t tag;
    int r = exec_find_running(s, x->project, x->service, x->index, &i, e);

    if (r < 0)
        return r;
    tag = exec_expect(s, watcher);
    r = s->ops->exec(s->self, i->id, &x->command, tag, e);
    if (r < 0)
        exec_unexpect(s, tag);
    return r;
}

bool exec_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    struct exec_run *run;

    DL_FOREACH (s->execs, run)
        if (run->tag == tag)
            break;
    if (!run)
        return false;
    DL_DELETE(s->execs, run);
    if (run->watcher.owner)
        run->watcher.done(run->watcher.owner, a);
    free(run);
    return true;
}

void exec_forget(struct supervisor *s, const void *owner)
{
    struct exec_run *run;
    struct err e = ERR_INIT;

    DL_FOREACH (s->execs, run) {
        if (run->watcher.owner != owner)
            continue;
        run->watcher.owner = NULL;
        if (s->ops->exec_end(s->self, run->tag, &e) < 0)
            log_err(&e, "ending a command nobody waits for");
    }
}

void exec_free(struct supervisor *s)
{
    struct exec_run *run, *next;

    DL_FOREACH_SAFE(s->execs, run, next)
    free(run);
    s->execs = NULL;
}
