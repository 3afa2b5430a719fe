/* health.h -- when to probe next and what the answers mean.  Pure.
 * Runs in: supervisor.  Units: microseconds of the monotonic clock.
 * Source: Compose specification, "healthcheck"; Dockerfile reference, HEALTHCHECK: failures during
 * the start period do not count unless one success was seen; `retries` failures in a row make it
 * unhealthy, one success makes it healthy. */
#ifndef IPAM_ENGINE_HEALTH_H
#define IPAM_ENGINE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "model/project.h"

enum health { HEALTH_NONE, HEALTH_STARTING, HEALTH_GOOD, HEALTH_BAD, HEALTH_COUNT };

extern const char *const health_text[HEALTH_COUNT]; /* none, starting, healthy, unhealthy */

struct health_run {
    enum health health;
    unsigned failing;    /* counted failures in a row */
    uint64_t started_us; /* start of the instance */
    uint64_t due_us;     /* next probe, 0 = none */
    bool probing;
    char last_output[256]; /* of the last failed probe */
};

void health_begin(struct health_run *h, const struct health_spec *spec, uint64_t now_us);
/* One answer arrived; returns true when `health` changed. */
bool health_answer(struct health_run *h, const struct health_spec *spec, bool ok, uint64_t now_us);

#endif
