#include "cli/patience.h"

#include "base/clock.h"
#include "base/num.h"
#include "compose/values.h"

/* a year: what is meant to be for ever */
#define LONGEST_S (UINT64_C(365) * 24 * 3600)

uint64_t patience_time(const char *arg, struct argp_state *state)
{
    uint64_t seconds = 0;
    int64_t ns = 0;

    if (num_u64(arg, LONGEST_S, &seconds) == 0)
        return seconds * USEC_PER_SEC;
    if (values_duration(arg, &ns) < 0 || ns < 0)
        argp_error(state, "'%s' is no time: 90 (seconds) or 1m30s", arg);
    return (uint64_t) ns / 1000;
}

error_t patience_parse(struct patience *p, int key, const char *arg, struct argp_state *state)
{
    switch (key) {
    case PATIENCE_READY:
        p->ready = arg;
        p->ready_us = patience_time(arg, state);
        return 0;
    case 't':
        p->grace = arg;
        p->grace_us = patience_time(arg, state);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

void patience_tell(const struct patience *p, json_t *message)
{
    if (p->ready)
        (void) json_object_set_new(message, "ready_us", json_integer((json_int_t) p->ready_us));
    if (p->grace)
        (void) json_object_set_new(message, "grace_us", json_integer((json_int_t) p->grace_us));
}
