#include "engine/backoff.h"

static uint64_t spread(uint64_t delay, unsigned percent, uint32_t chance)
{
    uint64_t most = delay / 100 * percent;

    return most > 0 ? delay - most + chance % (2 * most + 1) : delay;
}

uint64_t backoff_next(unsigned *streak, const struct restart_spec *spec, uint64_t lived_us,
                      uint32_t chance)
{
    uint64_t delay = 0;

    if (lived_us >= spec->reset_us)
        *streak = 0;
    if (*streak > 0 || spec->patient)
        delay = spec->delay_us;
    for (unsigned i = 1; i < *streak && delay > 0 && delay < spec->max_delay_us; i++)
        delay *= 2;
    *streak += 1;
    return spread(delay < spec->max_delay_us ? delay : spec->max_delay_us, spec->jitter, chance);
}
