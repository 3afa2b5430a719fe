/* node.h -- the tree a compose file becomes: scalars, lists and maps, each knowing where it was
 * written.
 * Runs in: CLI.  Owns: nothing; nodes live in the arena they were made in.  Maps keep the order of
 * the file. */
#ifndef IPAM_COMPOSE_NODE_H
#define IPAM_COMPOSE_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

struct entry {
    const char *key;
    struct mark key_at;
    struct node *value; /* never NULL */
};

struct node {
    enum node_kind kind;
    struct mark at;
    const char *text;    /* NODE_SCALAR */
    bool quoted;         /* NODE_SCALAR: written in quotes, so it is text whatever it looks like */
    bool expanded;       /* variables in it have been replaced */
    struct node **items; /* NODE_LIST */
    struct entry *entries; /* NODE_MAP */
    size_t n, room;        /* items or entries */
};

struct node *node_new(struct arena *a, enum node_kind kind, struct mark at);
struct node *node_text(struct arena *a, const char *text, struct mark at);
struct node *node_copy(struct arena *a, const struct node *n);
void node_push(struct arena *a, struct node *list, struct node *item);
/* Adds or replaces. */
void node_set(struct arena *a, struct node *map, const char *key, struct mark at,
              struct node *value);

/* NULL when the map has no such key, or `map` is NULL or no map. */
struct node *node_get(const struct node *map, const char *key);
/* The text of a scalar member, `fallback` when it is absent, null or no scalar. */
const char *node_get_text(const struct node *map, const char *key, const char *fallback);
/* "a list", "a map", ... for messages */
const char *node_kind_text(enum node_kind kind);
/* YAML 1.2 core words, unquoted */
bool node_is_true(const struct node *n);
bool node_is_bool(const struct node *n);
bool node_is_number(const struct node *n);

#endif
