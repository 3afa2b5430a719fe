/* retention.h -- which backups have been kept long enough.
 * Runs in: CLI.  Pure: a list and a moment in, decisions out.  Days, weeks (from Monday) and months
 * are those of UTC. */
#ifndef IPAM_OPS_RETENTION_H
#define IPAM_OPS_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/backup_policy.h"

struct retained {
    uint64_t time_s;
    bool safety;           /* counts for days only */
    bool checked, drilled; /* its sums were verified; it was restored for a trial */
    bool keep;             /* the decision */
    const char *because;   /* of what is kept: "newest", "verified", "days", "last", "daily", ... */
};

/* `list` is the newest first.  Always kept are the newest one and the newest verified ones. */
void retention_decide(const struct backup_policy *policy, uint64_t now_s, struct retained *list,
                      size_t n);

#endif
