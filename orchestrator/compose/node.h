/* node.h -- the tree a compose file becomes: scalars, lists and maps, each knowing where it was
 * written.
 * Runs in: CLI.  Owns: nothing; nodes live in the arena they were made in.  Maps keep the order of
 * the file and find a key in constant time however large they are.
 * Depth is bounded where trees are made (yaml.h), so walking them may recurse. */
#ifndef IPAM_COMPOSE_NODE_H
#define IPAM_COMPOSE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum node_kind {
    NODE_NULL,
    NODE_BOOL,
    NODE_INT,
    NODE_FLOAT,
    NODE_TIME, /* a plain date, which YAML takes for more than text; only its text is kept */
    NODE_TEXT,
    NODE_LIST,
    NODE_MAP
};

/* what a YAML tag asks for; only the reader of files looks at it */
enum node_tag { TAG_NONE, TAG_RESET, TAG_OVERRIDE };

struct entry {
    const char *key;
    struct mark key_at;
    struct node *value; /* never NULL */
};

struct node {
    enum node_kind kind;
    enum node_tag tag;
    uint32_t n, room; /* items or entries */
    struct mark at;
    const char *text; /* of every scalar, also of bool, int and float; NULL for others */
    union {
        bool truth;            /* NODE_BOOL */
        int64_t integer;       /* NODE_INT */
        double real;           /* NODE_FLOAT */
        struct node **items;   /* NODE_LIST */
        struct entry *entries; /* NODE_MAP */
    };
    uint32_t *index; /* NODE_MAP: where keys are, once there are many; see node.c */
};

struct node *node_new(struct arena *a, enum node_kind kind, struct mark at);
struct node *node_text(struct arena *a, const char *text, struct mark at);
struct node *node_bool(struct arena *a, bool truth, struct mark at);
struct node *node_int(struct arena *a, int64_t value, struct mark at);
struct node *node_copy(struct arena *a, const struct node *n);
void node_push(struct arena *a, struct node *list, struct node *item);
/* Adds or replaces. */
void node_set(struct arena *a, struct node *map, const char *key, struct mark at,
              struct node *value);
/* The same, with text as the value and the map's place. */
void node_set_text(struct arena *a, struct node *map, const char *key, const char *text);
void node_remove(struct node *map, const char *key);
/* A map's entries in the order of their keys. */
void node_sort(struct node *map);
/* A list of texts in the order of the texts. */
void node_sort_texts(struct node *list);

/* NULL when the map has no such key, or `map` is NULL or no map. */
struct node *node_get(const struct node *map, const char *key);
const struct entry *node_entry(const struct node *map, const char *key);
/* The text of a scalar member, `fallback` when it is absent, null or no scalar. */
const char *node_get_text(const struct node *map, const char *key, const char *fallback);
/* how many items or entries; 0 for NULL and scalars */
size_t node_count(const struct node *n);

bool node_is_scalar(const struct node *n); /* neither null, list nor map; false for NULL */
bool node_is_true(const struct node *n);
/* numbers by value: 1 is 1.0 */
bool node_equal(const struct node *a, const struct node *b);
/* equal nodes have equal hashes */
uint64_t node_hash(const struct node *n);
/* "a list", "a map", ... for messages */
const char *node_kind_text(enum node_kind kind);

#endif
