/* stats.h -- what an instance uses, in figures.
 * Runs in: broker.  Owns: nothing.  What cannot be read is 0; a pressure, or bytes of block
 * devices, that the kernel does not tell are not there. */
#ifndef IPAM_SANDBOX_STATS_H
#define IPAM_SANDBOX_STATS_H

#include <jansson.h>

#include "sandbox/cgroup.h"
#include "sandbox/guest.h"

/* The answer of `stats` (client.h): the figures `s` of its control group, and what went over the
 * interfaces of the network namespace it lives in. */
json_t *stats_encode(const struct guest *g, const struct cgroup_stats *s);

#endif
