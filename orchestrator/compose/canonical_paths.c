/* canonical_paths: relative paths, as if written in one directory. */
#include <string.h>

#include "compose/canonical.h"
#include "compose/pathname.h"
#include "compose/schema.h"
#include "compose/trail.h"

struct resolver {
    struct arena *arena;
    const char *dir;
    struct err *e;
};

static bool is_remote(const char *context)
{
    static const char *const prefixes[] = { "service:", "github.com/", "git@" };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(context, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return strstr(context, "://") != NULL;
}

static const char *resolve(const struct resolver *r, enum path_rule rule, const char *path)
{
    switch (rule) {
    case PATH_NONE: return path;
    case PATH_FILE: return path[0] ? pathname_resolve(r->arena, r->dir, path) : path;
    case PATH_LINK:
        path = pathname_resolve(r->arena, r->dir, path);
        return path[0] == '/' ? pathname_follow(r->arena, path) : path;
    case PATH_LOCAL:
    case PATH_LOCALS:
        return pathname_is_windows(path) ? path : pathname_resolve(r->arena, r->dir, path);
    case PATH_CONTEXT:
    case PATH_CONTEXTS:
        if (is_remote(path))
            return path;
        return path[0] ? pathname_resolve(r->arena, r->dir, path) : path;
    }
    return path;
}

static int value(const struct resolver *r, struct shape s, struct node *n, const struct trail *t);

static int mount(const struct resolver *r, struct node *n, const struct trail *t)
{
    struct node *source = node_get(n, "source");

    if (strcmp(node_get_text(n, "type", ""), "bind") != 0)
        return 0;
    if (!source)
        return trail_refuse(t, n->at, r->e, "a bind needs a 'source'");
    if (source->kind == NODE_TEXT)
        source->text = resolve(r, PATH_LOCAL, source->text);
    return 0;
}

/* driver: local with o: bind mounts a directory of the host */
static void volume(const struct resolver *r, const struct node *n)
{
    const struct node *options = node_get(n, "driver_opts");
    struct node *device = node_get(options, "device");

    if (strcmp(node_get_text(n, "driver", ""), "local") == 0 && device &&
        device->kind == NODE_TEXT && strcmp(node_get_text(options, "o", ""), "bind") == 0)
        device->text = resolve(r, PATH_LOCAL, device->text);
}

static int object(const struct resolver *r, struct shape s, struct node *map, const struct trail *t)
{
    int code = 0;

    if (s.kind == &schema_volume)
        volume(r, map);
    for (uint32_t i = 0; code == 0 && map->kind == NODE_MAP && i < map->n; i++)
        code = value(r, schema_member(s, map->entries[i].key), map->entries[i].value,
                     &TRAIL_KEY(t, map->entries[i].key));
    return code;
}

static int list(const struct resolver *r, const struct attribute *a, struct node *n,
                const struct trail *t)
{
    int code = 0;

    for (uint32_t i = 0; code == 0 && i < n->n; i++) {
        struct node *item = n->items[i];

        if (item->kind == NODE_TEXT && a->path == PATH_FILE)
            item->text = resolve(r, a->path, item->text);
        else if (item->kind == NODE_MAP && a->unique == UNIQUE_TARGET)
            code = mount(r, item, &TRAIL_ITEM(t, i));
        else if (item->kind == NODE_MAP)
            code = object(r, (struct shape){ .kind = a->kind }, item, &TRAIL_ITEM(t, i));
    }
    return code;
}

static int value(const struct resolver *r, struct shape s, struct node *n, const struct trail *t)
{
    if (s.kind || (s.attribute && s.attribute->form == FORM_NAMED))
        return object(r, s, n, t);
    if (!s.attribute)
        return 0;
    if (n->kind == NODE_LIST)
        return list(r, s.attribute, n, t);
    if (n->kind == NODE_TEXT)
        n->text = resolve(r, s.attribute->path, n->text);
    for (uint32_t i = 0; n->kind == NODE_MAP && s.attribute->path && i < n->n; i++)
        if (n->entries[i].value->kind == NODE_TEXT)
            n->entries[i].value->text = resolve(r, s.attribute->path, n->entries[i].value->text);
    return 0;
}

int canonical_paths(struct arena *a, const char *dir, struct node *root, struct err *e)
{
    const struct resolver r = { .arena = a, .dir = dir, .e = e };

    return object(&r, SHAPE_PROJECT, root, NULL);
}
