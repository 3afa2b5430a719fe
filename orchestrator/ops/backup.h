/* backup.h -- a project as it is now, in one directory of a store: its database, its definition
 * with the secrets, its configuration, its volumes.
 * Runs in: CLI.  Owns: nothing.
 * Fails: ERR_BACKUP, naming the part; nothing of the backup is left then. */
#ifndef IPAM_OPS_BACKUP_H
#define IPAM_OPS_BACKUP_H

#include "ops/backup_store.h"
#include "ops/flow.h"
#include "ops/procedure.h"

enum {
    BACKUP_DB = 1,
    BACKUP_CONFIG = 2,
    BACKUP_VOLUMES = 4,
    BACKUP_ALL = BACKUP_DB | BACKUP_CONFIG | BACKUP_VOLUMES
};

/* the passphrase of what is sealed; `text` NULL if there is none */
struct backup_key {
    const char *text;
    size_t len;
};

struct backup_wish {
    const struct project *definition; /* as the manager has it */
    const struct project *files;      /* as the caller's files have it; NULL: only as above */
    unsigned what;
    enum compression compress;
    struct backup_key key;
    const char *label; /* "" if none */
    const char *tools; /* version of this program */
    bool safety, physical;
    bool no_files; /* of the configuration the definition only */
};

/* *name is malloc'd; *manifest a new reference; `sum` that of the manifest, and so of everything */
int backup_create(const struct procedure *p, const struct backup_store *s,
                  const struct backup_wish *w, char **name, json_t **manifest,
                  char sum[FLOW_SUM_TEXT], struct err *e);

/* One part through what undoes its compression and sealing; its sum is compared on the way.  `to`
 * (borrowed) is not finished. */
int backup_read_part(const struct backup_store *s, const struct backup *b, const json_t *part,
                     const struct backup_key *key, struct flow *to, struct err *e);
/* the part of that name ("database", "accounts", "definition", "config"), NULL if there is none */
const json_t *backup_part(const struct backup *b, const char *what);

/* Every sum, and that every stream can be read to its end. */
int backup_verify(const struct backup_store *s, const struct backup *b,
                  const struct backup_key *key, struct err *e);
/* Notes that it was: `how` is "sums" or "drill", `found` (stolen, may be NULL) what was seen. */
int backup_note_verified(const struct backup_store *s, const struct backup *b, const char *how,
                         json_t *found, struct err *e);

/* How the last `backup create` of the project ended, so that nothing is pruned after a failure, and
 * the last trial: `what` is "backup" or "drill", `state` running, done or failed; it is written
 * before it begins, too.  What is kept of the last one that was done: "done_s", "bytes". */
int backup_state_write(const struct procedure *p, const char *what, const char *state,
                       const char *detail, uint64_t bytes, struct err *e);
/* {"state","time_s","detail","done_s","bytes"} in the work directory of a project; NULL if there
 * was none; new reference */
json_t *backup_state_read(int dir, const char *what);

#endif
