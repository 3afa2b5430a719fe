#include "compose/layers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/canonical.h"
#include "compose/check.h"
#include "compose/interpolate.h"
#include "compose/merge.h"
#include "compose/trail.h"

static void reset_one(struct node *map, const char *path)
{
    for (;;) {
        size_t n = strcspn(path, (char[]){ YAML_PATH_SEPARATOR, '\0' });
        char key[256];

        if (!map || map->kind != NODE_MAP || n >= sizeof key)
            return;
        memcpy(key, path, n);
        key[n] = '\0';
        if (path[n] == '\0') {
            node_remove(map, key);
            return;
        }
        map = node_get(map, key);
        path += n + 1;
    }
}

void layers_reset(struct node *root, const char *const *paths)
{
    for (; paths && *paths; paths++)
        reset_one(root, *paths);
}

/* from the beginning: the end of the chain is its newest link */
static void write_chain(const struct layer_chain *c, const char *verb, FILE *out)
{
    if (c->up) {
        write_chain(c->up, verb, out);
        fprintf(out, ", which %s", verb);
    }
    fprintf(out, "%s%s%s", c->service ? c->service : "", c->service ? " in " : "", c->file);
}

int layers_refuse_cycle(const struct layer_chain *chain, const char *verb, struct mark at,
                        struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    write_chain(chain, verb, out);
    (void) fclose(out);
    return trail_refuse(NULL, at, e, "a cycle: %s", text);
}

/* A document that is all there is so far needs no merge. */
static int lay_over(struct layers *l, struct node **out, struct node *root, struct err *e)
{
    if (node_count(*out) > 0)
        return merge_documents(l->arena, out, root, e);
    *out = root;
    return 0;
}

static int checked(struct layers *l, struct node *root, struct err *e)
{
    const struct node *version = node_get(root, "version");
    int r = check_document(root, e);

    if (r == 0 && version) {
        warnings_add(l->variables->warnings, version->at, "'version' is obsolete; remove it");
        node_remove(root, "version");
    }
    return r;
}

static int add_document(struct layers *l, const char *file, const struct yaml_document *d,
                        struct node **out, struct err *e)
{
    const struct canonical c = { .arena = l->arena,
                                 .variables = l->variables,
                                 .lenient = !l->interpolate };
    struct node *root = d->root;
    int r = 0;

    if (root->kind != NODE_MAP)
        return trail_refuse(NULL, root->at, e, "a compose file must be a map, this is %s",
                            node_kind_text(root->kind));
    if (l->interpolate)
        r = interpolate_document(l->variables, root, e);
    if (r == 0 && !l->bare)
        r = extends_apply(l, file, root, d->replaced, e);
    if (r == 0)
        layers_reset(*out, d->replaced);
    if (r == 0 && !l->bare)
        r = include_apply(l, file, root, e);
    if (r == 0)
        r = lay_over(l, out, root, e);
    if (r == 0)
        r = merge_unique(l->arena, *out, e);
    if (r == 0 && !l->bare)
        r = checked(l, *out, e);
    if (r == 0)
        r = canonical_expand(&c, *out, e);
    /* a range of ports may name one that was there already */
    return r == 0 ? merge_unique(l->arena, *out, e) : r;
}

int layers_add(struct layers *l, struct layer_file *file, struct node **out, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < file->stream.n; i++)
        r = add_document(l, file->path, &file->stream.documents[i], out, e);
    return r;
}

int layers_load(struct layers *l, struct layer_file *files, size_t n, struct node **out,
                struct err *e)
{
    const struct canonical c = { .arena = l->arena,
                                 .variables = l->variables,
                                 .lenient = !l->interpolate };
    int r = 0;

    *out = node_new(l->arena, NODE_MAP,
                    (struct mark){ .file = n > 0 ? files[0].path : NULL, .line = 1, .column = 1 });
    for (size_t i = 0; r == 0 && i < n; i++)
        r = layers_add(l, &files[i], out, e);
    if (r == 0)
        r = canonical_complete(&c, *out, e);
    if (r == 0 && l->dir)
        r = canonical_paths(l->arena, l->dir, *out, e);
    if (r == 0)
        canonical_environment(&c, *out);
    return r;
}
