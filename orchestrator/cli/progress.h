/* progress.h -- what an operation does, as it happens.
 * Runs in: CLI.  On a terminal one line per service with state, elapsed time and what it waits for,
 * redrawn in place; elsewhere one line per transition; as JSON one event per line on stdout. */
#ifndef IPAM_CLI_PROGRESS_H
#define IPAM_CLI_PROGRESS_H

#include <jansson.h>

#include "cli/cmd.h"

struct progress;

struct progress *progress_new(const struct cli *cli);
void progress_free(struct progress *p); /* leaves the last picture on the terminal */
void progress_event(struct progress *p, const json_t *event);
/* moves the clock and the spinner; call about ten times a second */
void progress_tick(struct progress *p);
/* how long progress_tick may be left alone, in ms; -1 = for ever */
int progress_tick_ms(const struct progress *p);

#endif
