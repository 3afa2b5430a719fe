/* likely.h -- why a service probably did not start, from how it ended and what it said.  Pure.
 * Runs in: CLI.  Owns: nothing.  It guesses: what it says is a place to look at first. */
#ifndef IPAM_CLI_LIKELY_H
#define IPAM_CLI_LIKELY_H

#include <jansson.h>
#include <stdbool.h>

struct likely {
    const char *kind; /* memory, call, permission, file, port, library, disk, password, neighbour */
    char text[320], next[160];
};

/* `details` as in control/proto.h, `lines` what it printed last (NULL-terminated, may be NULL).
 * false: nothing is likely. */
bool likely_cause(const char *service, const json_t *details, char *const *lines,
                  struct likely *out);

#endif
