/* normalise.h -- what a document leaves unsaid: the default network, names of resources,
 * dependencies that other attributes imply, values of variables that are only named.
 * Runs in: CLI.  Owns: works in place, new nodes live in the arena.
 * Source: Compose specification; Docker Compose for the implied dependencies. */
#ifndef IPAM_COMPOSE_NORMALISE_H
#define IPAM_COMPOSE_NORMALISE_H

#include "compose/node.h"
#include "compose/variables.h"

void normalise_document(struct arena *a, const char *project, const struct variables *v,
                        struct node *root);

#endif
