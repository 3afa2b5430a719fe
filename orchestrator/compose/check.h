/* check.h -- is every value of a document of the type and form its attribute allows, is every
 * attribute known?  Pure.
 * Runs in: CLI.  Fails: class ERR_CONFIG at the place, with the trail of keys, what was expected,
 * and the nearest known name for an unknown one.
 * Source: the tables of schema.h, which stand for the JSON schema of the Compose specification. */
#ifndef IPAM_COMPOSE_CHECK_H
#define IPAM_COMPOSE_CHECK_H

#include "compose/node.h"

int check_document(const struct node *root, struct err *e);

#endif
