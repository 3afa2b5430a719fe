/* export.h -- a model as a compose file for Docker Compose, with the same meaning: what only native
 * mode reads is gone, and a service that has neither image nor build gets a build that installs its
 * packages.
 * Runs in: CLI.  Owns: works in place, new nodes live in the arena.
 * Fails: class ERR_CONFIG for a service that says nothing Docker could run. */
#ifndef IPAM_COMPOSE_EXPORT_H
#define IPAM_COMPOSE_EXPORT_H

#include "compose/node.h"

int export_compose(struct arena *a, struct node *model, struct err *e);

#endif
