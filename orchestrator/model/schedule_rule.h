/* schedule_rule.h -- what a project has done by itself, and how long it keeps what is thrown away.
 * Runs in: CLI (makes it), supervisor. */
#ifndef IPAM_MODEL_SCHEDULE_RULE_H
#define IPAM_MODEL_SCHEDULE_RULE_H

#include <stdbool.h>
#include <stdint.h>

/* a command of ours that the supervisor runs when it is due */
struct schedule {
    const char *name, *when; /* as in base/calendar.h */
    const char *const *run;  /* a verb and its words */
    uint64_t spread_us;      /* it begins up to so much later, on each host at another moment */
    uint64_t timeout_us;     /* after that it is ended; 0 = never */
    bool no_catch_up;        /* what was missed is not made up for */
    bool disabled, builtin;  /* nobody wrote it down */
};

/* So long what is thrown away can be brought back where nothing else is said: a week. */
#define PROJECT_TRASH_US (UINT64_C(7) * 24 * 3600 * 1000000)

#endif
