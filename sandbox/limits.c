#include "sandbox/limits.h"

#include <errno.h>

#include "base/auto.h"
#include "base/num.h"
#include "sandbox/policy.h"

/* Version 1 refuses such a limit by itself, version 2 would kill until it is met. */
static int check_memory(const struct broker *b, const struct guest *g,
                        const struct spec_limits *now, struct err *e)
{
    struct cgroup_stats s = { 0 };
    char used[NUM_BYTES_TEXT], allowed[NUM_BYTES_TEXT];
    int r;

    if (!now->memory || (g->spec.limits.memory && now->memory >= g->spec.limits.memory))
        return 0;
    r = b->cgroup->stats(g->id, &s);
    if (r < 0 || s.memory - s.memory_idle <= now->memory)
        return 0;
    num_bytes_text(s.memory - s.memory_idle, used);
    num_bytes_text(now->memory, allowed);
    return err_set(e, -EBUSY, "memory: %s are in use, %s would be allowed", used, allowed);
}

int limits_change(const struct broker *b, struct guest *g, const json_t *changes, struct err *e)
{
    auto_arena arena = arena_new();
    const struct spec_limits was = g->spec.limits;
    struct spec_limits now = was;
    int r = g->foreign ? err_set(e, -ENOTSUP,
                                 "'%s' was launched by a newer version, which says more of it than "
                                 "is known here; restart the service",
                                 g->id)
                       : spec_change_limits(changes, arena, &now, e);

    now.cpuset = arena_strdup(arena, now.cpuset); /* also what an earlier change brought */
    if (r == 0)
        r = policy_limits(&now, e);
    if (r == 0)
        r = check_memory(b, g, &now, e);
    if (r == 0)
        r = b->cgroup->update(g->id, &was, &now, e);
    if (r < 0)
        return r;
    g->spec.limits = now;
    r = guest_save_spec(g, e);
    if (r < 0) {
        g->spec.limits = was;
        (void) b->cgroup->update(g->id, &now, &was, NULL);
        return r;
    }
    /* the texts of the limits live here from now on, those of the last change no longer */
    arena_free(g->limits_arena);
    g->limits_arena = take_ptr(arena);
    return 0;
}
