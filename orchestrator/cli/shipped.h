/* shipped.h -- the IPAM project as it is shipped: copied into a directory, and compared with what
 * became of the copy.
 * Beside the copy stays a list of what it was made of, .ipam-orch.base, as sha256sum(1) writes and
 * checks it, so that a file that somebody changed is told from one that only the newer project has
 * otherwise.
 * Runs in: CLI.  Never overwrites anything.  Fails: ERR_MISSING (nothing is shipped). */
#ifndef IPAM_CLI_SHIPPED_H
#define IPAM_CLI_SHIPPED_H

#include <jansson.h>

#include "base/err.h"

/* where it is; malloc'd */
char *shipped_directory(void);
int shipped_copy(const char *dir, struct err *e);
/* Appends {"key","change","text"} for each file that the shipped project has otherwise by now than
 * when the copy was made: change is added, changed (only there) or both.  Nothing when the project
 * in `dir` was not made from it. */
int shipped_compare(const char *dir, json_t *changes, struct err *e);

#endif
