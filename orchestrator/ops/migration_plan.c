#include "ops/migration_plan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

const char *const script_state_text[SCRIPT_STATE_COUNT] = { "pending", "applied", "changed", "gone",
                                                            "interrupted" };
static_assert(ARRAY_LEN(script_state_text) == SCRIPT_STATE_COUNT, "a state has no text");

enum script_state script_state(const struct script *script, const struct ledger_row *row)
{
    if (!row)
        return SCRIPT_PENDING;
    if (row->finished[0] == '\0')
        return SCRIPT_INTERRUPTED;
    if (!script)
        return SCRIPT_GONE;
    return strcmp(script->sum, row->sum) == 0 ? SCRIPT_APPLIED : SCRIPT_CHANGED;
}

static int refuse(enum script_state state, const struct ledger_row *row, struct err *e)
{
    switch (state) {
    case SCRIPT_PENDING:
    case SCRIPT_APPLIED:
    case SCRIPT_STATE_COUNT: return 0;
    case SCRIPT_CHANGED:
        err_set(e, -EUCLEAN, "%s was applied before and has been changed since", row->name);
        err_hint(e, "undo the change and add a new file instead: ipam-orch migrate new NAME");
        break;
    case SCRIPT_GONE:
        err_set(e, -EUCLEAN, "the database has had %s, which this release does not know",
                row->name);
        err_hint(e, "bring the newer release back, or restore a backup of this one");
        break;
    case SCRIPT_INTERRUPTED:
        err_set(e, -EUCLEAN, "%s was begun and has no end; the database may hold a part of it",
                row->name);
        err_hint(e, "restore a backup, or finish it by hand and set finished_at in its row");
        break;
    }
    return err_classify(e, ERR_MIGRATION);
}

static int check(const struct scripts *scripts, const struct ledger *ledger, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ledger->n; i++) {
        const struct ledger_row *row = &ledger->rows[i];

        r = refuse(script_state(scripts_find(scripts, row->version), row), row, e);
    }
    return r;
}

static void add(struct migration_plan *p, enum due due, const struct script *script)
{
    p->list = reallocarray(p->list, p->n + 1, sizeof *p->list);
    if (!p->list)
        abort();
    p->list[p->n++] = (struct migration_step){ .due = due, .script = script };
}

/* those of at most `last` that are not applied, no more than `n` of them */
static void add_pending(const struct scripts *scripts, const struct ledger *ledger, unsigned last,
                        unsigned n, enum due due, struct migration_plan *p)
{
    for (size_t i = 0; i < scripts->n && p->n < n; i++)
        if (scripts->list[i].version <= last && !ledger_find(ledger, scripts->list[i].version))
            add(p, due, &scripts->list[i]);
}

/* those above `floor` that are applied, the last one first, no more than `n` of them */
static int add_back(const struct scripts *scripts, const struct ledger *ledger, unsigned floor,
                    unsigned n, struct migration_plan *p, struct err *e)
{
    for (size_t i = ledger->n; i > 0 && p->n < n; i--) {
        const struct script *s = scripts_find(scripts, ledger->rows[i - 1].version);

        if (!s || s->version <= floor)
            continue;
        if (!s->down) {
            err_set(e, -ENOENT, "there is no way back from %s", s->file);
            err_hint(e, "write %.*s.down.sql, or restore a backup", (int) strcspn(s->file, "."),
                     s->file);
            return err_classify(e, ERR_MIGRATION);
        }
        add(p, DUE_DOWN, s);
    }
    return 0;
}

static int known(const struct scripts *scripts, unsigned version, struct err *e)
{
    if (version == 0 || scripts_find(scripts, version))
        return 0;
    err_set(e, -ENOENT, "there is no migration %u", version);
    err_hint(e, "ipam-orch migrate status");
    return err_classify(e, ERR_USAGE);
}

int migration_plan(const struct scripts *scripts, const struct ledger *ledger,
                   enum migration_goal goal, unsigned n, struct migration_plan *out, struct err *e)
{
    struct migration_plan p = { 0 };
    int r = check(scripts, ledger, e);

    *out = p;
    if (r == 0 && (goal == GOAL_TO || goal == GOAL_BASELINE))
        r = known(scripts, n, e);
    if (r < 0)
        return r;
    switch (goal) {
    case GOAL_UP: add_pending(scripts, ledger, UINT32_MAX, n ? n : UINT32_MAX, DUE_UP, &p); break;
    case GOAL_DOWN: r = add_back(scripts, ledger, 0, n, &p, e); break;
    case GOAL_TO:
        r = add_back(scripts, ledger, n, UINT32_MAX, &p, e);
        if (r == 0)
            add_pending(scripts, ledger, n, UINT32_MAX, DUE_UP, &p);
        break;
    case GOAL_REDO:
        r = add_back(scripts, ledger, 0, 1, &p, e);
        if (r == 0 && p.n > 0)
            add(&p, DUE_UP, p.list[0].script);
        break;
    case GOAL_BASELINE: add_pending(scripts, ledger, n, UINT32_MAX, DUE_MARK, &p); break;
    case GOAL_COUNT: break;
    }
    if (r < 0)
        migration_plan_clear(&p);
    *out = p;
    return r;
}

void migration_plan_clear(struct migration_plan *p)
{
    free(p->list);
    *p = (struct migration_plan){ 0 };
}
