/* replay.h -- what happened to the database after a dump, from the binary log, up to a moment.
 * Runs in: CLI.  Fails: -ENOENT when the log of then is not there any more. */
#ifndef IPAM_OPS_REPLAY_H
#define IPAM_OPS_REPLAY_H

#include "model/project.h"
#include "ops/mariadb.h"

/* Repeats changes from that place in the binary log on, as far as they are older than `until_s`
 * (since 1970): a whole transaction or nothing of it. */
int replay_until(const struct procedure *p, const struct database *db, const char *log_file,
                 uint64_t position, uint64_t until_s, struct err *e);

#endif
