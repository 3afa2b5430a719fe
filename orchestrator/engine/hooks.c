/* Commands inside an instance after its start and before its end. */
#include <string.h>

#include "base/log.h"
#include "engine/supervisor_impl.h"

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* NULL after the last one; the unit may have become another one since the first */
static const struct hook *present(const struct instance *i)
{
    const struct unit *u = i->unit;
    bool before = i->hooks.which == HOOKS_PRE_STOP;
    size_t n = !u ? 0 : before ? u->n_pre_stop : u->n_post_start;

    if (i->hooks.at >= n)
        return NULL;
    return before ? &u->pre_stop[i->hooks.at] : &u->post_start[i->hooks.at];
}

static void run(struct instance *i, const struct hook *h)
{
    struct supervisor *s = i->in->supervisor;
    struct runtime_exec x = {
        .argv = h->argv, .env = h->env, .workdir = or_null(h->workdir), .user = or_null(h->user)
    };
    struct err e = ERR_INIT;

    i->hooks.tag = ++s->last_tag;
    if (s->ops->exec(s->self, i->id, &x, i->hooks.tag, &e) < 0)
        log_err(&e, i->id); /* the connection is gone; the answer says so too */
}

void hooks_run(struct instance *i, enum hooks which)
{
    hooks_end(i);
    i->hooks = (struct hooks_run){ .which = which };
    run(i, present(i));
}

void hooks_end(struct instance *i)
{
    struct supervisor *s = i->in->supervisor;
    struct err e = ERR_INIT;

    if (i->hooks.which != HOOKS_NONE && s->ops->exec_end(s->self, i->hooks.tag, &e) < 0)
        log_err(&e, i->id);
    i->hooks = (struct hooks_run){ 0 };
}

static struct instance *by_tag(const struct supervisor *s, uint64_t tag)
{
    for (size_t n = 0; n < s->n_deployments; n++)
        for (size_t k = 0; k < s->deployments[n]->n_all; k++) {
            struct instance *i = s->deployments[n]->instances[k];

            if (i->hooks.which != HOOKS_NONE && i->hooks.tag == tag)
                return i;
        }
    return NULL;
}

static void note(const struct instance *i, const struct runtime_answer *a)
{
    const struct hook *h = present(i);

    supervisor_note(i->in,
                    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:s}", "event",
                              a->ok ? "hook done" : "hook failed", "project", i->in->project->name,
                              "service", i->name, "name", i->label, "hook",
                              i->hooks.which == HOOKS_PRE_STOP ? "pre_stop" : "post_start",
                              "command", h ? h->argv[0] : "", "code", a->code, "signal", a->signal,
                              "detail", a->ok ? "" : i->blame));
}

static void describe(struct instance *i, const struct runtime_answer *a)
{
    const char *when = i->hooks.which == HOOKS_PRE_STOP ? "pre_stop" : "post_start";
    const struct hook *h = present(i);
    const char *what = h ? h->argv[0] : "";

    if (a->error > 0)
        (void) snprintf(i->blame, sizeof i->blame, "failed: its %s command %s could not be run: %s",
                        when, what, strerror(a->error));
    else if (a->signal > 0)
        (void) snprintf(i->blame, sizeof i->blame,
                        "failed: its %s command %s was killed by signal %d", when, what, a->signal);
    else
        (void) snprintf(i->blame, sizeof i->blame,
                        "failed: its %s command %s exited with status %d%s%s", when, what, a->code,
                        a->output && a->output[0] ? ": " : "", a->output ? a->output : "");
    i->blame[strcspn(i->blame, "\n")] = '\0';
    log_line(LOG_WARN, "%s: %s project=%s", i->label, i->blame, i->in->project->name);
}

bool hooks_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    struct instance *i = by_tag(s, tag);
    const struct hook *next;

    if (!i)
        return false;
    if (!a->ok)
        describe(i, a);
    note(i, a);
    i->hooks.at++;
    next = a->ok ? present(i) : NULL;
    if (next) {
        run(i, next);
        return true;
    }
    i->hooks = (struct hooks_run){ 0 };
    supervisor_step(i, a->ok ? FSM_HOOKED : FSM_HOOK_FAILED, NULL);
    supervisor_settle(i->in);
    return true;
}
