#include "compose/canonical.h"

#include <errno.h>
#include <string.h>

#include "compose/scalar.h"
#include "compose/schema.h"
#include "compose/short.h"
#include "compose/trail.h"

struct expander {
    const struct canonical *c;
    struct err *e;
};

static int expand(const struct expander *x, struct shape s, struct node **n, const struct trail *t);

static struct node *map_of(const struct expander *x, const char *key, struct node *value)
{
    struct node *map = node_new(x->c->arena, NODE_MAP, value->at);

    node_set(x->c->arena, map, key, value->at, value);
    return map;
}

static void set_default(const struct expander *x, struct node *map, const char *key,
                        struct node *value)
{
    if (!node_get(map, key))
        node_set(x->c->arena, map, key, map->at, value);
}

/* ---- single things ---- */

static int ports(const struct expander *x, struct node **n, const struct trail *t)
{
    struct node *list = node_new(x->c->arena, NODE_LIST, (*n)->at);

    if ((*n)->kind != NODE_LIST)
        return 0;
    for (uint32_t i = 0; i < (*n)->n; i++) {
        struct node *item = (*n)->items[i];
        struct trail at = TRAIL_ITEM(t, i);
        int r = 0;

        if (item->kind == NODE_MAP)
            node_push(x->c->arena, list, item);
        else if (item->kind == NODE_INT || item->kind == NODE_TEXT)
            r = short_ports(x->c->arena, item, &at, list, x->e);
        else
            r = trail_refuse(&at, item->at, x->e, "%s is not a port", node_kind_text(item->kind));
        if (r < 0)
            return x->c->lenient && item->kind == NODE_TEXT ? 0 : r;
    }
    *n = list;
    return 0;
}

static int item_text(const struct expander *x, const struct attribute *a, struct node **n,
                     const struct trail *t)
{
    int r = 0;

    switch (a->unique) {
    case UNIQUE_TARGET: r = short_volume(x->c->arena, *n, t, n, x->e); break;
    case UNIQUE_DEVICE: r = short_device(x->c->arena, *n, t, n, x->e); break;
    case UNIQUE_NONE:
    case UNIQUE_KEY:
    case UNIQUE_CONFIG:
    case UNIQUE_SECRET:
    case UNIQUE_PORT:
    case UNIQUE_ENV_FILE:
    case UNIQUE_VALUE: *n = map_of(x, a->kind == &schema_include ? "path" : "source", *n); break;
    }
    return x->c->lenient ? 0 : r;
}

static int objects(const struct expander *x, const struct attribute *a, struct node **n,
                   const struct trail *t)
{
    int r = 0;

    if (a->unique == UNIQUE_PORT)
        return ports(x, n, t);
    if ((*n)->kind == NODE_TEXT) { /* gpus: all */
        struct node *list = node_new(x->c->arena, NODE_LIST, (*n)->at);
        node_push(x->c->arena, list, map_of(x, "count", node_text(x->c->arena, "all", (*n)->at)));
        *n = list;
    }
    for (uint32_t i = 0; r == 0 && (*n)->kind == NODE_LIST && i < (*n)->n; i++) {
        struct node **item = &(*n)->items[i];

        if (!(a->items & 1u << (*item)->kind))
            return trail_refuse(&TRAIL_ITEM(t, i), (*item)->at, x->e, "this cannot be %s",
                                node_kind_text((*item)->kind));
        r = (*item)->kind == NODE_TEXT
                ? item_text(x, a, item, &TRAIL_ITEM(t, i))
                : expand(x, (struct shape){ .kind = a->kind }, item, &TRAIL_ITEM(t, i));
    }
    return r;
}

static void env_files(const struct expander *x, struct node **n)
{
    struct node *list = *n;

    if (list->kind == NODE_TEXT) {
        list = node_new(x->c->arena, NODE_LIST, (*n)->at);
        node_push(x->c->arena, list, *n);
    }
    for (uint32_t i = 0; list->kind == NODE_LIST && i < list->n; i++) {
        if (list->items[i]->kind == NODE_TEXT)
            list->items[i] = map_of(x, "path", list->items[i]);
        if (list->items[i]->kind == NODE_MAP)
            set_default(x, list->items[i], "required",
                        node_bool(x->c->arena, true, list->items[i]->at));
    }
    *n = list;
}

/* An extended file is not checked before it is expanded, its services are when they are used. */
static bool is_list_of_texts(const struct node *n)
{
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        if (n->items[i]->kind != NODE_TEXT)
            return false;
    return n->kind == NODE_LIST;
}

static int named(const struct expander *x, struct shape s, struct node **n, const struct trail *t)
{
    bool depends = s.attribute->merge == MERGE_DEPENDS;
    struct arena *a = x->c->arena;
    struct node *map = *n;
    int r = 0;

    if (s.attribute->accepts & IS_LIST && is_list_of_texts(map)) {
        map = node_new(a, NODE_MAP, (*n)->at);
        for (uint32_t i = 0; i < (*n)->n; i++)
            node_set(a, map, (*n)->items[i]->text, (*n)->items[i]->at,
                     node_new(a, depends ? NODE_MAP : NODE_NULL, (*n)->items[i]->at));
    }
    for (uint32_t i = 0; r == 0 && map->kind == NODE_MAP && i < map->n; i++) {
        struct entry *entry = &map->entries[i];

        if (depends && entry->value->kind != NODE_MAP)
            return trail_refuse(&TRAIL_KEY(t, entry->key), entry->value->at, x->e,
                                "this cannot be %s", node_kind_text(entry->value->kind));
        if (depends) {
            set_default(x, entry->value, "condition",
                        node_text(a, "service_started", entry->key_at));
            set_default(x, entry->value, "required", node_bool(a, true, entry->key_at));
        }
        r = expand(x, schema_member(s, entry->key), &entry->value, &TRAIL_KEY(t, entry->key));
    }
    *n = map;
    return r;
}

/* A list of KEY=value as a map; `bare` is the only key that may stand alone, NULL = none. */
static int pairs(const struct expander *x, struct node **n, const char *bare, const struct trail *t)
{
    struct node *map = node_new(x->c->arena, NODE_MAP, (*n)->at);

    for (uint32_t i = 0; i < (*n)->n; i++) {
        const struct node *item = (*n)->items[i];
        const char *equals = strchr(item->text, '=');

        if (!equals && !bare && x->c->lenient)
            return 0;
        if (!equals && (!bare || strcmp(item->text, bare) != 0))
            return trail_refuse(&TRAIL_ITEM(t, i), item->at, x->e,
                                "'%s' has no value; expected KEY=value", item->text);
        node_set(x->c->arena, map,
                 equals ? arena_strndup(x->c->arena, item->text, (size_t) (equals - item->text))
                        : item->text,
                 item->at,
                 equals ? node_text(x->c->arena, equals + 1, item->at)
                        : node_new(x->c->arena, NODE_NULL, item->at));
    }
    *n = map;
    return 0;
}

/* external: {name: NAME} is external: true and name: NAME */
static int external(const struct expander *x, struct node *resource, const struct trail *t)
{
    const struct node *old = node_get(resource, "external"), *name, *own;

    if (!old || old->kind != NODE_MAP)
        return 0;
    name = node_get(old, "name");
    own = node_get(resource, "name");
    if (name && own && !node_equal(name, own))
        return trail_refuse(t, name->at, x->e,
                            "'name' and 'external.name' differ; write only name");
    if (name && !own)
        node_set(x->c->arena, resource, "name", name->at, node_copy(x->c->arena, name));
    if (name)
        warnings_add(x->c->variables->warnings, name->at,
                     "external.name is deprecated; write name and external: true");
    node_set(x->c->arena, resource, "external", old->at, node_bool(x->c->arena, true, old->at));
    return 0;
}

/* ---- the walk ---- */

static int object(const struct expander *x, struct shape s, struct node **n, const struct trail *t)
{
    int r = 0;

    if ((*n)->kind == NODE_TEXT)
        *n =
            map_of(x, s.attribute && s.attribute->merge == MERGE_BUILD ? "context" : "service", *n);
    for (uint32_t i = 0; r == 0 && (*n)->kind == NODE_MAP && i < (*n)->n; i++) {
        struct entry *entry = &(*n)->entries[i];
        r = expand(x, schema_member(s, entry->key), &entry->value, &TRAIL_KEY(t, entry->key));
    }
    return r == 0 && (*n)->kind == NODE_MAP ? external(x, *n, t) : r;
}

static void single_text(const struct expander *x, struct node **n)
{
    struct node *list;

    if ((*n)->kind != NODE_TEXT)
        return;
    list = node_new(x->c->arena, NODE_LIST, (*n)->at);
    node_push(x->c->arena, list, *n);
    *n = list;
}

/* empty entries of `dns` mean nothing */
static void drop_empty(struct node *list)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i]->text && list->items[i]->text[0])
            list->items[kept++] = list->items[i];
    list->n = kept;
}

/* Only these are looked at here in a file that is extended, of which the rest may be anything. */
static bool has_short_form(const struct attribute *a)
{
    return a->form == FORM_ENV_FILES || a->form == FORM_SSH || a->path == PATH_CONTEXTS ||
           (a->form == FORM_OBJECTS && (a->unique == UNIQUE_PORT || a->accepts & IS_TEXT)) ||
           a->merge == MERGE_BUILD || a->merge == MERGE_DEPENDS;
}

static int expand(const struct expander *x, struct shape s, struct node **n, const struct trail *t)
{
    const struct attribute *a = s.attribute;

    if (a && has_short_form(a) && !(a->accepts & 1u << (*n)->kind))
        return trail_refuse(t, (*n)->at, x->e, "this cannot be %s", node_kind_text((*n)->kind));
    if (s.kind)
        return object(x, s, n, t);
    if (!a)
        return 0;
    if (a->form == FORM_OBJECTS)
        return objects(x, a, n, t);
    if (a->form == FORM_NAMED)
        return named(x, s, n, t);
    if (a->form == FORM_TEXT && (*n)->kind == NODE_BOOL)
        *n = node_text(x->c->arena, (*n)->text, (*n)->at);
    if (a->form == FORM_ENV_FILES)
        env_files(x, n);
    if (a->form == FORM_SSH && is_list_of_texts(*n))
        return pairs(x, n, "default", t);
    if (a->path == PATH_CONTEXTS && is_list_of_texts(*n))
        return pairs(x, n, NULL, t);
    if (a->listed)
        single_text(x, n);
    if (a->listed && strcmp(a->name, "dns") == 0 && (*n)->kind == NODE_LIST)
        drop_empty(*n);
    return 0;
}

int canonical_expand(const struct canonical *c, struct node *root, struct err *e)
{
    struct expander x = { .c = c, .e = e };

    return object(&x, SHAPE_PROJECT, &root, NULL);
}

/* ---- what lists of variables, secrets and configs take from the environment ---- */

static void variables_of(const struct canonical *c, struct node *list)
{
    for (uint32_t i = 0; list && is_list_of_texts(list) && i < list->n; i++) {
        struct node *item = list->items[i];
        const char *value =
            strchr(item->text, '=') ? NULL : variables_get(c->variables, item->text);

        if (value)
            list->items[i] =
                node_text(c->arena, arena_printf(c->arena, "%s=%s", item->text, value), item->at);
    }
}

static void contents(const struct canonical *c, struct node *section)
{
    for (uint32_t i = 0; i < node_count(section); i++) {
        struct node *n = section->entries[i].value;
        const char *name = node_get_text(n, "environment", NULL);
        const char *value = name ? variables_get(c->variables, name) : NULL;

        if (value)
            node_set_text(c->arena, n, CANONICAL_VALUE, value);
    }
}

void canonical_environment(const struct canonical *c, struct node *root)
{
    struct node *services = node_get(root, "services");

    for (uint32_t i = 0; i < node_count(services); i++)
        variables_of(c, node_get(services->entries[i].value, "environment"));
    contents(c, node_get(root, "secrets"));
    contents(c, node_get(root, "configs"));
}
