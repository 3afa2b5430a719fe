/* yaml.h -- YAML text to node trees and back.
 * Runs in: CLI.  Owns: nodes belong to the arena; emitted text is malloc'd.
 * Fails: -EINVAL, class ERR_CONFIG, with file, line and column.  Bounded by LIMIT_COMPOSE_* in
 * size, depth and number of nodes; what aliases bring in counts in full before it is copied, so an
 * alias bomb ends early.  The merge key << brings in what a map does not say itself.
 * Source: YAML 1.2; "map merge" of YAML 1.1; Compose specification, "Merge", for the tags !reset
 * (the value goes, here and in what this document is merged over) and !override (the value replaces
 * instead of being merged). */
#ifndef IPAM_COMPOSE_YAML_H
#define IPAM_COMPOSE_YAML_H

#include "base/err.h"
#include "compose/node.h"

/* keys of a path are joined by this, which no YAML text may hold */
#define YAML_PATH_SEPARATOR '\x1f'

struct yaml_document {
    struct node *root;     /* NODE_NULL when empty */
    const char **replaced; /* paths under !reset and !override, ended by NULL; NULL = none */
};

struct yaml_stream {
    struct yaml_document *documents;
    size_t n;
};

/* `name` is what errors call the text and must outlive the tree. */
int yaml_parse(struct arena *a, const char *name, const char *text, size_t len,
               struct yaml_stream *out, struct err *e);
/* Reads a regular file of at most LIMIT_COMPOSE_FILE bytes; "-" is standard input. */
int yaml_read(struct arena *a, const char *path, struct yaml_stream *out, struct err *e);
/* A file of exactly one document; `*out` is NODE_NULL for none. */
int yaml_read_one(struct arena *a, const char *path, struct node **out, struct err *e);

/* for yaml.c */
void yaml_apply_tags(struct arena *a, struct yaml_document *d);

/* With `escape`, a dollar is written $$, because the text will be read with variables replaced. */
int yaml_emit(const struct node *n, bool escape, char **out, struct err *e);
int yaml_emit_json(const struct node *n, bool escape, char **out, struct err *e);

#endif
