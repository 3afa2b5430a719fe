/* breakdown.h -- what is known of a service that made an operation fail: phase, cause, its last
 * lines, each health check, what is likely, what to do. Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_CLI_BREAKDOWN_H
#define IPAM_CLI_BREAKDOWN_H

#include <jansson.h>

#include "cli/cmd.h"

/* `failure`: the error object of control/proto.h, NULL: it went wrong before anything was started.
 * For a person on stderr, what the error itself does not say; with --format json a document with
 * `failure` on stdout.  A likely next step replaces that of `e`. */
void breakdown_show(const struct cli *cli, const char *project, const json_t *failure,
                    struct err *e);

#endif
