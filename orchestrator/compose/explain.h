/* explain.h -- what native mode makes of a model: attribute by attribute, from the tables of
 * schema.h.
 * Runs in: CLI.  Writes text for people. */
#ifndef IPAM_COMPOSE_EXPLAIN_H
#define IPAM_COMPOSE_EXPLAIN_H

#include <stdio.h>

#include "compose/node.h"
#include "compose/variables.h"

/* The first attribute that native mode cannot honour is an error, class ERR_CONFIG, at its place.
 * What has no effect natively goes to the warnings. */
int explain_check(const struct node *model, struct warnings *w, struct err *e);

/* Every attribute that the model sets, what becomes of it and why. */
int explain_model(const struct node *model, FILE *out);
/* One attribute, wherever it may stand: "ports", or "services.ports"; ERR_USAGE when there is none.
 * "markdown" is docs/COMPOSE-SUPPORT.md. */
int explain_attribute(const char *name, FILE *out, struct err *e);

#endif
