/* limits.h -- the limits of a running instance, changed in one piece.
 * Runs in: broker.  Owns: nothing.  The new ones are written down with the instance, so that a new
 * broker knows them; the next incarnation has those of its own specification. */
#ifndef IPAM_SANDBOX_LIMITS_H
#define IPAM_SANDBOX_LIMITS_H

#include <jansson.h>

#include "sandbox/broker.h"

/* The keys of `changes` (spec.h) over what holds, after policy; all of them or none.  -EBUSY: more
 * memory is in use than would be allowed. */
int limits_change(const struct broker *b, struct guest *g, const json_t *changes, struct err *e);

#endif
