#include "compose/node.h"

#include <string.h>

struct node *node_new(struct arena *a, enum node_kind kind, struct mark at)
{
    struct node *n = arena_alloc(a, sizeof *n);

    n->kind = kind;
    n->at = at;
    return n;
}

struct node *node_text(struct arena *a, const char *text, struct mark at)
{
    struct node *n = node_new(a, NODE_SCALAR, at);

    n->text = arena_strdup(a, text);
    n->quoted = true;
    return n;
}

/* doubles the room; what is left behind goes with the arena */
static void *grow(struct arena *a, const void *old, struct node *n, size_t size)
{
    void *grown;

    n->room = n->room ? 2 * n->room : 8;
    grown = arena_array(a, n->room, size);
    if (n->n > 0)
        memcpy(grown, old, n->n * size);
    return grown;
}

void node_push(struct arena *a, struct node *list, struct node *item)
{
    if (list->n == list->room)
        list->items = grow(a, list->items, list, sizeof(struct node *));
    list->items[list->n++] = item;
}

static struct entry *find(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return &map->entries[i];
    return NULL;
}

void node_set(struct arena *a, struct node *map, const char *key, struct mark at,
              struct node *value)
{
    struct entry *e = find(map, key);

    if (e) {
        e->value = value;
        e->key_at = at;
        return;
    }
    if (map->n == map->room)
        map->entries = grow(a, map->entries, map, sizeof(struct entry));
    map->entries[map->n++] =
        (struct entry){ .key = arena_strdup(a, key), .key_at = at, .value = value };
}

/* depth is bounded where trees are made, in yaml.c */
struct node *node_copy(struct arena *a, const struct node *n)
{
    struct node *copy = node_new(a, n->kind, n->at);

    copy->text = n->text;
    copy->quoted = n->quoted;
    for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        node_push(a, copy, node_copy(a, n->items[i]));
    for (size_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
        node_set(a, copy, n->entries[i].key, n->entries[i].key_at,
                 node_copy(a, n->entries[i].value));
    return copy;
}

struct node *node_get(const struct node *map, const char *key)
{
    struct entry *e = find(map, key);

    return e ? e->value : NULL;
}

const char *node_get_text(const struct node *map, const char *key, const char *fallback)
{
    const struct node *n = node_get(map, key);

    return n && n->kind == NODE_SCALAR ? n->text : fallback;
}

const char *node_kind_text(enum node_kind kind)
{
    switch (kind) {
    case NODE_NULL: return "nothing";
    case NODE_SCALAR: return "a single value";
    case NODE_LIST: return "a list";
    case NODE_MAP: return "a map";
    }
    return "";
}

static bool is_word(const struct node *n, const char *const *words)
{
    for (; n && n->kind == NODE_SCALAR && !n->quoted && *words; words++)
        if (strcmp(n->text, *words) == 0)
            return true;
    return false;
}

bool node_is_true(const struct node *n)
{
    static const char *const words[] = { "true", "True", "TRUE", NULL };

    return is_word(n, words);
}

bool node_is_bool(const struct node *n)
{
    static const char *const words[] = { "false", "False", "FALSE", NULL };

    return node_is_true(n) || is_word(n, words);
}

bool node_is_number(const struct node *n)
{
    static const char digits[] = "0123456789";
    const char *s;
    size_t whole;

    if (!n || n->kind != NODE_SCALAR || n->quoted)
        return false;
    s = n->text + (n->text[0] == '-' || n->text[0] == '+');
    whole = strspn(s, digits);
    if (whole == 0)
        return false;
    if (s[whole] == '.' && s[whole + 1] != '\0')
        whole += 1 + strspn(s + whole + 1, digits);
    return s[whole] == '\0';
}
