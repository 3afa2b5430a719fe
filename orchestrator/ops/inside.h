/* inside.h -- a command inside a running service, for an operation: with pipes or files of ours as
 * its streams, and a deadline.  It runs as the service's user, in its sandbox, and finds the
 * service's secrets where the service finds them: none has to pass through us.
 * Runs in: CLI.  Owns: its connection; the end of the connection kills the command.
 * Fails: negative errno; that the command failed is no failure of these calls. */
#ifndef IPAM_OPS_INSIDE_H
#define IPAM_OPS_INSIDE_H

#include <stdint.h>

#include "ops/procedure.h"

struct inside {
    const char *service;
    int index;                            /* of the instance, 0 = the first */
    const char *const *argv, *const *env; /* NULL-terminated; env "K=V", may be NULL */
    const char *user;                     /* NULL: the service's */
    int in, out, err;                     /* -1: /dev/null; may be closed once it is started */
};

struct inside_run {
    struct client *client;
};

struct inside_end {
    int code, signal; /* as from wait(2) */
};

int inside_start(const struct procedure *p, const struct inside *command, struct inside_run *run,
                 struct err *e);
/* Waits for its end, at most `timeout_us` (0 = for ever): -ETIMEDOUT has killed it. */
int inside_wait(struct inside_run *run, uint64_t timeout_us, struct inside_end *end, struct err *e);
/* Kills it, if it still runs; may be called for what never started. */
void inside_stop(struct inside_run *run);

/* All of it, for a command that says little: *output (malloc'd) is what it wrote on stdout, at most
 * `max` bytes, and what it wrote on stderr is in the error when it ended with anything but 0. */
int inside_output(const struct procedure *p, const struct inside *command, uint64_t timeout_us,
                  size_t max, char **output, struct err *e);

#endif
