/* layers.h -- files laid one over the other until they are one document: interpolated, extended,
 * included, merged, checked and in canonical form.
 * Runs in: CLI.  Owns: everything lives in the arena.
 * Fails: class ERR_CONFIG with file:line:column; chains of extends and include are bounded by
 * LIMIT_COMPOSE_CHAIN, and one that comes back to its beginning is written as a path.
 * Source: Compose specification, "Merge", "Extend", "Include". */
#ifndef IPAM_COMPOSE_LAYERS_H
#define IPAM_COMPOSE_LAYERS_H

#include "compose/node.h"
#include "compose/variables.h"
#include "compose/yaml.h"

struct layer_file {
    const char *path;          /* absolute, or "-" */
    struct yaml_stream stream; /* read already; changed by use */
};

/* How a file came to be read: itself and what led to it. */
struct layer_chain {
    const struct layer_chain *up;
    const char *file, *service; /* service: NULL for include */
};

struct layers {
    struct arena *arena;
    const struct variables *variables;
    const char *base; /* absolute: where the files that extends and include name are */
    const char *dir;  /* paths become relative to it, or absolute when it is; NULL = as written */
    bool interpolate;
    bool bare; /* an extended file: no extends, no include, no check of its own */
    const struct layer_chain *included;
};

/* All files as one document; *out is a map, empty when they hold nothing. */
int layers_load(struct layers *l, struct layer_file *files, size_t n, struct node **out,
                struct err *e);

/* ---- for extends.c and include.c ---- */

/* Adds every document of the file to *out. */
int layers_add(struct layers *l, struct layer_file *file, struct node **out, struct err *e);
/* Removes what stands at the paths of !reset and !override in a later document. */
void layers_reset(struct node *root, const char *const *paths);
/* "a\n  leads to b", class ERR_CONFIG */
int layers_refuse_cycle(const struct layer_chain *chain, const char *verb, struct mark at,
                        struct err *e);
int extends_apply(struct layers *l, const char *file, struct node *root, const char *const *reset,
                  struct err *e);
int include_apply(struct layers *l, const char *file, struct node *root, struct err *e);

#endif
