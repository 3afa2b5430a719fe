/* safeguard.h -- a change of the project's database that can be taken back as a whole.
 * MariaDB commits by itself on every statement of DDL, so that nothing can be rolled back: the way
 * back is a dump of the moment before.  That nothing is lost with it, nobody else writes meanwhile:
 * the server is read only, but for whoever has the role of this file.  What reads goes on.
 * What is begun is in the intent of the project before it is done; safeguard_undo ends it for a
 * process that could not, and the database is exactly as before, or, from the moment when
 * safeguard_commit was called, exactly as after.
 * Runs in: CLI.  Owns: operations/PROJECT/migrate/snapshot.sql.
 * Fails: ERR_MIGRATION. */
#ifndef IPAM_OPS_SAFEGUARD_H
#define IPAM_OPS_SAFEGUARD_H

#include <jansson.h>

#include "model/project.h"
#include "ops/procedure.h"

struct safeguard {
    const struct procedure *procedure;
    const struct database *db;
    bool holds; /* there is something to commit or to restore */
    bool open;  /* set before safeguard_begin: others may write, for a change by a program that logs
                   in by itself; what is written meanwhile is lost with the way back */
};

/* what the application says to write all the same */
#define SAFEGUARD_ENTER "set role ipam_orch_change"
/* a schema and an account for trying things out; gone when the change is over */
#define SAFEGUARD_SCRATCH "ipam_orch_rehearsal"

/* Writes down what is meant, keeps others from writing, and makes the dump.  On failure nothing has
 * happened to the database, and nothing is left. */
int safeguard_begin(struct safeguard *g, const struct procedure *p, const struct database *db,
                    struct err *e);
/* The change is made, and stays. */
int safeguard_commit(struct safeguard *g, struct err *e);
/* Exactly as before; waits for a server or a manager that has to come back. */
int safeguard_restore(struct safeguard *g, struct err *e);
/* for the undoers of procedure.c; `verb` of the intent is "migrate" */
int safeguard_undo(struct procedure *p, const json_t *intent, struct err *e);

/* Waits until the server answers its administrator, and starts the service if it is down. */
int safeguard_await(const struct procedure *p, const char *service, struct err *e);

/* A copy of the database as another schema, SAFEGUARD_SCRATCH, in which the account of that name
 * may do everything, with `password`, and nothing anywhere else. */
int safeguard_scratch(struct safeguard *g, const struct procedure *p, const struct database *db,
                      const char *password, struct err *e);
void safeguard_scratch_drop(struct safeguard *g);

#endif
