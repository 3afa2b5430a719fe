/* What the supervisor runs for a project by itself: what its file says, and what goes without
 * saying. */
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/limits.h"
#include "compose/resolve.h"
#include "compose/scalar.h"

#define TIMEOUT_US (UINT64_C(2) * 3600 * USEC_PER_SEC)

enum needs { NEEDS_VOLUMES, NEEDS_DATABASE, NEEDS_CERTIFICATE };

/* What a project has that says nothing: a backup at night, then what follows from it. */
static const struct {
    enum needs needs;
    const char *name, *when;
    const char *run[4];
    uint64_t spread_us;
} defaults[] = {
    { NEEDS_DATABASE, "backup", "02:00", { "backup", "create" }, 1800 * USEC_PER_SEC },
    { NEEDS_DATABASE, "backup-prune", "04:00", { "backup", "prune" }, 1800 * USEC_PER_SEC },
    { NEEDS_DATABASE, "drill", "Sun 05:00", { "backup", "drill", "latest" }, 1800 * USEC_PER_SEC },
    { NEEDS_CERTIFICATE, "cert-renew", "daily", { "cert", "renew" }, 3600 * USEC_PER_SEC },
    { NEEDS_VOLUMES, "clean", "03:30", { "clean" }, 1800 * USEC_PER_SEC },
};

static bool has(const struct resolve *r, enum needs what)
{
    switch (what) {
    case NEEDS_VOLUMES: return r->project->n_volumes > 0;
    case NEEDS_DATABASE: return r->project->database.unit[0] != '\0';
    case NEEDS_CERTIFICATE:
        return node_get(node_get(r->document, "x-ipam-orch"), "certificate") != NULL;
    }
    abort();
}

static void add_defaults(const struct resolve *r)
{
    struct project *p = r->project;

    for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
        const char **run = arena_array(p->arena, ARRAY_LEN(defaults[i].run) + 1, sizeof *run);

        if (!has(r, defaults[i].needs))
            continue;
        memcpy(run, defaults[i].run, sizeof defaults[i].run);
        p->schedules[p->n_schedules++] = (struct schedule){ .name = defaults[i].name,
                                                            .when = defaults[i].when,
                                                            .run = run,
                                                            .spread_us = defaults[i].spread_us,
                                                            .timeout_us = TIMEOUT_US,
                                                            .builtin = true };
    }
}

static struct schedule *find(struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_schedules; i++)
        if (strcmp(p->schedules[i].name, name) == 0)
            return &p->schedules[i];
    p->schedules[p->n_schedules] = (struct schedule){ .name = name, .timeout_us = TIMEOUT_US };
    return &p->schedules[p->n_schedules++];
}

static bool is_false(const struct resolve *r, const struct node *n)
{
    return n && strcmp(scalar_print(r->arena, n), "false") == 0;
}

/* what a file says of one stands over what goes without saying */
static int take_one(const struct resolve *r, const char *name, const struct node *n, struct err *e)
{
    const struct node *when = node_get(n, "when"), *run = node_get(n, "run");
    struct schedule *s = find(r->project, name);
    struct calendar calendar = { 0 };
    int code;

    if (when)
        s->when = when->text;
    if (node_count(run) > 0)
        s->run = resolve_strings(r->arena, run);
    if (s->run && s->run[0][0] == '-')
        return resolve_refuse(run, e, "schedule '%s': 'run' begins with a verb", name);
    if (!s->when || !s->run)
        return resolve_refuse(n, e, "schedule '%s' needs 'when' and 'run'", name);
    code = calendar_parse(s->when, &calendar, e);
    if (code < 0) {
        err_at(e, (when ? when : n)->at);
        return err_wrap(e, "schedule '%s'", name);
    }
    if (when && !node_get(n, "spread"))
        s->spread_us = calendar.spread_s * USEC_PER_SEC;
    s->builtin = false;
    s->disabled = is_false(r, node_get(n, "enabled"));
    s->no_catch_up = is_false(r, node_get(n, "catch_up"));
    code = resolve_duration(n, "spread", s->spread_us, &s->spread_us, e);
    return code < 0 ? code : resolve_duration(n, "timeout", s->timeout_us, &s->timeout_us, e);
}

int resolve_schedules(struct resolve *r, struct err *e)
{
    const struct node *ours = node_get(r->document, "x-ipam-orch");
    const struct node *map = node_get(ours, "schedules");
    struct project *p = r->project;

    if (node_count(map) > LIMIT_SCHEDULES)
        return resolve_refuse(map, e, "there are more than %d schedules", LIMIT_SCHEDULES);
    p->schedules =
        arena_array(p->arena, ARRAY_LEN(defaults) + node_count(map), sizeof *p->schedules);
    add_defaults(r);
    for (uint32_t i = 0; i < node_count(map); i++) {
        int code = take_one(r, map->entries[i].key, map->entries[i].value, e);

        if (code < 0)
            return code;
    }
    return resolve_duration(ours, "trash", PROJECT_TRASH_US, &p->trash_us, e);
}
