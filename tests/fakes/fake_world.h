/* fake_world.h -- a runtime whose services behave as a test says, on a clock that only moves when
 * asked: programs start after a while, become ready, end by themselves or because they were told.
 * Implements the seam of runtime/runtime.h.  Units: microseconds. */
#ifndef IPAM_TESTS_FAKE_WORLD_H
#define IPAM_TESTS_FAKE_WORLD_H

#include "engine/timers.h"
#include "runtime/runtime.h"

struct actor {
    char *service;
    uint64_t start_us; /* from launch to started */
    uint64_t ready_us; /* from started to the first good answer */
    uint64_t stop_us;  /* from the stop signal to the end; UINT64_MAX = it takes no notice */
    uint64_t life_us;  /* it ends by itself after so long; 0 = never */
    uint64_t task_us;  /* a command inside it takes so long... */
    int task_code;     /* ...and ends with this */
    int exit_code;     /* when it ends by itself */
    bool sick;         /* its health checks fail */
    bool busy;         /* somebody has a connection to it, or to a process it has started */
    bool broken;       /* its sandbox cannot be made */
};

struct world;

struct world_config {
    struct timers *timers;
    /* every request that does something: "launch db.1.1", "TERM db.1.1", ... */
    void (*note)(void *owner, const char *text);
    void *owner;
};

struct world *world_new(const struct world_config *config);
void world_free(struct world *w);
extern const struct runtime_ops world_ops; /* their `self` is the world */
/* who is told; a supervisor that starts anew registers again */
void world_listen(struct world *w, const struct runtime_listener *to);

/* the actor of a service, made with the usual behaviour when it is new; stays the world's */
struct actor *world_actor(struct world *w, const char *service);
/* all running instances of a service end, or one: SERVICE@INDEX */
void world_end(struct world *w, const char *service, int code, int signal);
/* the connection ends, but nothing that runs; the next `connect` works */
void world_lose_broker(struct world *w);
/* all that runs is gone, and nobody is told */
void world_boot(struct world *w);
/* how many instances of a service live now */
size_t world_alive(const struct world *w, const char *service);

#endif
