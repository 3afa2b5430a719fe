/* forward.h -- the database of a project brought forward before `up` starts what depends on it: the
 * scripts of the files are applied while what ran goes on as it was.  Where there is no database
 * yet, or it does not run, it is started first, with what does not depend on it.
 * Runs in: CLI.  Owns: what it remembers of before. */
#ifndef IPAM_CLI_FORWARD_H
#define IPAM_CLI_FORWARD_H

#include <jansson.h>

#include "cli/cmd.h"
#include "cli/up.h"
#include "model/project.h"

struct forward {
    json_t *started; /* names of services that it started; NULL = none */
    bool fresh;      /* the manager did not know the project */
};

/* On failure what it had started is stopped again, unless `in` says to keep it. */
int forward_run(struct cli *cli, const struct up *in, const struct project *p, struct forward *out,
                struct err *e);
/* What comes after it has failed: what it started goes as well. */
void forward_undo(struct cli *cli, const struct up *in, const struct project *p, struct forward *f);
void forward_clear(struct forward *f);

#endif
