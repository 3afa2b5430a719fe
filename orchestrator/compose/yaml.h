/* yaml.h -- YAML text to a node tree and back.
 * Runs in: CLI.  Owns: nodes belong to the arena; emitted text is malloc'd.
 * Fails: -EINVAL, class ERR_CONFIG, with file, line and column.  Bounded by LIMIT_COMPOSE_* in
 * size, depth and number of nodes after aliases, so that an alias bomb ends early. Aliases share
 * the node they name; the merge key << copies (YAML 1.1, "merge"). */
#ifndef IPAM_COMPOSE_YAML_H
#define IPAM_COMPOSE_YAML_H

#include "base/err.h"
#include "compose/node.h"

/* `name` is what errors call the text and must outlive the tree. */
int yaml_parse(struct arena *a, const char *name, const char *text, size_t len, struct node **out,
               struct err *e);
/* Reads a regular file of at most LIMIT_COMPOSE_FILE bytes. */
int yaml_read(struct arena *a, const char *path, struct node **out, struct err *e);
int yaml_emit(const struct node *n, char **out, struct err *e);
int yaml_emit_json(const struct node *n, char **out, struct err *e);

#endif
