/* canonical.h -- a checked and interpolated document in its one canonical form: every short form
 * long, every default that concerns the document written down, every path absolute.
 * Runs in: CLI.  Owns: works in place, new nodes live in the arena.
 * Fails: class ERR_CONFIG at the place. */
#ifndef IPAM_COMPOSE_CANONICAL_H
#define IPAM_COMPOSE_CANONICAL_H

#include "compose/node.h"
#include "compose/variables.h"

struct canonical {
    struct arena *arena;
    const char *name; /* of the project */
    const char *dir;  /* absolute: what relative paths are relative to */
    const struct variables *variables;
};

int canonical_make(const struct canonical *c, struct node *document, struct err *e);
/* a path of the document as an absolute one */
const char *canonical_path(const struct canonical *c, const char *path);

#endif
