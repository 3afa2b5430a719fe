/* seeds.h -- sets of seeds: the files of the directory itself are the one every environment has,
 * called base; each folder in it is another set.  Those whose names begin with demo, test or sample
 * are not for production, which is where a project is that does not say otherwise.
 * Runs in: CLI.  Owns: nothing it returns but lists and texts. */
#ifndef IPAM_OPS_SEEDS_H
#define IPAM_OPS_SEEDS_H

#include <stdbool.h>

#include "base/err.h"
#include "model/project.h"

#define SEEDS_BASE "base"

/* Names of the sets there are, base first; list as in strv.h. */
int seeds_sets(const struct project *p, char ***out, struct err *e);
/* The directory of a set; malloc'd.  ERR_USAGE for one that is not there. */
int seeds_path(const struct project *p, const char *set, char **out, struct err *e);
bool seeds_is_demo(const char *set);
/* ERR_UNSAFE for what is not for production */
int seeds_allowed(const struct project *p, const char *set, bool force, struct err *e);

/* The table that a statement puts rows into, without quotes; "" if it is none of that kind. */
void seeds_target(const char *statement, size_t len, char *out, size_t room);

#endif
