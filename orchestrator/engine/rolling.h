/* rolling.h -- how far one instance has come while its service is replaced, see rollout.h. */
#ifndef IPAM_ENGINE_ROLLING_H
#define IPAM_ENGINE_ROLLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum roll {
    ROLL_NONE,
    ROLL_AHEAD,
    ROLL_BESIDE,    /* its successor is on its way */
    ROLL_REPLACING, /* it is stopped, and comes back as the next one */
    ROLL_WATCHED,   /* the next one has its place, and has to stay well for a while */
    ROLL_DONE,
    ROLL_FAILED,
    ROLL_HELD, /* it stays what it is until somebody asks again: a canary is all that was wanted */
    ROLL_COUNT
};

extern const char *const roll_text[ROLL_COUNT];

enum { ROLLING_PROCESSES = 64 };

struct rolling {
    enum roll roll;
    uint64_t until_us; /* ROLL_WATCHED: of the watch; of one that leaves: of its time */
    uint64_t take_tag; /* the broker was asked to give it the published ports */
    bool has_ports;
    bool renewed;                   /* it has become the next one */
    bool kept;                      /* it was to be replaced anyway */
    bool drains;                    /* it leaves, and is stopped when nobody needs it any more */
    int awaited[ROLLING_PROCESSES]; /* processes of others that may still turn to it */
    size_t n_awaited;
};

#endif
