/* awaited.h -- a line that somebody waits for: the first of one life that matches a pattern.
 * Runs in: supervisor.  Owns: the pattern, the event that tells.
 * Whether it came is also kept by the cursor of its stream (capture.h), which outlives us. */
#ifndef IPAM_LOGS_AWAITED_H
#define IPAM_LOGS_AWAITED_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/err.h"

struct awaited {
    bool armed;           /* `pattern` is there, and no line has matched */
    unsigned incarnation; /* whose lines count; 0 = nobody waits */
    regex_t pattern;
    void (*came)(void *owner);
    void *owner;
    sd_event_source *tell;
};

/* Waits from now on; does nothing if it waits, or waited, for that life already. */
int awaited_set(struct awaited *a, unsigned incarnation, const char *pattern,
                void (*came)(void *owner), void *owner, struct err *e);
/* true for the line that is waited for */
bool awaited_is(const struct awaited *a, unsigned incarnation, const char *line, size_t len);
/* It has come: `came` is called in a later turn of the loop. */
void awaited_end(struct awaited *a, sd_event *loop);
void awaited_clear(struct awaited *a);

#endif
