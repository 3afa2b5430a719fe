/* one_off.h -- a command in a sandbox like a service's, beside it: what `run` does, for an
 * operation. It has the service's networks, volumes, secrets, variables and user, and none of its
 * ports; the sandbox is gone when the command has ended. Runs in: CLI.  Fails: negative errno;
 * -ECHILD with its last words when the command failed. */
#ifndef IPAM_OPS_ONE_OFF_H
#define IPAM_OPS_ONE_OFF_H

#include "model/project.h"
#include "ops/procedure.h"

int one_off_run(const struct procedure *p, const struct project *project, const char *service,
                const char *const *argv, struct err *e);

#endif
