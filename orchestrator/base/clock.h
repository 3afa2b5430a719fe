/* clock.h -- the only place that reads the clock.  Units: microseconds.
 * Runs in: every program.  Decisions take the time as a parameter; loops read it here.
 * Source: clock_gettime(2). */
#ifndef IPAM_BASE_CLOCK_H
#define IPAM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)

static inline uint64_t clock_read_us(clockid_t which)
{
    struct timespec ts = { 0 };

    (void) clock_gettime(which, &ts);
    return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* Monotonic time, for deadlines; comparable between processes of one boot. */
static inline uint64_t clock_now_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

/* Time of day, for people and files. */
static inline uint64_t clock_wall_us(void)
{
    return clock_read_us(CLOCK_REALTIME);
}

#endif
