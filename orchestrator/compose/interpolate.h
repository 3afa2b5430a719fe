/* interpolate.h -- variables in the texts of a document, after parsing, so that a value can never
 * change the shape of the document; and numbers and booleans that such texts stand for.
 * Runs in: CLI.  Fails: class ERR_CONFIG at the place of use. */
#ifndef IPAM_COMPOSE_INTERPOLATE_H
#define IPAM_COMPOSE_INTERPOLATE_H

#include "compose/node.h"
#include "compose/variables.h"

/* In place. */
int interpolate_document(const struct variables *v, struct node *root, struct err *e);

#endif
