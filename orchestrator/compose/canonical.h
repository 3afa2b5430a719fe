/* canonical.h -- a document in the form all later steps know: every short form long, every list of
 * names a map, the defaults that belong to the document written down, relative paths resolved.
 * Runs in: CLI.  Owns: works in place, new nodes live in the arena.
 * Fails: class ERR_CONFIG at the place.
 * Source: Compose specification; what it leaves open as Docker Compose has it. */
#ifndef IPAM_COMPOSE_CANONICAL_H
#define IPAM_COMPOSE_CANONICAL_H

#include "compose/node.h"
#include "compose/variables.h"

struct canonical {
    struct arena *arena;
    const struct variables *variables;
    bool lenient; /* keep a short form that cannot be read: its variables are not replaced yet */
};

/* Short forms; the document has passed check.h. */
int canonical_expand(const struct canonical *c, struct node *root, struct err *e);
/* After the last file: defaults, and what contradicts itself in one place. */
int canonical_complete(const struct canonical *c, struct node *root, struct err *e);
/* Relative paths, as if written in `dir`. */
int canonical_paths(struct arena *a, const char *dir, struct node *root, struct err *e);
/* What secrets, configs and lists of variables take from the environment of their file. */
void canonical_environment(const struct canonical *c, struct node *root);

/* Where a secret or config keeps the value it has from a variable. */
#define CANONICAL_VALUE "x-#value"

#endif
