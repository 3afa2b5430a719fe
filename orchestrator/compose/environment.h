/* environment.h -- the variables and labels of a service of the model, with those of its env and
 * label files; the files are gone from the model afterwards.
 * Runs in: CLI.  Fails: class ERR_CONFIG: a required file is missing or cannot be read. */
#ifndef IPAM_COMPOSE_ENVIRONMENT_H
#define IPAM_COMPOSE_ENVIRONMENT_H

#include "compose/node.h"
#include "compose/variables.h"

int environment_resolve(const struct variables *v, struct node *service, struct err *e);
int environment_labels(const struct variables *v, struct node *service, struct err *e);

#endif
