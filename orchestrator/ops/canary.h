/* canary.h -- that some instances of one service are of a release that does not serve yet: what
 * `update --canary` leaves until `promote` or `rollback`.
 * operations/PROJECT/canary: {"from","to","service","instances"}; it is there exactly as long.
 * Runs in: CLI, with the project's lock.  Owns: nothing.  Fails: negative errno. */
#ifndef IPAM_OPS_CANARY_H
#define IPAM_OPS_CANARY_H

#include "ops/release.h"

struct canary {
    char from[RELEASE_ID], to[RELEASE_ID];
};

int canary_write(int dir, const struct canary *c, const char *service, unsigned instances,
                 struct err *e);
/* true when there is one; `dir` is the project's work directory */
bool canary_read(int dir, struct canary *out);
int canary_end(int dir, struct err *e); /* none is fine */

#endif
