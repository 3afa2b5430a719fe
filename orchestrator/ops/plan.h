/* plan.h -- what would have to happen for a project that runs to become another definition of it.
 * Runs in: CLI.  Pure: from two definitions and what the manager says of the project. */
#ifndef IPAM_OPS_PLAN_H
#define IPAM_OPS_PLAN_H

#include <jansson.h>

#include "base/err.h"
#include "model/project.h"

/* [{"service","action","impact","restart","downtime","hash","fields":[{"field","from","to"}]}] in
 * the order of dependencies; new reference.
 *   create   it is new, or has no instance
 *   update   its definition changes, and nothing has to be replaced for it
 *   replace  its instances are replaced
 *   remove   it goes
 *   none     it stays as it is
 * `now` and `status` NULL: the project does not run. */
int plan_make(const struct project *now, const json_t *status, const struct project *next,
              json_t **out, struct err *e);
/* something is to be done */
bool plan_changes(const json_t *plan);
/* A digest of what a plan was made from: the same as long as nothing has moved.  malloc'd. */
char *plan_basis(const struct project *now, const json_t *status);

#endif
