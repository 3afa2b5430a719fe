#include "engine/timers.h"

#include <stdlib.h>

#include "base/clock.h"

/* a binary heap: queue[n / 2] is never later than queue[n]; queue[0] is unused */
struct timers {
    sd_event *loop;
    sd_event_source *wake;
    uint64_t now_us; /* without a loop */
    struct timer **queue;
    size_t n, room;
};

static void put(struct timers *t, size_t place, struct timer *timer)
{
    t->queue[place] = timer;
    timer->place = place;
}

static void rise(struct timers *t, struct timer *timer)
{
    size_t place = timer->place;

    for (; place > 1 && t->queue[place / 2]->due_us > timer->due_us; place /= 2)
        put(t, place, t->queue[place / 2]);
    put(t, place, timer);
}

static void sink(struct timers *t, struct timer *timer)
{
    size_t place = timer->place;

    for (size_t child = 2 * place; child <= t->n; child = 2 * place) {
        child += child < t->n && t->queue[child + 1]->due_us < t->queue[child]->due_us;
        if (t->queue[child]->due_us >= timer->due_us)
            break;
        put(t, place, t->queue[child]);
        place = child;
    }
    put(t, place, timer);
}

static void take_out(struct timers *t, struct timer *timer)
{
    struct timer *last = t->queue[t->n--];

    if (last != timer) {
        put(t, timer->place, last);
        rise(t, last);
        sink(t, last);
    }
    timer->place = 0;
}

static void rearm(struct timers *t)
{
    if (!t->wake)
        return;
    if (t->n > 0)
        (void) sd_event_source_set_time(t->wake, t->queue[1]->due_us);
    (void) sd_event_source_set_enabled(t->wake, t->n > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void fire_first(struct timers *t)
{
    struct timer *timer = t->queue[1];

    take_out(t, timer);
    timer->fire(timer->owner);
}

static int on_wake(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct timers *t = userdata;
    uint64_t now = timers_now(t);

    (void) source, (void) usec;
    /* what is set meanwhile waits for the next turn, so that others have theirs */
    for (size_t left = t->n; left > 0 && t->n > 0 && t->queue[1]->due_us <= now; left--)
        fire_first(t);
    rearm(t);
    return 0;
}

struct timers *timers_new(sd_event *loop)
{
    struct timers *t = calloc(1, sizeof *t);

    if (!t)
        abort();
    if (!loop)
        return t;
    t->loop = sd_event_ref(loop);
    if (sd_event_add_time(loop, &t->wake, CLOCK_MONOTONIC, 0, 1, on_wake, t) < 0 ||
        sd_event_source_set_enabled(t->wake, SD_EVENT_OFF) < 0)
        abort();
    return t;
}

void timers_free(struct timers *t)
{
    if (!t)
        return;
    sd_event_source_disable_unref(t->wake);
    sd_event_unref(t->loop);
    free(t->queue);
    free(t);
}

uint64_t timers_now(const struct timers *t)
{
    return t->loop ? clock_now_us() : t->now_us;
}

void timers_set(struct timers *t, struct timer *timer, uint64_t due_us, void (*fire)(void *owner),
                void *owner)
{
    timers_cancel(t, timer);
    if (t->n + 1 >= t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->queue = reallocarray(t->queue, t->room, sizeof(struct timer *));
        if (!t->queue)
            abort();
    }
    *timer = (struct timer){ .due_us = due_us, .fire = fire, .owner = owner };
    put(t, ++t->n, timer);
    rise(t, timer);
    rearm(t);
}

void timers_cancel(struct timers *t, struct timer *timer)
{
    if (!timer_is_set(timer))
        return;
    take_out(t, timer);
    rearm(t);
}

bool timers_next(struct timers *t, uint64_t until_us)
{
    bool due = t->n > 0 && t->queue[1]->due_us <= until_us;
    uint64_t then = due ? t->queue[1]->due_us : until_us;

    if (then > t->now_us)
        t->now_us = then;
    if (due)
        fire_first(t);
    return due;
}
