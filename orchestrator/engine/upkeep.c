/* The manager itself: replaced under running services, and the end of the machine it runs on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "engine/supervisor_impl.h"
#include "engine/upkeep.h"

static bool is_hooked(const struct deployment *d, char *why, size_t room)
{
    for (size_t n = 0; n < d->n_all; n++) {
        if (d->instances[n]->hooks.which == HOOKS_NONE)
            continue;
        (void) snprintf(why, room, "a hook of '%s' of project '%s' runs", d->instances[n]->label,
                        d->project->name);
        return true;
    }
    return false;
}

bool supervisor_is_busy(const struct supervisor *s, char *why, size_t room)
{
    for (size_t n = 0; n < s->n_deployments; n++) {
        const struct deployment *d = s->deployments[n];

        if (d->op) {
            (void) snprintf(why, room, "'%s' of project '%s' runs", operation_text[d->op->kind],
                            d->project->name);
            return true;
        }
        if (is_hooked(d, why, room))
            return true;
    }
    if (s->execs || s->one_offs || s->inquiries)
        (void) snprintf(why, room, "a command of an operator runs");
    return s->execs || s->one_offs || s->inquiries;
}

bool supervisor_has_runtime(const struct supervisor *s)
{
    return s->connected;
}

int supervisor_ask_runtime(struct supervisor *s, const char *what, const json_t *fields,
                           const struct exec_watcher *watcher, struct err *e)
{
    uint64_t tag = exec_expect(s, watcher);
    int r = s->ops->upkeep(s->self, what, fields, tag, e);

    if (r < 0)
        exec_unexpect(s, tag);
    return r;
}

int supervisor_ask_leftovers(struct supervisor *s, bool remove, const struct exec_watcher *watcher,
                             struct err *e)
{
    json_t *keep = json_array(), *fields = json_pack("{s:o,s:b}", "keep", keep, "remove", remove);
    int r;

    for (size_t n = 0; n < s->n_deployments; n++)
        (void) json_array_append_new(keep, json_string(s->deployments[n]->project->name));
    for (char *const *name = s->unread; name && *name; name++)
        (void) json_array_append_new(keep, json_string(*name));
    r = supervisor_ask_runtime(s, "leftovers", fields, watcher, e);
    json_decref(fields);
    return r;
}

void supervisor_rest(struct supervisor *s)
{
    for (size_t n = s->n_deployments; n > 0; n--) {
        struct deployment *d = s->deployments[n - 1];

        d->resting = true;
        once_end_all(s, d);
        supervisor_settle(d);
    }
    supervisor_touch(s);
}

bool supervisor_is_at_rest(const struct supervisor *s)
{
    for (size_t n = 0; n < s->n_deployments; n++)
        for (size_t k = 0; k < s->deployments[n]->n_all; k++)
            if (state_is_live(s->deployments[n]->instances[k]->state))
                return false;
    return !s->one_offs;
}
