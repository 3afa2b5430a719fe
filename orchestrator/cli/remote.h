/* remote.h -- a command inside a service, run for the caller: asked for, its streams carried, its
 * end awaited.
 * Runs in: CLI.  Owns: nothing.  Fails: negative errno. */
#ifndef IPAM_CLI_REMOTE_H
#define IPAM_CLI_REMOTE_H

#include <jansson.h>

#include "cli/relay.h"
#include "control/client.h"

/* what a shell says of a command, and docker exec too */
enum {
    REMOTE_OURS = 125,
    REMOTE_NOT_EXECUTABLE = 126,
    REMOTE_NOT_FOUND = 127,
    REMOTE_SIGNAL = 128
};

/* texts as a JSON list; new reference */
json_t *remote_strings(char *const *v);
/* The same for variables: NAME alone means the caller's value, nothing when the caller has none. */
json_t *remote_variables(char *const *v);

/* Sends `message` (stolen) with the far ends of an open relay and carries the streams to the end.
 * The exit status of `program`; with `e` filled as well when it could not be run. */
int remote_run(struct client *client, json_t *message, struct relay *r, const char *program,
               struct err *e);

#endif
