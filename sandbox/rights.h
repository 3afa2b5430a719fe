/* rights.h -- who a program of an instance is and what it may use, as set-up operations.
 * Runs in: broker.  Owns: nothing. */
#ifndef IPAM_SANDBOX_RIGHTS_H
#define IPAM_SANDBOX_RIGHTS_H

#include <stdio.h>
#include <sys/types.h>

#include "sandbox/permit.h"
#include "sandbox/spec.h"

/* User, groups, limits, capabilities.  A command that joins gets the same as the program, under any
 * of the groups of the service. */
void rights_put(FILE *f, const struct spec *s, gid_t gid, const struct permit *permit);

#endif
