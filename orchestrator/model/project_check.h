/* project_check.h -- does a project that came as text make sense: names, references, what is there
 * twice.  Whoever sends it is not trusted to have looked.
 * Runs in: CLI, supervisor.  Owns: nothing.
 * Fails: -EINVAL; -EPERM for what no project may. */
#ifndef IPAM_MODEL_PROJECT_CHECK_H
#define IPAM_MODEL_PROJECT_CHECK_H

#include "base/err.h"
#include "model/project.h"

int project_check(const struct project *p, struct err *e);

#endif
