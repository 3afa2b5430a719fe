#include "compose/environment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "compose/dotenv.h"
#include "compose/trail.h"

/* what env files may refer to besides themselves: the project's variables, then the service's */
struct outside {
    const struct variables *variables; /* NULL = nothing */
    const struct node *own;            /* NULL = none */
};

static const char *get(const void *self, const char *name)
{
    const struct outside *o = self;
    const char *value = o->variables ? variables_get(o->variables, name) : NULL;

    return value ? value : node_get_text(o->own, name, NULL);
}

static int read_file(const struct variables *v, const struct outside *o, const struct node *file,
                     struct node *out, struct err *e)
{
    const struct dotenv_outside outside = { .get = get, .self = o };
    const char *path = file->kind == NODE_MAP ? node_get_text(file, "path", "") : file->text;
    const struct node *required = node_get(file, "required");
    int r;

    if (access(path, F_OK) < 0 && errno == ENOENT) {
        if (required && !node_is_true(required))
            return 0;
        return trail_refuse(NULL, file->at, e, "file not found: %s", path);
    }
    r = dotenv_read(v->arena, path, node_get_text(file, "format", NULL), &outside, out, e);
    if (r < 0 && e->at.line == 0)
        (void) err_at(e, file->at);
    return r;
}

static void set_missing(const struct variables *v, struct node *service, const char *key,
                        struct node *map)
{
    if (node_count(map) == 0)
        return;
    node_sort(map);
    node_set(v->arena, service, key, map->at, map);
}

int environment_resolve(const struct variables *v, struct node *service, struct err *e)
{
    struct node *own = node_get(service, "environment");
    const struct node *files = node_get(service, "env_file");
    const struct outside o = { .variables = v, .own = own };
    struct node *all = node_new(v->arena, NODE_MAP, service->at);
    int r = 0;

    for (uint32_t i = 0; i < node_count(own); i++) {
        struct entry *entry = &own->entries[i];
        const char *value = entry->value->kind == NODE_NULL ? variables_get(v, entry->key) : NULL;

        if (value)
            entry->value = node_text(v->arena, value, entry->key_at);
        if (entry->value->kind != NODE_NULL)
            node_set(v->arena, all, entry->key, entry->key_at, entry->value);
    }
    for (uint32_t i = 0; r == 0 && i < node_count(files); i++)
        r = read_file(v, &o, files->items[i], all, e);
    if (r < 0)
        return r;
    /* what the service says itself wins, also when it says nothing */
    for (uint32_t i = 0; i < node_count(own); i++)
        node_set(v->arena, all, own->entries[i].key, own->entries[i].key_at, own->entries[i].value);
    set_missing(v, service, "environment", all);
    node_remove(service, "env_file");
    return 0;
}

int environment_labels(const struct variables *v, struct node *service, struct err *e)
{
    const struct node *own = node_get(service, "labels");
    const struct node *files = node_get(service, "label_file");
    const struct outside o = { 0 };
    struct node *all;
    int r = 0;

    if (!files)
        return 0;
    all = node_new(v->arena, NODE_MAP, service->at);
    for (uint32_t i = 0; r == 0 && i < node_count(files); i++)
        r = read_file(v, &o, files->items[i], all, e);
    for (uint32_t i = 0; r == 0 && i < node_count(own); i++)
        node_set(v->arena, all, own->entries[i].key, own->entries[i].key_at, own->entries[i].value);
    if (r < 0)
        return r;
    set_missing(v, service, "labels", all);
    node_remove(service, "label_file");
    return 0;
}
