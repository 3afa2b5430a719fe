/* migrate.h -- the schema of the project's database brought forward and back, and its seeds:
 * scripts that a ledger (ledger.h) knows, under a lock of the server, with a way back
 * (safeguard.h). Runs in: CLI. Fails: ERR_MIGRATION with file, line, number of the statement and
 * the server's message, when the database is as it was before; "migration.failed" is in the
 * project's journal. */
#ifndef IPAM_OPS_MIGRATE_H
#define IPAM_OPS_MIGRATE_H

#include <jansson.h>
#include <stdbool.h>

#include "model/project.h"
#include "ops/migration_plan.h"
#include "ops/procedure.h"

struct migrate_request {
    const struct project *project; /* as its files say: directories, release, password */
    bool migrations;
    enum migration_goal goal;
    unsigned n;
    bool seeds;
    const char *const *sets; /* of seeds; NULL: those of `up` */
    bool if_empty;           /* seeds only into tables that have no row yet */
    bool force;              /* seeds that are no production's, there too */
    bool rehearse;           /* on a copy */
    bool no_backup;          /* without a way back */
};

struct migrate_result {
    unsigned migrations, seeds; /* applied, or taken back */
    json_t *steps;              /* a list of objects; the caller's */
};

#define MIGRATE_NOTHING ((struct migrate_result){ 0 })

/* That there is a database of the project, and that it has scripts. */
bool migrate_is_possible(const struct project *p);

int migrate_run(const struct procedure *p, const struct migrate_request *request,
                struct migrate_result *out, struct err *e);

/* {"pending":N,"migrations":[{"version","name","state","started","finished","duration_ms",
 * "release","host"},..]}; new reference */
int migrate_status(const struct procedure *p, const struct project *project, json_t **out,
                   struct err *e);

/* Files of all sets of seeds, with "set" and otherwise as above; a list, new reference. */
int migrate_seeds(const struct procedure *p, const struct project *project, json_t **out,
                  struct err *e);

#endif
