/* merge.h -- one document over another, one service over the one it extends.
 * Runs in: CLI.  Owns: works in the base, which takes over nodes of what lies over it; both live in
 * the arena.  Fails: class ERR_CONFIG where a map, a list and a scalar cannot be combined.
 * Source: Compose specification, "Merge" and "Extend"; enum merge and enum unique of schema.h. */
#ifndef IPAM_COMPOSE_MERGE_H
#define IPAM_COMPOSE_MERGE_H

#include "compose/node.h"

/* *base becomes the two together. */
int merge_documents(struct arena *a, struct node **base, struct node *over, struct err *e);
/* The same for a service; `name` is for messages. */
int merge_services(struct arena *a, const char *name, struct node **base, struct node *over,
                   struct err *e);
/* Of what a list names more than once the last stays, in the place of the first. */
int merge_unique(struct arena *a, struct node *root, struct err *e);

#endif
