/* restore.h -- a project goes back to what a backup holds.
 * Everything of the backup is read and its sums compared before anything stops.  What is there now
 * is kept first; when something fails, or the process is killed, that is what comes back: by the
 * same process, or by the next one that works on the project (restore_undo).
 * Runs in: CLI.  Fails: ERR_BACKUP. */
#ifndef IPAM_OPS_RESTORE_H
#define IPAM_OPS_RESTORE_H

#include "ops/backup.h"

struct restore_wish {
    const struct backup_store *store;
    const struct backup *backup;
    struct backup_key key;
    const char *directory; /* of the store, "" if it is that of operations */
    const struct project *definition;
    unsigned what;    /* BACKUP_DB, BACKUP_VOLUMES */
    bool no_safety;   /* what is there now is not kept */
    uint64_t until_s; /* repeat the binary log up to then; 0: not at all */
    const char *tools;
};

/* *result (new reference): "safety" the name of the copy of before, "tables" with name, before and
 * after, "duration_ms" */
int restore_run(const struct procedure *p, const struct restore_wish *w, json_t **result,
                struct err *e);

/* All parts of it as files below `dir`, a directory that is made and must not be there; tar files
 * unpacked.  Touches nothing else. */
int restore_to(const struct procedure *p, const struct restore_wish *w, const char *dir,
               struct err *e);

/* what an interrupted one left (ops/procedure.c) */
int restore_undo(struct procedure *p, const json_t *intent, struct err *e);

#endif
