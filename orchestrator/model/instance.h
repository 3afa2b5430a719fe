/* instance.h -- one running copy of a unit: what actually is.
 * Runs in: supervisor; the text tables also in CLI and tests.
 * Owns: nothing; the unit is borrowed from a project that outlives the instance. */
#ifndef IPAM_MODEL_INSTANCE_H
#define IPAM_MODEL_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

enum state {
    STATE_DOWN,      /* nothing runs */
    STATE_WAITING,   /* for its dependencies */
    STATE_PREPARING, /* the broker builds its sandbox */
    STATE_STARTING,  /* the program runs, not ready yet */
    STATE_UP,        /* ready */
    STATE_SICK,      /* runs, but its health check fails */
    STATE_STOPPING,  /* asked to end */
    STATE_BACKOFF,   /* ended, will be started again */
    STATE_FAILED,    /* ended, will not be started again */
    STATE_DONE,      /* ended with success, as wanted */
    STATE_COUNT
};

enum want { WANT_REST, WANT_RUN };

extern const char *const state_text[STATE_COUNT];
/* -1 when the word is no state */
int state_from_text(const char *word);
/* a process of the instance may exist */
bool state_is_live(enum state s);

/* how a program ended, or why it could not be started */
struct exit_info {
    int code;              /* exit status, when signal is 0 */
    int signal;            /* 0 = exited */
    int error;             /* errno of the failed set-up stage */
    char stage[48];        /* "" = the program had been executed */
    bool oom;              /* the kernel killed something of it for lack of memory */
    uint64_t memory_limit; /* of its own, for which that was; 0 = the machine had no more */
    uint64_t wall_us;
};

bool exit_is_clean(const struct exit_info *x);
/* everything was set up, and the program itself could not be executed */
bool exit_is_of_exec(const struct exit_info *x);
/* "exited with status 1", "killed: out of memory (limit 64 MiB)", ... */
void exit_describe(const struct exit_info *x, char *out, unsigned long room);

#endif
