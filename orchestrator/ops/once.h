/* once.h -- a command in a sandbox of its own, like that of a service and beside it (`run`): what
 * is tried there touches nothing of the service. Runs in: CLI.  Owns: nothing; the end of the
 * connection ends the sandbox. */
#ifndef IPAM_OPS_ONCE_H
#define IPAM_OPS_ONCE_H

#include "ops/inside.h"

/* Makes of a definition of the caller's own one whose `service` is such a sandbox: without ports,
 * dependencies and fixed addresses; the caller may change more.  NULL if there is no such service.
 */
struct unit *once_prepare(struct project *definition, const char *service);
/* As inside_start, and inside_wait is its end: when the sandbox is gone. */
int once_start(const struct procedure *p, const struct project *definition,
               const struct inside *command, struct inside_run *run, struct err *e);

/* All of it, for a command of which nothing but its end is of interest, in a sandbox like that of
 * `service` of `project`: 0, or -ECHILD with its last words when it failed. */
int once_run(const struct procedure *p, const struct project *project, const char *service,
             const char *const *argv, struct err *e);

#endif
