/* cycles.h -- services that depend on themselves through others.  Pure; uses no recursion, because
 * a chain may be as long as a file.
 * Runs in: CLI.  Fails: -ELOOP, class ERR_CONFIG, the cycle written as a path. */
#ifndef IPAM_COMPOSE_CYCLES_H
#define IPAM_COMPOSE_CYCLES_H

#include "compose/node.h"

int cycles_check(const struct node *services, struct err *e);

#endif
