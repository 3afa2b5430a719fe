/* values.h -- a canonical document with every value of the type its attribute has: sizes in bytes,
 * durations, texts, numbers; attributes in the order of the tables; what says nothing left out.
 * This is the model: what is printed, compared, and run.
 * Runs in: CLI.  Owns: a new tree in the arena, which may share texts with the old one.
 * Fails: class ERR_CONFIG at the place. */
#ifndef IPAM_COMPOSE_VALUES_H
#define IPAM_COMPOSE_VALUES_H

#include "compose/node.h"

int values_document(struct arena *a, const struct node *root, struct node **out, struct err *e);

/* For JSON as Docker Compose writes it, from a model: without extensions below the top, with a few
 * members named and shaped otherwise. */
struct node *values_as_json(struct arena *a, const struct node *model);
/* The same for a document whose variables are not replaced. */
struct node *values_raw_json(struct arena *a, const struct node *document);

/* For YAML that Docker Compose reads as the same model; in place. */
void values_for_yaml(struct arena *a, struct node *model);

/* "1h2m3.5s"; microseconds lose nothing that people write */
const char *values_duration_text(struct arena *a, int64_t ns);
/* -EINVAL: not a duration such as 1m30s; what is longer than 292 years: -ERANGE */
int values_duration(const char *text, int64_t *ns);
/* "512m", "1.5gb"; -EINVAL */
int values_bytes(const char *text, int64_t *bytes);

#endif
