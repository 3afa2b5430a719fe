/* The tags !reset and !override of a document: they become paths, and what is reset goes. */
#include <string.h>

#include "compose/yaml.h"

struct paths {
    struct arena *arena;
    const char **list;
    size_t n, room;
};

static void add_path(struct paths *p, const char *path)
{
    if (p->n + 1 >= p->room) {
        const char **grown;
        p->room = p->room ? 2 * p->room : 8;
        grown = arena_array(p->arena, p->room, sizeof *grown);
        if (p->n > 0)
            memcpy(grown, p->list, p->n * sizeof *grown);
        p->list = grown;
    }
    p->list[p->n++] = path;
}

static const char *below(const struct paths *p, const char *path, const char *key)
{
    return path[0] ? arena_printf(p->arena, "%s%c%s", path, YAML_PATH_SEPARATOR, key)
                   : arena_strdup(p->arena, key);
}

/* false when the node itself is to go */
static bool apply_tags(struct paths *p, struct node *n, const char *path)
{
    uint32_t kept = 0;

    if (n->tag != TAG_NONE) {
        add_path(p, path);
        return n->tag != TAG_RESET;
    }
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        if (apply_tags(p, n->items[i], below(p, path, arena_printf(p->arena, "%u", i))))
            n->items[kept++] = n->items[i];
    if (n->kind == NODE_LIST)
        n->n = kept;
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n;) {
        const char *key = n->entries[i].key;
        if (apply_tags(p, n->entries[i].value, below(p, path, key)))
            i++;
        else
            node_remove(n, key);
    }
    return true;
}

void yaml_apply_tags(struct arena *a, struct yaml_document *d)
{
    struct paths paths = { .arena = a };

    if (!apply_tags(&paths, d->root, ""))
        d->root = node_new(a, NODE_NULL, d->root->at);
    add_path(&paths, NULL);
    d->replaced = paths.list;
}
