/* Who hears what services write, and has what they read.  The log stays the place where it all
 * goes: listeners are told what the log has taken, and nobody waits for them. */
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "engine/supervisor_impl.h"

struct attached {
    const struct instance *instance;
    unsigned incarnation;
    uint64_t tag; /* of the request for its input; 0: it has begun */
    struct attach_watcher watcher;
    bool ended;
    struct exit_info how;
    struct attached *prev, *next;
};

static void finish(struct supervisor *s, struct attached *a, const struct err *why)
{
    DL_DELETE(s->attached, a);
    a->watcher.done(a->watcher.owner, why ? NULL : &a->how, why);
    free(a);
}

/* it has ended, and what it wrote last was told */
static bool is_over(const struct attached *a)
{
    const struct capture_log *log = a->instance->log;

    return a->ended && a->tag == 0 && !(log && capture_log_is_attached(log, a->incarnation));
}

int supervisor_attach(struct supervisor *s, const struct supervisor_attach *r,
                      const struct attach_watcher *watcher, struct err *e)
{
    struct instance *i = NULL;
    struct attached *a;
    int code = exec_find_running(s, r->project, r->service, r->index, &i, e);

    if (code < 0)
        return code;
    a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->instance = i;
    a->incarnation = i->incarnation;
    a->watcher = *watcher;
    DL_APPEND(s->attached, a);
    if (!r->input || !i->unit || (!i->unit->stdin_open && !i->unit->tty)) {
        watcher->begun(watcher->owner, i, 0);
        return 0;
    }
    a->tag = ++s->last_tag;
    code = s->ops->input(s->self, i->id, a->tag, e);
    if (code < 0) {
        DL_DELETE(s->attached, a);
        free(a);
    }
    return code;
}

bool attach_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *answer)
{
    struct attached *a;
    struct err why = ERR_INIT;

    DL_FOREACH (s->attached, a)
        if (a->tag != 0 && a->tag == tag)
            break;
    if (!a)
        return false;
    a->tag = 0;
    if (answer->ok && answer->fd > 0) {
        a->watcher.begun(a->watcher.owner, a->instance, answer->fd);
        if (is_over(a))
            finish(s, a, NULL);
        return true;
    }
    err_set(&why, -EIO, "%s", answer->output);
    err_hint(&why, "ipam-orch attach --no-stdin %s", a->instance->name);
    err_classify(&why, ERR_FAILED);
    finish(s, a, &why);
    return true;
}

void attach_heard(void *owner, unsigned incarnation, const char *stream, const char *bytes,
                  size_t len)
{
    const struct instance *i = owner;
    struct supervisor *s = i->in->supervisor;
    struct attached *a, *next;

    DL_FOREACH_SAFE(s->attached, a, next)
    {
        if (a->instance != i || a->incarnation != incarnation || a->tag != 0)
            continue;
        if (len > 0)
            a->watcher.output(a->watcher.owner, stream, bytes, len);
        else if (is_over(a))
            finish(s, a, NULL);
    }
}

void attach_ended(struct instance *i, const struct exit_info *how)
{
    struct supervisor *s = i->in->supervisor;
    struct attached *a, *next;

    DL_FOREACH_SAFE(s->attached, a, next)
    {
        if (a->instance != i || a->incarnation != i->incarnation || a->ended)
            continue;
        a->ended = true;
        a->how = *how;
        if (is_over(a))
            finish(s, a, NULL);
    }
}

void attach_gone(const struct instance *i)
{
    struct supervisor *s = i->in->supervisor;
    struct attached *a, *next;
    struct err why = ERR_INIT;

    err_set(&why, -ESRCH, "service '%s' is gone", i->name);
    err_classify(&why, ERR_FAILED);
    DL_FOREACH_SAFE(s->attached, a, next)
    {
        if (a->instance == i)
            finish(s, a, a->ended ? NULL : &why);
    }
}

void attach_forget(struct supervisor *s, const void *owner)
{
    struct attached *a, *next;

    DL_FOREACH_SAFE(s->attached, a, next)
    {
        if (a->watcher.owner != owner)
            continue;
        DL_DELETE(s->attached, a);
        free(a);
    }
}

void attach_free(struct supervisor *s)
{
    struct attached *a, *next;

    DL_FOREACH_SAFE(s->attached, a, next)
    free(a);
    s->attached = NULL;
}
