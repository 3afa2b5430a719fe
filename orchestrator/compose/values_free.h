/* values_free.h -- maps whose keys the author chose: variables, labels, options, hosts, limits.
 * Part of values.c, see values.h. */
#ifndef IPAM_COMPOSE_VALUES_FREE_H
#define IPAM_COMPOSE_VALUES_FREE_H

#include "compose/node.h"
#include "compose/schema.h"
#include "compose/trail.h"

/* *out stays NULL for an empty one. */
int values_free(struct arena *a, const struct attribute *attribute, const struct node *n,
                const struct trail *t, struct node **out, struct err *e);

#endif
