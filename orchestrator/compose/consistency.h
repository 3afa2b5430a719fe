/* consistency.h -- does a model agree with itself: what is named exists, nothing depends on itself,
 * two ways to say one thing say the same.
 * Runs in: CLI.  Fails: class ERR_CONFIG at the place; a cycle is written as a path. */
#ifndef IPAM_COMPOSE_CONSISTENCY_H
#define IPAM_COMPOSE_CONSISTENCY_H

#include "compose/node.h"

/* `disabled`: services whose profile is not active.  Where `scale` stands beside `deploy`, it
 * becomes deploy.replicas. */
int consistency_check(struct arena *a, struct node *model, const struct node *disabled,
                      struct err *e);
/* No two services have the same container_name. */
int consistency_container_names(struct arena *a, const struct node *services, struct err *e);

#endif
