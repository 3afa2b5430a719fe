/* remote.h -- a command inside a service, run for the caller: asked for, its streams carried, its
 * end awaited.
 * Runs in: CLI.  Owns: nothing.  Fails: negative errno. */
#ifndef IPAM_CLI_REMOTE_H
#define IPAM_CLI_REMOTE_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>

#include "cli/relay.h"
#include "control/client.h"

/* what a shell says of a command, and docker exec too */
enum {
    REMOTE_OURS = 125,
    REMOTE_NOT_EXECUTABLE = 126,
    REMOTE_NOT_FOUND = 127,
    REMOTE_SIGNAL = 128
};

/* what the verbs that run a command are told about it */
struct remote_command {
    bool no_terminal, detach;
    char **env; /* strv, as in remote_variables */
    const char *workdir, *user, *service;
    int index;   /* of the instance, from 1 */
    char **argv; /* NULL-terminated; in argv of main */
};

/* rows of an argp table; what is so anyway may be said, as fingers do: -it */
#define REMOTE_OPTIONS                                                                             \
    { "no-tty", 'T', NULL, 0, "No terminal for the command, though there is one here", 0 },        \
        { "env", 'e', "NAME=VALUE", 0, "Adds a variable; without =VALUE the caller's", 0 },        \
        { "workdir", 'w', "DIR", 0, "Where the command starts", 0 },                               \
        { "user",                                                                                  \
          'u',                                                                                     \
          "USER[:GROUP]",                                                                          \
          0,                                                                                       \
          "The user of the service, as a member of one of its groups",                             \
          0 },                                                                                     \
        { "interactive", 'i', NULL, OPTION_HIDDEN, NULL, 0 },                                      \
    {                                                                                              \
        "tty", 't', NULL, OPTION_HIDDEN, NULL, 0                                                   \
    }

/* takes those, -d, the service and all that follows it; ARGP_ERR_UNKNOWN for the rest */
/* the argument of --index */
error_t remote_index(int *index, const char *arg, struct argp_state *state);
error_t remote_parse(struct remote_command *c, int key, char *arg, struct argp_state *state);

/* texts as a JSON list; new reference */
json_t *remote_strings(const char *const *v);

/* Variables as a list of texts: NAME alone means the caller's value, nothing when the caller has
 * none.  New reference. */
json_t *remote_variables(char *const *v);

/* Sends `message` (stolen) with the far ends of an open relay and carries the streams to the end.
 * The exit status of `program`; with `e` filled as well when it could not be run. */
int remote_carry(struct client *client, json_t *message, struct relay *r, const char *program,
                 struct err *e);
/* The same with the streams of the caller: adds to `message` what the command is, and runs it. */
int remote_run(struct client *client, json_t *message, const struct remote_command *c,
               const char *const *argv, struct err *e);

#endif
