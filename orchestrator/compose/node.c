#include "compose/node.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* maps of fewer entries are searched as they are */
enum { INDEX_FROM = 16 };

struct node *node_new(struct arena *a, enum node_kind kind, struct mark at)
{
    struct node *n = arena_alloc(a, sizeof *n);

    n->kind = kind;
    n->at = at;
    return n;
}

struct node *node_text(struct arena *a, const char *text, struct mark at)
{
    struct node *n = node_new(a, NODE_TEXT, at);

    n->text = arena_strdup(a, text);
    return n;
}

struct node *node_bool(struct arena *a, bool truth, struct mark at)
{
    struct node *n = node_new(a, NODE_BOOL, at);

    n->truth = truth;
    n->text = truth ? "true" : "false";
    return n;
}

struct node *node_int(struct arena *a, int64_t value, struct mark at)
{
    struct node *n = node_new(a, NODE_INT, at);

    n->integer = value;
    n->text = arena_printf(a, "%" PRId64, value);
    return n;
}

/* doubles the room; what is left behind goes with the arena */
static void *grow(struct arena *a, const void *old, struct node *n, size_t size)
{
    void *grown;

    n->room = n->room ? 2 * n->room : 4;
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

/* ---- the index: open addressing, a power of two of slots, each 0 or 1 + the entry's number ----
 */

static uint32_t hash(const char *key)
{
    uint32_t h = 2166136261u;

    for (; *key; key++)
        h = (h ^ (unsigned char) *key) * 16777619u;
    return h;
}

static uint32_t slots(const struct node *map)
{
    return 2 * map->room;
}

static void index_add(const struct node *map, uint32_t number)
{
    uint32_t mask = slots(map) - 1, at = hash(map->entries[number].key) & mask;

    while (map->index[at] != 0)
        at = (at + 1) & mask;
    map->index[at] = number + 1;
}

static void index_build(struct arena *a, struct node *map)
{
    map->index = arena_array(a, slots(map), sizeof *map->index);
    for (uint32_t i = 0; i < map->n; i++)
        index_add(map, i);
}

static struct entry *find(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    if (map->index) {
        uint32_t mask = slots(map) - 1;
        for (uint32_t at = hash(key) & mask; map->index[at] != 0; at = (at + 1) & mask)
            if (strcmp(map->entries[map->index[at] - 1].key, key) == 0)
                return &map->entries[map->index[at] - 1];
        return NULL;
    }
    for (uint32_t i = 0; i < map->n; i++)
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
    if (map->n == map->room) {
        map->entries = grow(a, map->entries, map, sizeof(struct entry));
        if (map->room >= INDEX_FROM)
            index_build(a, map);
    }
    map->entries[map->n++] =
        (struct entry){ .key = arena_strdup(a, key), .key_at = at, .value = value };
    if (map->index)
        index_add(map, map->n - 1);
}

void node_set_text(struct arena *a, struct node *map, const char *key, const char *text)
{
    node_set(a, map, key, map->at, node_text(a, text, map->at));
}

/* numbers of entries have changed: the same slots, filled again */
static void index_refill(struct node *map)
{
    if (!map->index)
        return;
    memset(map->index, 0, slots(map) * sizeof *map->index);
    for (uint32_t i = 0; i < map->n; i++)
        index_add(map, i);
}

void node_remove(struct node *map, const char *key)
{
    struct entry *e = find(map, key);

    if (!e)
        return;
    memmove(e, e + 1, (size_t) (map->entries + map->n - (e + 1)) * sizeof *e);
    map->n--;
    index_refill(map);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *) a)->key, ((const struct entry *) b)->key);
}

void node_sort(struct node *map)
{
    if (map->n > 1)
        qsort(map->entries, map->n, sizeof *map->entries, by_key);
    index_refill(map);
}

static int by_text(const void *a, const void *b)
{
    return strcmp((*(struct node *const *) a)->text, (*(struct node *const *) b)->text);
}

void node_sort_texts(struct node *list)
{
    if (list->n > 1)
        qsort(list->items, list->n, sizeof *list->items, by_text);
}

struct node *node_copy(struct arena *a, const struct node *n)
{
    struct node *copy = node_new(a, n->kind, n->at);

    copy->tag = n->tag;
    switch (n->kind) {
    case NODE_LIST:
        for (uint32_t i = 0; i < n->n; i++)
            node_push(a, copy, node_copy(a, n->items[i]));
        break;
    case NODE_MAP:
        copy->room = n->room;
        copy->n = n->n;
        copy->entries = arena_array(a, n->room, sizeof *copy->entries);
        for (uint32_t i = 0; i < n->n; i++)
            copy->entries[i] = (struct entry){ .key = n->entries[i].key,
                                               .key_at = n->entries[i].key_at,
                                               .value = node_copy(a, n->entries[i].value) };
        if (n->index)
            index_build(a, copy);
        break;
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_INT:
    case NODE_FLOAT:
    case NODE_TIME:
    case NODE_TEXT: *copy = *n; break;
    }
    return copy;
}

const struct entry *node_entry(const struct node *map, const char *key)
{
    return find(map, key);
}

struct node *node_get(const struct node *map, const char *key)
{
    struct entry *e = find(map, key);

    return e ? e->value : NULL;
}

const char *node_get_text(const struct node *map, const char *key, const char *fallback)
{
    const struct node *n = node_get(map, key);

    return node_is_scalar(n) ? n->text : fallback;
}

size_t node_count(const struct node *n)
{
    return n && (n->kind == NODE_LIST || n->kind == NODE_MAP) ? n->n : 0;
}

bool node_is_scalar(const struct node *n)
{
    return n && n->kind > NODE_NULL && n->kind < NODE_LIST;
}

bool node_is_true(const struct node *n)
{
    return n && n->kind == NODE_BOOL && n->truth;
}

static bool is_number(const struct node *n)
{
    return n->kind == NODE_INT || n->kind == NODE_FLOAT;
}

static double number(const struct node *n)
{
    return n->kind == NODE_INT ? (double) n->integer : n->real;
}

bool node_equal(const struct node *a, const struct node *b)
{
    if (is_number(a) && is_number(b) && a->kind != b->kind)
        return number(a) == number(b);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case NODE_NULL: return true;
    case NODE_BOOL: return a->truth == b->truth;
    case NODE_INT: return a->integer == b->integer;
    case NODE_FLOAT: return a->real == b->real || (isnan(a->real) && isnan(b->real));
    case NODE_TIME:
    case NODE_TEXT: return strcmp(a->text, b->text) == 0;
    case NODE_LIST:
        if (a->n != b->n)
            return false;
        for (uint32_t i = 0; i < a->n; i++)
            if (!node_equal(a->items[i], b->items[i]))
                return false;
        return true;
    case NODE_MAP:
        if (a->n != b->n)
            return false;
        for (uint32_t i = 0; i < a->n; i++) {
            const struct node *other = node_get(b, a->entries[i].key);
            if (!other || !node_equal(a->entries[i].value, other))
                return false;
        }
        return true;
    }
    return false;
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    return h ^ h >> 29;
}

uint64_t node_hash(const struct node *n)
{
    uint64_t h = 0, kind = n->kind;
    double real;

    switch (n->kind) {
    case NODE_NULL: break;
    case NODE_INT:
    case NODE_FLOAT: /* the same for 1 and 1.0 */
        real = isnan(number(n)) ? 0 : number(n) + 0.0;
        memcpy(&h, &real, sizeof h);
        kind = NODE_FLOAT;
        break;
    case NODE_BOOL:
    case NODE_TIME:
    case NODE_TEXT: h = hash(n->text); break;
    case NODE_LIST:
        for (uint32_t i = 0; i < n->n; i++)
            h = mix(h + node_hash(n->items[i]));
        break;
    case NODE_MAP: /* in any order */
        for (uint32_t i = 0; i < n->n; i++)
            h += mix(mix(hash(n->entries[i].key)) + node_hash(n->entries[i].value));
        break;
    }
    return mix(h + kind);
}

const char *node_kind_text(enum node_kind kind)
{
    switch (kind) {
    case NODE_NULL: return "nothing";
    case NODE_BOOL: return "true or false";
    case NODE_INT: return "a number";
    case NODE_FLOAT: return "a number with a fraction";
    case NODE_TIME: return "a date";
    case NODE_TEXT: return "text";
    case NODE_LIST: return "a list";
    case NODE_MAP: return "a map";
    }
    return "";
}
