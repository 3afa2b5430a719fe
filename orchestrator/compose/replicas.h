/* replicas.h -- how many instances of a service there are to be, and whether there can be.
 * Runs in: CLI.  Owns: texts live in the project's arena. */
#ifndef IPAM_COMPOSE_REPLICAS_H
#define IPAM_COMPOSE_REPLICAS_H

#include "model/project.h"

/* Why there cannot be `n` of it: something it has exists once only; NULL if there can. */
const char *replicas_obstacle(const struct project *p, const struct unit *u, unsigned n);
/* "SERVICE=N" of the command line.  Fails: ERR_USAGE */
int replicas_override(struct project *p, const char *text, struct err *e);

#endif
