/* ledger.h -- which scripts a database has had: the tables ipam_orch_migrations and
 * ipam_orch_seeds in the schema of the project.
 * A row is there from before the first statement of its script; it has an end when the last one is
 * done.
 * Runs in: CLI.  Owns: its rows. */
#ifndef IPAM_OPS_LEDGER_H
#define IPAM_OPS_LEDGER_H

#include <stdint.h>

#include "ops/scripts.h"
#include "ops/sql.h"

struct ledger_row {
    unsigned version;
    char *name, *sum;
    char *started, *finished; /* UTC; finished "" = it has no end */
    char *release, *host;
    uint64_t duration_ms;
};

struct ledger {
    struct ledger_row *rows; /* by version */
    size_t n;
};

/* whose ledger: seeds have one per set, "" is the set that every environment has */
struct ledger_of {
    enum script_kind kind;
    const char *set;
};

/* A database that never had one has had nothing. */
int ledger_read(struct sql *s, const struct ledger_of *of, struct ledger *out, struct err *e);
void ledger_clear(struct ledger *l);
const struct ledger_row *ledger_find(const struct ledger *l, unsigned version);

/* Makes the tables, in their present form. */
int ledger_make(struct sql *s, enum script_kind kind, struct err *e);
int ledger_begin(struct sql *s, const struct ledger_of *of, const struct script *script,
                 const char *release, struct err *e);
int ledger_finish(struct sql *s, const struct ledger_of *of, unsigned version, uint64_t took_us,
                  struct err *e);
int ledger_remove(struct sql *s, const struct ledger_of *of, unsigned version, struct err *e);
/* Of the command that brings the schema forward besides (version 0): the sum under which it ran
 * last, "" if it did not; malloc'd. */
int ledger_command(struct sql *s, char **sum, struct err *e);

#endif
