/* ports.h -- are the ports a project publishes free, and who has them if not.
 * Runs in: CLI.  Fails: -EADDRINUSE, class ERR_CHECK, naming the program where rights allow. */
#ifndef IPAM_CLI_PORTS_H
#define IPAM_CLI_PORTS_H

#include <jansson.h>

#include "base/err.h"
#include "model/project.h"

/* Ports of `unit` only; a port of a unit that runs already is its own and must not be asked for. */
int ports_check(const struct unit *unit, struct err *e);

/* Warns of those among the ports of a service, as of `status`, that the host's firewall shuts. */
void ports_warn_shut(const char *service, const json_t *ports);

#endif
