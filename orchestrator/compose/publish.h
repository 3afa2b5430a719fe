/* publish.h -- one more published port for a unit of a project that is loaded.
 * Runs in: CLI.  Owns: nothing; what is added lives as long as the project.
 * Fails: ERR_CONFIG for what is no port, and where no network leads to the unit. */
#ifndef IPAM_COMPOSE_PUBLISH_H
#define IPAM_COMPOSE_PUBLISH_H

#include "base/err.h"
#include "model/project.h"

/* "[[ADDRESS:]PORT[-PORT]:]PORT[-PORT][/PROTOCOL]" as in a compose file; nothing is added on
 * failure but what came before the mistake. */
int publish_port(const struct project *p, struct unit *u, const char *text, struct err *e);

#endif
