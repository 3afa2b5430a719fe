/* migration_plan.h -- which scripts are due, from the files there are and the ledger.  Pure.
 * Runs in: CLI.  Owns: its list; scripts are borrowed.
 * Refused: an applied file that changed, one that is gone, a row without an end (whoever wrote it
 * did not come to its end, and MariaDB keeps half of it), a way back that is not written. */
#ifndef IPAM_OPS_MIGRATION_PLAN_H
#define IPAM_OPS_MIGRATION_PLAN_H

#include "ops/ledger.h"
#include "ops/scripts.h"

enum migration_goal {
    GOAL_UP,       /* the next `n` that are pending, 0 = all */
    GOAL_DOWN,     /* the last `n` that were applied back */
    GOAL_TO,       /* exactly those up to version `n` applied, 0 = none */
    GOAL_REDO,     /* the last one back and forth */
    GOAL_BASELINE, /* all up to version `n` are taken for applied */
    GOAL_COUNT,
};

enum due { DUE_UP, DUE_DOWN, DUE_MARK };

struct migration_step {
    enum due due;
    const struct script *script;
};

struct migration_plan {
    struct migration_step *list;
    size_t n;
};

int migration_plan(const struct scripts *scripts, const struct ledger *ledger,
                   enum migration_goal goal, unsigned n, struct migration_plan *out, struct err *e);
void migration_plan_clear(struct migration_plan *p);

enum script_state {
    SCRIPT_PENDING,
    SCRIPT_APPLIED,
    SCRIPT_CHANGED,     /* since it was applied */
    SCRIPT_GONE,        /* applied, and not there any more */
    SCRIPT_INTERRUPTED, /* it has no end */
    SCRIPT_STATE_COUNT,
};

extern const char *const script_state_text[SCRIPT_STATE_COUNT];

/* either may be NULL, not both */
enum script_state script_state(const struct script *script, const struct ledger_row *row);

#endif
