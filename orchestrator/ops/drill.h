/* drill.h -- a backup, restored for a trial: into a server of its own in a sandbox like the
 * database's, without network, beside it.  What that server dumps then must be what was dumped.
 * Runs in: CLI.  Fails: ERR_BACKUP, naming the table that differs.  The volume PROJECT_drill, in
 * which it works, is empty before and after. */
#ifndef IPAM_OPS_DRILL_H
#define IPAM_OPS_DRILL_H

#include "ops/restore.h"

/* *found (new reference): "tables" with name, rows, checksum (CHECKSUM TABLE); "compared": "sums",
 * or "rows" where another version of the server writes other dumps */
int drill_run(const struct procedure *p, const struct restore_wish *w, json_t **found,
              struct err *e);

#endif
