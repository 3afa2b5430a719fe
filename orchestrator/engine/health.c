#include "engine/health.h"

#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

const char *const health_text[HEALTH_COUNT] = {
    [HEALTH_NONE] = "none",
    [HEALTH_STARTING] = "starting",
    [HEALTH_GOOD] = "healthy",
    [HEALTH_BAD] = "unhealthy",
};
static_assert(ARRAY_LEN(health_text) == HEALTH_COUNT, "a health has no text");

/* The first probe comes early and the following ones ease off to the start interval: a server that
 * is ready after 200 ms should not be found out five seconds later. */
#define FIRST_PROBE_US (50 * USEC_PER_MSEC)

static uint64_t startup_gap(const struct health_spec *spec, uint64_t age_us)
{
    uint64_t limit =
        spec->start_interval_us < spec->interval_us ? spec->start_interval_us : spec->interval_us;
    uint64_t gap = age_us / 4;

    if (gap < FIRST_PROBE_US)
        gap = FIRST_PROBE_US;
    return gap < limit ? gap : limit;
}

void health_begin(struct health_run *h, const struct health_spec *spec, uint64_t now_us)
{
    memset(h, 0, sizeof *h);
    h->started_us = now_us;
    if (spec->probe.kind == PROBE_NONE)
        return;
    h->health = HEALTH_STARTING;
    h->due_us = now_us + startup_gap(spec, 0);
}

bool health_answer(struct health_run *h, const struct health_spec *spec, bool ok, uint64_t now_us)
{
    enum health before = h->health;
    uint64_t age = now_us - h->started_us;
    bool grace = h->health == HEALTH_STARTING && age < spec->start_period_us;

    h->probing = false;
    if (ok) {
        h->failing = 0;
        h->health = HEALTH_GOOD;
    } else if (!grace && ++h->failing >= spec->retries) {
        h->health = HEALTH_BAD;
    }
    h->due_us =
        now_us + (h->health == HEALTH_STARTING ? startup_gap(spec, age) : spec->interval_us);
    return h->health != before;
}
