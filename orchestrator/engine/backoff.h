/* backoff.h -- how long to wait before a restart.  Pure.
 * Runs in: supervisor.  Units: microseconds. */
#ifndef IPAM_ENGINE_BACKOFF_H
#define IPAM_ENGINE_BACKOFF_H

#include <stdint.h>

#include "model/lifecycle.h"

/* `streak` counts crashes in a row and is updated; `chance` (any number) decides within the jitter;
 * returns the delay. */
uint64_t backoff_next(unsigned *streak, const struct restart_spec *spec, uint64_t lived_us,
                      uint32_t chance);

#endif
