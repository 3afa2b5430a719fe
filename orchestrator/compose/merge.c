#include "compose/merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose/scalar.h"
#include "compose/schema.h"
#include "compose/trail.h"

struct merger {
    struct arena *arena;
    struct err *e;
};

static int merge(struct merger *m, struct shape s, struct node **base, struct node *over,
                 const struct trail *t);

static int merge_maps(struct merger *m, struct shape s, struct node *base, const struct node *over,
                      const struct trail *t)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < over->n; i++) {
        const struct entry *entry = &over->entries[i];
        struct node *own = node_get(base, entry->key);

        if (own)
            r = merge(m, schema_member(s, entry->key), &own, entry->value,
                      &TRAIL_KEY(t, entry->key));
        if (r == 0)
            node_set(m->arena, base, entry->key, entry->key_at, own ? own : entry->value);
    }
    return r;
}

/* a list, a text, or a map as KEY=value, sorted; what has no text in it is left to the check */
static struct node *sequence(struct merger *m, struct node *n)
{
    struct node *list;

    if (n->kind == NODE_LIST)
        return n;
    list = node_new(m->arena, NODE_LIST, n->at);
    if (n->kind == NODE_TEXT)
        node_push(m->arena, list, n);
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
        const struct entry *entry = &n->entries[i];
        const struct node *value = entry->value;
        uint32_t count = value->kind == NODE_LIST ? value->n : 1;

        for (uint32_t j = 0; j < count; j++) {
            const struct node *one = value->kind == NODE_LIST ? value->items[j] : value;
            const char *text =
                value->kind == NODE_NULL
                    ? entry->key
                    : arena_printf(m->arena, "%s=%s", entry->key, scalar_print(m->arena, one));
            node_push(m->arena, list, node_text(m->arena, text, entry->key_at));
        }
    }
    node_sort_texts(list);
    return list;
}

/* copied: a list may be shared with a copy of an alias */
static struct node *concatenate(struct merger *m, const struct node *base, const struct node *over,
                                bool distinct)
{
    struct node *list = node_new(m->arena, NODE_LIST, base->at);

    for (uint32_t i = 0; i < base->n; i++)
        node_push(m->arena, list, base->items[i]);
    for (uint32_t i = 0; i < over->n; i++) {
        bool there = false;
        for (uint32_t j = 0; distinct && !there && j < base->n; j++)
            there = node_equal(base->items[j], over->items[i]);
        if (!there)
            node_push(m->arena, list, over->items[i]);
    }
    return list;
}

/* a list of names as a map of them; other kinds as an empty map */
static struct node *names(struct merger *m, struct node *n, bool dependencies)
{
    struct node *map;

    if (n->kind == NODE_MAP)
        return n;
    map = node_new(m->arena, NODE_MAP, n->at);
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++) {
        const struct node *item = n->items[i];
        struct node *details = node_new(m->arena, dependencies ? NODE_MAP : NODE_NULL, item->at);

        if (!node_is_scalar(item))
            continue; /* the check that follows refuses it */
        if (dependencies) {
            node_set_text(m->arena, details, "condition", "service_started");
            node_set(m->arena, details, "required", item->at, node_bool(m->arena, true, item->at));
        }
        node_set(m->arena, map, item->text, item->at, details);
    }
    return map;
}

static struct node *build_map(struct merger *m, struct node *n)
{
    struct node *map;

    if (n->kind == NODE_MAP)
        return n;
    map = node_new(m->arena, NODE_MAP, n->at);
    if (n->kind == NODE_TEXT)
        node_set(m->arena, map, "context", n->at, n);
    return map;
}

static int merge_logging(struct merger *m, struct shape s, struct node **base, struct node *over,
                         const struct trail *t)
{
    const struct node *own = node_get(*base, "driver"), *other = node_get(over, "driver");

    if (!own || !other || node_equal(own, other))
        return merge_maps(m, s, *base, over, t);
    *base = over;
    return 0;
}

static bool same_subnet(const struct node *a, const struct node *b)
{
    const struct node *x = node_get(a, "subnet"), *y = node_get(b, "subnet");

    return x && y ? node_equal(x, y) : x == y;
}

static struct node **find_subnet(struct node *list, const struct node *pool)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (same_subnet(list->items[i], pool))
            return &list->items[i];
    return NULL;
}

/* pools of the same subnet are one; the others stand side by side, those of the later file first */
static int merge_pools(struct merger *m, struct node **base, const struct node *over,
                       const struct trail *t)
{
    const struct shape pool = { .attribute = NULL };
    struct node *list = node_new(m->arena, NODE_LIST, (*base)->at);
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < (*base)->n; i++) {
        for (uint32_t j = 0; r == 0 && j < over->n; j++) {
            struct node *own = (*base)->items[i], *other = over->items[j], **there;

            if (own->kind != NODE_MAP || other->kind != NODE_MAP)
                return trail_refuse(t, other->at, m->e, "expected a list of maps");
            if (!same_subnet(own, other) && !find_subnet(list, other)) {
                node_push(m->arena, list, other);
                continue;
            }
            r = merge_maps(m, pool, own, other, t);
            there = find_subnet(list, own);
            if (there)
                *there = own;
            else
                node_push(m->arena, list, own);
        }
    }
    *base = list;
    return r;
}

static int cannot(struct merger *m, const struct node *base, const struct node *over,
                  const struct trail *t)
{
    return trail_refuse(t, over->at, m->e, "%s cannot override %s", node_kind_text(over->kind),
                        node_kind_text(base->kind));
}

static int merge_deep(struct merger *m, struct shape s, struct node **base, struct node *over,
                      const struct trail *t)
{
    if (over->kind == NODE_NULL)
        return 0;
    if ((*base)->kind == NODE_MAP)
        return over->kind == NODE_MAP ? merge_maps(m, s, *base, over, t)
                                      : cannot(m, *base, over, t);
    if ((*base)->kind == NODE_LIST) {
        if (over->kind != NODE_LIST)
            return cannot(m, *base, over, t);
        *base = concatenate(m, *base, over, false);
        return 0;
    }
    *base = over;
    return 0;
}

static int merge(struct merger *m, struct shape s, struct node **base, struct node *over,
                 const struct trail *t)
{
    bool dependencies = false;

    switch (s.attribute ? s.attribute->merge : MERGE_DEEP) {
    case MERGE_DEEP: return merge_deep(m, s, base, over, t);
    case MERGE_REPLACE: *base = over; return 0;
    case MERGE_SEQUENCE:
        *base = concatenate(m, sequence(m, *base), sequence(m, over), false);
        return 0;
    case MERGE_HOSTS: *base = concatenate(m, sequence(m, *base), sequence(m, over), true); return 0;
    case MERGE_DEPENDS: dependencies = true; /* fall through */
    case MERGE_NAMES:
        *base = names(m, *base, dependencies);
        return merge_maps(m, s, *base, names(m, over, dependencies), t);
    case MERGE_BUILD:
        *base = build_map(m, *base);
        return merge_maps(m, s, *base, build_map(m, over), t);
    case MERGE_LOGGING:
        if ((*base)->kind != NODE_MAP || over->kind != NODE_MAP)
            return merge_deep(m, s, base, over, t);
        return merge_logging(m, s, base, over, t);
    case MERGE_IPAM:
        if ((*base)->kind != NODE_LIST || over->kind != NODE_LIST)
            return cannot(m, *base, over, t);
        return merge_pools(m, base, over, t);
    }
    abort();
}

int merge_documents(struct arena *a, struct node **base, struct node *over, struct err *e)
{
    struct merger m = { .arena = a, .e = e };

    return merge(&m, SHAPE_PROJECT, base, over, NULL);
}

int merge_services(struct arena *a, const char *name, struct node **base, struct node *over,
                   struct err *e)
{
    const struct shape service = { .kind = &schema_service };
    struct merger m = { .arena = a, .e = e };
    const struct trail services = TRAIL_KEY(NULL, "services");

    return merge(&m, service, base, over, &TRAIL_KEY(&services, name));
}
