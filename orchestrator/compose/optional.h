/* optional.h -- services that a project can do without where their programs are missing, and those
 * that stand in for them (x-native.optional, x-native.instead_of).
 * Runs in: CLI.  Owns: works in place; texts live in the arena. */
#ifndef IPAM_COMPOSE_OPTIONAL_H
#define IPAM_COMPOSE_OPTIONAL_H

#include "compose/load.h"

/* Moves what cannot run here, and what nobody needs to stand in for, to l->disabled, with a warning
 * for each of the first. *absent: "SERVICE: why", ended by NULL. */
int optional_prune(struct loaded *l, const char *const **absent, struct err *e);

#endif
