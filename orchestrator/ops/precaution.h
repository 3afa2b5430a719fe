/* precaution.h -- the backup that is made before what runs becomes another release: the database
 * and the definition, in the project's own store and as its backups are made (x-ipam-orch.backup).
 * It is a safety backup: `latest` does not mean it, and it goes when its days are over. Runs in:
 * CLI.  Owns: nothing.  Fails: ERR_BACKUP; nothing has been changed then. */
#ifndef IPAM_OPS_PRECAUTION_H
#define IPAM_OPS_PRECAUTION_H

#include "ops/procedure.h"

/* Why there is nothing to keep, for a person; NULL: there is. */
const char *precaution_needless(const struct project *now);
/* `label` becomes the end of its name; `tools` is the version of this program. */
int precaution_take(const struct procedure *p, const struct project *now, const char *label,
                    const char *tools, struct err *e);

#endif
