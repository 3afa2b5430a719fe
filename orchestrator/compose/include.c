/* include: other projects become part of this one, each resolved where it stands. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "compose/layers.h"
#include "compose/pathname.h"
#include "compose/trail.h"

struct includer {
    struct layers *layers;
    const struct layer_chain *chain; /* the including file and what led to it */
    struct err *e;
};

/* one entry, in parts */
struct inclusion {
    const struct node *paths, *dir, *env_files; /* paths and env_files: a text or a list */
    struct mark at;
};

static const struct node *item(const struct node *n, uint32_t i)
{
    return n->kind == NODE_LIST ? n->items[i] : n;
}

static uint32_t count(const struct node *n)
{
    return !n || n->kind == NODE_NULL ? 0 : n->kind == NODE_LIST ? n->n : 1;
}

static int refuse_texts(const struct includer *x, const struct node *n, const char *what)
{
    for (uint32_t i = 0; i < count(n); i++)
        if (item(n, i)->kind != NODE_TEXT)
            return trail_refuse(NULL, item(n, i)->at, x->e,
                                "include: '%s' must be text, this is %s", what,
                                node_kind_text(item(n, i)->kind));
    return 0;
}

static int parts(const struct includer *x, const struct node *n, struct inclusion *out)
{
    static const char *const known[] = { "path", "project_directory", "env_file" };
    int r;

    *out = (struct inclusion){ .paths = n, .at = n->at };
    if (n->kind == NODE_TEXT)
        return 0;
    if (n->kind != NODE_MAP)
        return trail_refuse(NULL, n->at, x->e, "include: expected a path or a map, this is %s",
                            node_kind_text(n->kind));
    for (uint32_t i = 0; i < n->n; i++) {
        size_t k = 0;
        while (k < 3 && strcmp(known[k], n->entries[i].key) != 0)
            k++;
        if (k == 3) /* Docker Compose does not look at it either */
            warnings_add(x->layers->variables->warnings, n->entries[i].key_at,
                         "include has no attribute '%s'", n->entries[i].key);
    }
    out->paths = node_get(n, "path");
    out->dir = node_get(n, "project_directory");
    if (out->dir && out->dir->kind == NODE_NULL)
        out->dir = NULL;
    out->env_files = node_get(n, "env_file");
    if (!out->paths) /* nothing, as with Docker Compose */
        warnings_add(x->layers->variables->warnings, n->at, "include without 'path'");
    if ((r = refuse_texts(x, out->paths, "path")) < 0 ||
        (r = refuse_texts(x, out->dir, "project_directory")) < 0)
        return r;
    return refuse_texts(x, out->env_files, "env_file");
}

static int read_files(const struct includer *x, const struct inclusion *in,
                      struct layer_file *files)
{
    struct layers *l = x->layers;

    for (uint32_t i = 0; i < count(in->paths); i++) {
        const struct node *path = item(in->paths, i);
        int r;

        files[i].path = pathname_resolve(l->arena, l->base, path->text);
        for (const struct layer_chain *c = x->chain; i == 0 && c; c = c->up)
            if (strcmp(c->file, files[i].path) == 0)
                return layers_refuse_cycle(
                    &(struct layer_chain){ .up = x->chain, .file = files[i].path }, "includes ",
                    path->at, x->e);
        r = yaml_read(l->arena, files[i].path, &files[i].stream, x->e);
        if (r < 0)
            return err_wrap(x->e, "%s:%u: include", path->at.file, path->at.line);
    }
    return 0;
}

/* the env files that are named, or .env beside the included file */
static int read_env(const struct includer *x, const struct inclusion *in, const char *dir,
                    struct variables *v)
{
    struct arena *a = x->layers->arena;
    int r = 0;

    if (count(in->env_files) == 0) {
        const char *path = pathname_join(a, dir, ".env");
        struct stat st;
        return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) ? variables_read(v, path, x->e) : 0;
    }
    for (uint32_t i = 0; r == 0 && i < count(in->env_files); i++)
        r = variables_read(v, pathname_resolve(a, x->layers->base, item(in->env_files, i)->text),
                           x->e);
    return r;
}

static int import(const struct includer *x, struct node *root, const struct node *included,
                  const char *section)
{
    struct node *from = node_get(included, section), *to = node_get(root, section);
    struct arena *a = x->layers->arena;

    if (!from)
        return 0;
    if (!to) {
        node_set(a, root, section, from->at, from);
        return 0;
    }
    if (to->kind != NODE_MAP)
        return trail_refuse(NULL, to->at, x->e, "%s: expected a map, this is %s", section,
                            node_kind_text(to->kind));
    for (uint32_t i = 0; i < from->n; i++) {
        const struct entry *entry = &from->entries[i], *own = node_entry(to, entry->key);

        if (own && !node_equal(own->value, entry->value))
            return trail_refuse(NULL, own->key_at, x->e,
                                "%s.%s is here and, with another meaning, in what is included "
                                "(%s:%u)",
                                section, entry->key, entry->key_at.file, entry->key_at.line);
        if (!own)
            node_set(a, to, entry->key, entry->key_at, entry->value);
    }
    return 0;
}

/* Docker Compose takes a project directory that is not there for a file in its parent. */
static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int include(const struct includer *x, const struct node *n, struct node *root)
{
    static const char *const sections[] = { "services", "volumes", "networks",
                                            "secrets",  "configs", "models" };
    struct layers *outer = x->layers, inner = *outer;
    struct variables *v = arena_alloc(outer->arena, sizeof *v);
    struct inclusion in = { 0 };
    struct layer_file *files;
    struct node *document = NULL;
    const char *dir;
    int r = parts(x, n, &in);

    if (r < 0 || count(in.paths) == 0)
        return r;
    files = arena_array(outer->arena, count(in.paths), sizeof *files);
    r = read_files(x, &in, files);
    if (r < 0)
        return r;
    dir = in.dir ? pathname_resolve(outer->arena, outer->base, in.dir->text)
                 : pathname_parent(outer->arena, files[0].path);
    variables_init(v, outer->arena, outer->variables);
    r = read_env(x, &in, dir, v);
    inner.variables = v;
    inner.base = dir;
    inner.dir = in.dir && !is_dir(dir) ? pathname_parent(outer->arena, dir) : dir;
    if (!outer->dir || outer->dir[0] != '/')
        inner.dir = pathname_relative(outer->arena, outer->base, inner.dir);
    inner.included = x->chain;
    if (r == 0)
        r = layers_load(&inner, files, count(in.paths), &document, x->e);
    for (size_t i = 0; r == 0 && i < sizeof sections / sizeof *sections; i++)
        r = import(x, root, document, sections[i]);
    return r;
}

int include_apply(struct layers *l, const char *file, struct node *root, struct err *e)
{
    const struct layer_chain here = { .up = l->included, .file = file };
    const struct includer x = { .layers = l, .chain = &here, .e = e };
    const struct node *list = node_get(root, "include");
    unsigned depth = 0;
    int r = 0;

    if (!list)
        return 0;
    for (const struct layer_chain *c = &here; c; c = c->up)
        if (++depth > LIMIT_COMPOSE_CHAIN)
            return trail_refuse(NULL, list->at, e, "more than %d files include one another",
                                LIMIT_COMPOSE_CHAIN);
    if (list->kind != NODE_LIST && list->kind != NODE_NULL)
        return trail_refuse(NULL, list->at, e, "include: expected a list, this is %s",
                            node_kind_text(list->kind));
    for (uint32_t i = 0; r == 0 && i < count(list); i++)
        r = include(&x, list->items[i], root);
    node_remove(root, "include");
    return r;
}
