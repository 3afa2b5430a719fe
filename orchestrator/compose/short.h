/* short.h -- short forms as the long forms they stand for.  Pure.
 * Runs in: CLI.  Owns: results live in the arena.  Fails: class ERR_CONFIG at the place, with the
 * form that was expected.  Source: Compose specification, "ports", "volumes", "devices",
 * "command"; what it leaves open as Docker Compose has it. */
#ifndef IPAM_COMPOSE_SHORT_H
#define IPAM_COMPOSE_SHORT_H

#include "compose/node.h"
#include "compose/trail.h"

/* "[[ADDRESS:]PORT[-PORT]:]PORT[-PORT][/PROTOCOL]": appends one map for each port, in the order of
 * their names as text. */
int short_ports(struct arena *a, const struct node *text, const struct trail *t, struct node *list,
                struct err *e);
/* "[SOURCE:]TARGET[:OPTION,...]" */
int short_volume(struct arena *a, const struct node *text, const struct trail *t, struct node **out,
                 struct err *e);
/* "PATH[:TARGET[:PERMISSIONS]]" */
int short_device(struct arena *a, const struct node *text, const struct trail *t, struct node **out,
                 struct err *e);
/* The words of a command line as a list of texts.  It ends where a shell would see another command
 * or a redirection. */
int short_words(struct arena *a, const struct node *text, const struct trail *t, struct node **out,
                struct err *e);

#endif
