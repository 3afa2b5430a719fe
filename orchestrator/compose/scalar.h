/* scalar.h -- what a scalar means and how values are written.  Pure.
 * Runs in: CLI.
 * Source: YAML 1.2 core schema with what Docker Compose's reader (go-yaml 3) adds: octal as 0o17
 * and 017, 0b101, digits grouped by _, dates; yes, no, on and off are text.  Numbers are written as
 * Go writes them, which is how they look when they become text of a variable or label. */
#ifndef IPAM_COMPOSE_SCALAR_H
#define IPAM_COMPOSE_SCALAR_H

#include "compose/node.h"

/* A plain scalar: sets kind and value from n->text. */
void scalar_resolve(struct arena *a, struct node *n);
/* A scalar with an explicit tag such as "tag:yaml.org,2002:int"; -EINVAL when it is none. */
int scalar_resolve_as(struct arena *a, struct node *n, const char *tag);
/* Would the text, written plainly, be read as something else than text? */
bool scalar_is_ambiguous(const char *text);

/* true, yes, y, on and their opposites in any case: what Docker Compose takes for one once
 * variables are replaced.  false when it is none. */
bool scalar_is_bool(const char *text, bool *truth);

/* The shortest digits that read back as the same number, in single or double precision. */
const char *scalar_real_text(struct arena *a, double real, bool single);
/* The value as text: true, 12, 0.5, 1e+21; "" for null. */
const char *scalar_print(struct arena *a, const struct node *n);

#endif
