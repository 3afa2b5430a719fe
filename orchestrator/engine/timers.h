/* timers.h -- all timers of the supervisor in one queue, with a clock that tests can drive.
 * Runs in: supervisor, tests.  Units: microseconds of the monotonic clock.
 * Owns: the queue and what wakes it.  A timer belongs to the structure it is part of, all zero
 * while it is new, and is cancelled before that is freed. */
#ifndef IPAM_ENGINE_TIMERS_H
#define IPAM_ENGINE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct timer {
    uint64_t due_us;
    void (*fire)(void *owner);
    void *owner;
    size_t place; /* in the queue, from 1; 0 = not set */
};

struct timers;

/* `loop` wakes it; NULL: time stands still but for timers_next */
struct timers *timers_new(sd_event *loop);
void timers_free(struct timers *t); /* accepts NULL */

uint64_t timers_now(const struct timers *t);
/* Calls `fire` once at `due_us` or soon after, in a turn of the loop; an earlier setting is gone.
 */
void timers_set(struct timers *t, struct timer *timer, uint64_t due_us, void (*fire)(void *owner),
                void *owner);
void timers_cancel(struct timers *t, struct timer *timer);
static inline bool timer_is_set(const struct timer *timer)
{
    return timer->place > 0;
}

/* Without a loop: the time becomes that of the next timer, which fires; but not beyond `until_us`.
 * False when it is that late and nothing was left to fire. */
bool timers_next(struct timers *t, uint64_t until_us);

#endif
