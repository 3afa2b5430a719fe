/* database_ports.h -- ports that are published to more of the world than their author will have
 * meant. Runs in: CLI.  Adds to the warnings; never fails. */
#ifndef IPAM_COMPOSE_DATABASE_PORTS_H
#define IPAM_COMPOSE_DATABASE_PORTS_H

#include "compose/node.h"
#include "compose/variables.h"

/* databases and caches on every address of the host, in a canonical model */
void database_ports_warn(const struct node *model, struct warnings *w);

#endif
