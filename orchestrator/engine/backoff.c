#include "engine/backoff.h"

uint64_t backoff_next(unsigned *streak, uint64_t lived_us)
{
    uint64_t delay = 0;

    if (lived_us >= BACKOFF_RESET_US)
        *streak = 0;
    if (*streak > 0)
        delay = BACKOFF_FIRST_US;
    for (unsigned i = 1; i < *streak && delay < BACKOFF_MAX_US; i++)
        delay *= 2;
    *streak += 1;
    return delay < BACKOFF_MAX_US ? delay : BACKOFF_MAX_US;
}
