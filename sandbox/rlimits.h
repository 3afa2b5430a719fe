/* rlimits.h -- resource limits of the program (setrlimit(2)).
 * Runs in: init's fork, while it is still root: hard limits may have to rise. */
#ifndef IPAM_SANDBOX_RLIMITS_H
#define IPAM_SANDBOX_RLIMITS_H

#include <stdint.h>

/* No core files; at most `nofile` open descriptors, 0 is the usual 1024 (524288). */
int rlimits_apply(uint64_t nofile);

#endif
