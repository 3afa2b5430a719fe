/* short.h -- short forms as the long forms they stand for.
 * Runs in: CLI.  Owns: new nodes live in the arena.  Fails: class ERR_CONFIG at the place.
 * Source: Compose specification, "Short syntax" of ports, volumes, secrets; command as a string. */
#ifndef IPAM_COMPOSE_SHORT_H
#define IPAM_COMPOSE_SHORT_H

#include "compose/node.h"

/* "[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]"; PUBLISHED and TARGET may be ranges of equal length:
 * appends one map per port to `out`. */
int short_ports(struct arena *a, const struct node *text, struct node *out, struct err *e);
/* "SOURCE:TARGET[:MODE]"; a SOURCE that is a path is a bind */
int short_volume(struct arena *a, const struct node *text, struct node **out, struct err *e);
int short_secret(struct arena *a, const struct node *text, struct node **out);
/* a command line split into words as a shell would, without expansion */
int short_words(struct arena *a, const struct node *text, struct node **out, struct err *e);

#endif
