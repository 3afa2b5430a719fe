/* backoff.h -- how long to wait before a restart.  Pure.
 * Runs in: supervisor.  Units: microseconds.
 * The first crash after a long life restarts at once; then 100 ms, doubling, at most one minute;
 * ten seconds of life make the next crash a first one again (the numbers are moby's). */
#ifndef IPAM_ENGINE_BACKOFF_H
#define IPAM_ENGINE_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_US UINT64_C(100000)
#define BACKOFF_MAX_US   UINT64_C(60000000)
#define BACKOFF_RESET_US UINT64_C(10000000)

/* `streak` counts crashes in a row and is updated; returns the delay. */
uint64_t backoff_next(unsigned *streak, uint64_t lived_us);

#endif
