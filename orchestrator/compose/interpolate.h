/* interpolate.h -- ${NAME} in scalars, after parsing, so that a value can never change the shape of
 * the document.
 * Runs in: CLI.  Source: Compose specification, "Interpolation": $NAME, ${NAME}, ${NAME:-default},
 * ${NAME-default}, ${NAME:?message}, ${NAME?message}, ${NAME:+value}, ${NAME+value}, nested, $$.
 * Fails: class ERR_CONFIG at the place of use; a required variable that is empty in an env file is
 * reported at its line there. */
#ifndef IPAM_COMPOSE_INTERPOLATE_H
#define IPAM_COMPOSE_INTERPOLATE_H

#include "compose/node.h"
#include "compose/variables.h"

/* Replaces in place; a node shared by aliases is done once. */
int interpolate_tree(const struct variables *v, struct node *n, struct err *e);
int interpolate_text(const struct variables *v, const char *text, struct mark at, const char **out,
                     struct err *e);

#endif
