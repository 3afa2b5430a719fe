#include "compose/values_free.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "compose/scalar.h"

struct free_map {
    struct arena *arena;
    const struct attribute *attribute;
    struct node *out;
    struct err *e;
};

static int refuse(const struct free_map *x, const struct node *n, const struct trail *t,
                  const char *wanted)
{
    return trail_refuse(t, n->at, x->e, "expected %s, this is %s", wanted, node_kind_text(n->kind));
}

static const char *cut(struct arena *a, const char *text, const char *separator)
{
    return arena_strndup(a, text, (size_t) (separator - text));
}

/* ---- variables, labels, options ---- */

static void set_text(const struct free_map *x, const char *key, struct mark at, const char *text)
{
    node_set(x->arena, x->out, key, at, node_text(x->arena, text, at));
}

/* null: for a variable "from outside", elsewhere the empty text */
static int pair(const struct free_map *x, const struct entry *entry, const struct trail *t)
{
    const struct node *n = entry->value;

    if (n->kind == NODE_LIST || n->kind == NODE_MAP)
        return refuse(x, n, t, "a single value");
    if (n->kind == NODE_NULL && x->attribute->form == FORM_VARIABLES)
        node_set(x->arena, x->out, entry->key, entry->key_at,
                 node_new(x->arena, NODE_NULL, entry->key_at));
    else
        set_text(x, entry->key, entry->key_at, scalar_print(x->arena, n));
    return 0;
}

static int line(const struct free_map *x, const struct node *n, const struct trail *t)
{
    bool variables = x->attribute->form == FORM_VARIABLES;
    const char *equals, *key;

    if (!node_is_scalar(n))
        return refuse(x, n, t, "text");
    equals = strchr(n->text, '=');
    key = equals ? cut(x->arena, n->text, equals) : n->text;
    if (variables && key[0] && isspace((unsigned char) key[strlen(key) - 1]))
        return trail_refuse(t, n->at, x->e, "variable '%s' has a blank before =", key);
    if (equals || !variables)
        set_text(x, key, n->at, equals ? equals + 1 : "");
    else
        node_set(x->arena, x->out, key, n->at, node_new(x->arena, NODE_NULL, n->at));
    return 0;
}

/* ---- hosts ---- */

static int host(const struct free_map *x, const char *name, const char *addresses, struct mark at,
                const struct trail *t)
{
    if (name[0] == '\0' || strpbrk(name, ":="))
        return trail_refuse(t, at, x->e, "'%s' is no host name", name);
    for (;;) {
        size_t len = strcspn(addresses, ",");
        bool wrapped = len > 2 && addresses[0] == '[' && addresses[len - 1] == ']';
        const char *address = wrapped ? arena_strndup(x->arena, addresses + 1, len - 2)
                                      : arena_strndup(x->arena, addresses, len);

        node_push(x->arena, x->out,
                  node_text(x->arena, arena_printf(x->arena, "%s=%s", name, address), at));
        if (addresses[len] == '\0')
            return 0;
        addresses += len + 1;
    }
}

static int host_line(const struct free_map *x, const struct node *n, const struct trail *t)
{
    const char *separator = node_is_scalar(n) ? strchr(n->text, '=') : NULL;

    if (!node_is_scalar(n))
        return refuse(x, n, t, "text");
    if (!separator)
        separator = strchr(n->text, ':');
    if (!separator)
        return trail_refuse(t, n->at, x->e, "'%s' has no address; expected HOST=ADDRESS", n->text);
    return host(x, cut(x->arena, n->text, separator), separator + 1, n->at, t);
}

static int host_pair(const struct free_map *x, const struct entry *entry, const struct trail *t)
{
    const struct node *n = entry->value;
    int r = 0;

    if (n->kind != NODE_LIST)
        return host(x, entry->key, scalar_print(x->arena, n), entry->key_at, t);
    for (uint32_t i = 0; r == 0 && i < n->n; i++)
        r = host(x, entry->key, scalar_print(x->arena, n->items[i]), entry->key_at, t);
    return r;
}

/* ---- the others ---- */

static int options(const struct free_map *x, const struct entry *entry)
{
    struct node *list = node_new(x->arena, NODE_LIST, entry->key_at);
    const struct node *n = entry->value;
    uint32_t count = n->kind == NODE_LIST ? n->n : 1;

    for (uint32_t i = 0; i < count; i++) {
        const struct node *one = n->kind == NODE_LIST ? n->items[i] : n;
        node_push(x->arena, list, node_text(x->arena, scalar_print(x->arena, one), entry->key_at));
    }
    node_set(x->arena, x->out, entry->key, entry->key_at, list);
    return 0;
}

static int ssh(const struct free_map *x, const struct entry *entry)
{
    const struct node *n = entry->value;
    const char *path = scalar_print(x->arena, n);

    node_push(x->arena, x->out,
              node_text(x->arena,
                        path[0] ? arena_printf(x->arena, "%s=%s", entry->key, path) : entry->key,
                        entry->key_at));
    return 0;
}

static int ulimit(const struct free_map *x, const struct entry *entry, const struct trail *t)
{
    static const char *const sides[] = { "soft", "hard" };
    const struct node *n = entry->value;
    struct node *map = node_new(x->arena, NODE_MAP, entry->key_at);

    if (n->kind != NODE_INT && n->kind != NODE_MAP)
        return refuse(x, n, t, "a number");
    for (size_t i = 0; i < 2; i++) {
        const struct node *side = n->kind == NODE_MAP ? node_get(n, sides[i]) : NULL;

        if (side && side->kind != NODE_INT)
            return refuse(x, side, &TRAIL_KEY(t, sides[i]), "a number");
        node_set(x->arena, map, sides[i], n->at,
                 node_int(x->arena, side ? side->integer : 0, n->at));
    }
    node_set(x->arena, x->out, entry->key, entry->key_at,
             n->kind == NODE_INT && n->integer != 0 ? node_int(x->arena, n->integer, n->at) : map);
    return 0;
}

static int one_entry(const struct free_map *x, const struct entry *entry, const struct trail *t)
{
    enum form form = x->attribute->form;

    if (form == FORM_HOSTS)
        return host_pair(x, entry, t);
    if (form == FORM_ULIMITS)
        return ulimit(x, entry, t);
    if (form == FORM_LISTS)
        return options(x, entry);
    return form == FORM_SSH ? ssh(x, entry) : pair(x, entry, t);
}

int values_free(struct arena *a, const struct attribute *attribute, const struct node *n,
                const struct trail *t, struct node **out, struct err *e)
{
    bool hosts = attribute->form == FORM_HOSTS, list = hosts || attribute->form == FORM_SSH;
    const struct free_map x = { .arena = a,
                                .attribute = attribute,
                                .out = node_new(a, list ? NODE_LIST : NODE_MAP, n->at),
                                .e = e };
    int r = 0;

    if (n->kind != NODE_MAP && n->kind != NODE_LIST)
        return refuse(&x, n, t, "a map");
    for (uint32_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        r = hosts ? host_line(&x, n->items[i], &TRAIL_ITEM(t, i))
                  : line(&x, n->items[i], &TRAIL_ITEM(t, i));
    for (uint32_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        r = one_entry(&x, &n->entries[i], &TRAIL_KEY(t, n->entries[i].key));
    if (r < 0 || x.out->n == 0)
        return r;
    if (list)
        node_sort_texts(x.out);
    else
        node_sort(x.out);
    *out = x.out;
    return 0;
}
