#include "cli/gate.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"

static int look(const struct gate *g, char *const *only, struct verify_results *out, struct err *e)
{
    const struct verify_request request = { .quick = true, .locked = true, .only = only };
    int r = verify_run(g->procedure, &request, out, e);

    if (r == -ENOENT) { /* everything has done its work and is gone */
        *e = ERR_INIT;
        r = 0;
    }
    return r;
}

static const struct verify_result *find(const struct verify_results *r, const char *id)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].id, id) == 0)
            return &r->items[i];
    return NULL;
}

static bool is_broken(const struct verify_results *before, const struct verify_result *one)
{
    const struct verify_result *was = find(before, one->id);

    return one->status == VERIFY_FAIL && (!was || was->status != VERIFY_FAIL);
}

const struct verify_result *gate_broken(const struct verify_results *before,
                                        const struct verify_results *after)
{
    for (size_t i = 0; i < after->n; i++)
        if (is_broken(before, &after->items[i]))
            return &after->items[i];
    return NULL;
}

static int before(void *owner, struct err *e)
{
    struct gate *g = owner;
    int r = look(g, NULL, &g->before, e);

    for (size_t i = 0; r == 0 && i < g->before.n; i++)
        if (g->before.items[i].status == VERIFY_FAIL)
            procedure_say(g->procedure, "verify: %s fails already, the update is not judged by it",
                          g->before.items[i].id);
    return r;
}

/* a service that has just been replaced may need a moment: what fails is looked at once more */
static int look_again(const struct gate *g, struct verify_results *found, struct err *e)
{
    auto_strv only = NULL;

    for (size_t i = 0; i < found->n; i++)
        if (is_broken(&g->before, &found->items[i]))
            strv_append(&only, found->items[i].id);
    if (!only)
        return 0;
    verify_results_clear(found);
    return look(g, only, found, e);
}

static int after(void *owner, struct err *e)
{
    const struct gate *g = owner;
    struct verify_results found = { 0 };
    const struct verify_result *broken;
    int r = look(g, NULL, &found, e);
    size_t checks = found.n - verify_count(&found, VERIFY_SKIP);

    if (r == 0)
        r = look_again(g, &found, e);
    broken = r == 0 ? gate_broken(&g->before, &found) : NULL;
    if (broken) {
        err_set(e, -EBADMSG, "verify: %s: %s", broken->id, broken->evidence);
        if (broken->next)
            err_hint(e, "%s", broken->next);
        r = err_classify(e, ERR_VERIFY);
    } else if (r == 0) {
        procedure_say(g->procedure, "verified: %zu checks", checks);
    }
    verify_results_clear(&found);
    return r;
}

struct update_gate gate_of(struct gate *g)
{
    return (struct update_gate){ .owner = g, .before = before, .after = after };
}

void gate_clear(struct gate *g)
{
    verify_results_clear(&g->before);
}
