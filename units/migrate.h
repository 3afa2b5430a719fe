/* migrate.h -- numbered SQL files applied once, in order, with a ledger in the database.
 * Runs in: ipam-worker, inside the network namespace of the database, without privileges.
 * Migrations are NNNN_name.up.sql, seeds NNNN_name.sql.  The ledgers are the tables
 * ipam_orch_migrations and ipam_orch_seeds; a server-side lock keeps two runs apart.
 * Refused: an applied file that changed or vanished, a row without an end (a run that was
 * interrupted: DDL commits by itself in MariaDB, so nobody can tell how far it came).
 * Fails: with file, line and the server's message. */
#ifndef IPAM_UNITS_MIGRATE_H
#define IPAM_UNITS_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct migrate_request {
    const char *host, *user, *password, *database, *release;
    int port;
    uint64_t timeout_us; /* of the connection; statements may take as long as they need */
};

struct migrate_result {
    unsigned migrations, seeds; /* applied in this run */
};

/* `migrations` and `seeds` are directory descriptors, -1 for none.  `applied` is told each file. */
int migrate_run(const struct migrate_request *r, int migrations, int seeds,
                void (*applied)(const char *kind, const char *file, uint64_t took_us),
                struct migrate_result *out, struct err *e);

#endif
