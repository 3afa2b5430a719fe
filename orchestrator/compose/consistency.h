/* consistency.h -- does a canonical document agree with itself: everything that is named exists,
 * nothing depends on itself, every secret has a value.  Pure, apart from reading the environment.
 * Runs in: CLI.  Fails: class ERR_CONFIG at the place; a cycle is written as a path. */
#ifndef IPAM_COMPOSE_CONSISTENCY_H
#define IPAM_COMPOSE_CONSISTENCY_H

#include "compose/canonical.h"

int consistency_check(const struct canonical *c, const struct node *document, struct err *e);

#endif
