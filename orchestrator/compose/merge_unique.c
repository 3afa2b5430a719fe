/* merge_unique: what a list names more than once. */
#include <stdio.h>
#include <string.h>

#include "compose/merge.h"
#include "compose/scalar.h"
#include "compose/schema.h"
#include "compose/short.h"
#include "compose/trail.h"

struct uniquer {
    struct arena *arena;
    struct err *e;
};

static int missing(const struct uniquer *u, const struct node *item, const char *what,
                   const struct trail *t)
{
    return trail_refuse(t, item->at, u->e, "'%s' is missing", what);
}

static int port_key(const struct uniquer *u, const struct node *item, const struct trail *t,
                    const char **out)
{
    if (item->kind != NODE_MAP) {
        *out = node_is_scalar(item) ? item->text : "";
        return 0;
    }
    if (!node_get(item, "target"))
        return missing(u, item, "target", t);
    *out = arena_printf(u->arena, "%s:%s:%s/%s", node_get_text(item, "host_ip", "0.0.0.0"),
                        node_get_text(item, "published", "-"), node_get_text(item, "target", ""),
                        node_get_text(item, "protocol", "tcp"));
    return 0;
}

static int volume_key(const struct uniquer *u, const struct node *item, const struct trail *t,
                      const char **out)
{
    struct node *parsed = NULL;
    int r = 0;

    if (item->kind == NODE_MAP) {
        const struct node *target = node_get(item, "target");
        *out = target && target->kind == NODE_TEXT ? target->text : NULL;
        return *out ? 0 : missing(u, item, "target", t);
    }
    *out = "";
    if (item->kind == NODE_TEXT)
        r = short_volume(u->arena, item, t, &parsed, u->e);
    if (parsed)
        *out = node_get_text(parsed, "target", "");
    return r;
}

/* SOURCE:TARGET:PERMISSIONS */
static int device_key(const struct uniquer *u, const struct node *item, const struct trail *t,
                      const char **out)
{
    const char *colon;

    if (item->kind == NODE_MAP) {
        *out = node_get_text(item, "target", NULL);
        return *out ? 0 : missing(u, item, "target", t);
    }
    *out = node_is_scalar(item) ? item->text : "";
    colon = strchr(*out, ':');
    if (colon)
        *out = arena_strndup(u->arena, colon + 1, strcspn(colon + 1, ":"));
    return 0;
}

static const char *mount_key(const struct uniquer *u, const struct node *item, const char *dir)
{
    const char *target = node_get_text(item, "target", NULL);

    if (target)
        return target;
    return arena_printf(u->arena, "%s/%s", dir,
                        item->kind == NODE_MAP ? node_get_text(item, "source", "")
                        : item->text           ? item->text
                                               : "");
}

static int key_of(const struct uniquer *u, const struct attribute *a, const struct node *item,
                  const struct trail *t, const char **out)
{
    switch (a->unique) {
    case UNIQUE_NONE: return 0;
    case UNIQUE_KEY:
        if (item->kind != NODE_TEXT)
            return trail_refuse(t, item->at, u->e, "expected text, this is %s",
                                node_kind_text(item->kind));
        *out = arena_strndup(u->arena, item->text, strcspn(item->text, "="));
        return 0;
    case UNIQUE_VALUE:
        if (item->kind != NODE_TEXT && item->kind != NODE_INT)
            return trail_refuse(t, item->at, u->e, "expected text or a number, this is %s",
                                node_kind_text(item->kind));
        *out = item->text;
        return 0;
    case UNIQUE_TARGET: return volume_key(u, item, t, out);
    case UNIQUE_DEVICE: return device_key(u, item, t, out);
    case UNIQUE_PORT: return port_key(u, item, t, out);
    case UNIQUE_CONFIG: *out = mount_key(u, item, ""); return 0;
    case UNIQUE_SECRET: *out = mount_key(u, item, "/run/secrets"); return 0;
    case UNIQUE_ENV_FILE:
        *out = item->kind == NODE_MAP ? node_get_text(item, "path", NULL) : item->text;
        return *out || item->kind != NODE_MAP ? 0 : missing(u, item, "path", t);
    }
    return 0;
}

static int unique_list(const struct uniquer *u, const struct attribute *a, struct node *list,
                       const struct trail *t)
{
    struct node *seen; /* key: an index into the list */
    uint32_t kept = 0;

    seen = node_new(u->arena, NODE_MAP, list->at);
    for (uint32_t i = 0; i < list->n; i++) {
        const struct node *before;
        const char *key = "";
        int r = key_of(u, a, list->items[i], &TRAIL_ITEM(t, i), &key);

        if (r < 0)
            return r;
        before = node_get(seen, key ? key : "");
        if (before) {
            list->items[before->integer] = list->items[i];
            continue;
        }
        node_set(u->arena, seen, key ? key : "", list->at, node_int(u->arena, kept, list->at));
        list->items[kept++] = list->items[i];
    }
    list->n = kept;
    return 0;
}

static int unique_value(const struct uniquer *u, struct shape s, struct node *n,
                        const struct trail *t)
{
    int r = 0;

    if (n->kind == NODE_LIST && s.attribute && s.attribute->unique != UNIQUE_NONE)
        return unique_list(u, s.attribute, n, t);
    for (uint32_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        if (n->entries[i].value->kind >= NODE_LIST)
            r = unique_value(u, schema_member(s, n->entries[i].key), n->entries[i].value,
                             &TRAIL_KEY(t, n->entries[i].key));
    return r;
}

int merge_unique(struct arena *a, struct node *root, struct err *e)
{
    struct uniquer u = { .arena = a, .e = e };

    return unique_value(&u, SHAPE_PROJECT, root, NULL);
}
