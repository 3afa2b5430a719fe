/* mask.h -- secrets in what is printed: values that were kept for the supervisor go, and wherever
 * the value of a variable stands that is the source of a secret, stars stand. Runs in: CLI.  Owns:
 * works in place. */
#ifndef IPAM_COMPOSE_MASK_H
#define IPAM_COMPOSE_MASK_H

#include "compose/node.h"
#include "compose/variables.h"

void mask_values(struct node *model);
void mask_secrets(struct arena *a, struct node *model, const struct variables *v);

#endif
