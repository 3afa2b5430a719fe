/* update.h -- a running project becomes another release of it, service by service, and goes back to
 * what it was when something fails or is interrupted.  A backup of its own comes first
 * (precaution.h), and a gate decides at the end whether the release is good.
 * Runs in: CLI, as a procedure.  What it has begun is written down before (intent.h): whoever comes
 * after a kill at any step brings back the old release, or finishes when all was done.
 * Fails: ERR_UPDATE when the old release serves again, ERR_STUCK when that did not work either;
 * what the failure itself says when the project was left as it is (failure_action: pause). */
#ifndef IPAM_OPS_UPDATE_H
#define IPAM_OPS_UPDATE_H

#include <jansson.h>

#include "ops/procedure.h"
#include "ops/release.h"

/* What judges a release while it serves already; both may block.  `before`: how it is, an error
 * ends the update before anything has been changed.  `after`: an error is the release's fault. */
struct update_gate {
    void *owner;
    int (*before)(void *owner, struct err *e);
    int (*after)(void *owner, struct err *e);
};

struct update {
    const char *verb; /* update, rollback, apply: for the history */
    const struct project *next;
    const char *release; /* of `next` */
    const char *message;
    const char *const *services; /* only these; NULL = all */
    bool back;                   /* by the rollback sections of the services; no migration */
    bool no_migrate, no_backup;
    unsigned canaries; /* so many instances of the one service only, until canary.h ends; 0 = all */
    const struct update_gate *gate; /* NULL: none */
    const char *tools;              /* version of this program, for the backup */
    uint64_t ready_us;              /* for each service; 0 = whenever it is */
    uint64_t confirm_us;            /* so long it waits for update_answer; 0 = not */
};

int update_run(struct procedure *p, const struct update *u, struct err *e);
/* for the table of procedure.c */
int update_undo(struct procedure *p, const json_t *intent, struct err *e);
/* To an update that waits for it: it is good, or it is not.  -ENOENT when none does. */
int update_answer(const char *project, bool good, struct err *e);

#endif
