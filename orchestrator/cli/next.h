/* next.h -- what the files say now of a project that runs, as the release it would be; and what
 * would have to happen for it.
 * Runs in: CLI.  Owns: all of it, until next_clear. */
#ifndef IPAM_CLI_NEXT_H
#define IPAM_CLI_NEXT_H

#include "cli/cmd.h"
#include "ops/procedure.h"
#include "ops/release.h"

struct next {
    struct project *now, *project;
    json_t *status, *plan;
    char release[RELEASE_ID];
    char *basis; /* of the plan */
};

/* `make`: the release is made; else it is only named.  `services` (NULL = all): the plan is about
 * these alone. */
int next_load(const struct cli *cli, const struct procedure *p, char *const *services, bool make,
              struct next *out, struct err *e);
/* The same for a release that there is.  Of a secret that the running project no longer has the
 * value is the one of the files. */
int next_load_release(const struct cli *cli, const struct procedure *p, const char *id,
                      struct next *out, struct err *e);
void next_clear(struct next *n);

/* a plan for people; `full`: also what stays */
void next_print(const json_t *plan, bool full);

#endif
