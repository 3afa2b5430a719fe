/* extends: a service begins as a copy of another one, of this file or of another file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "compose/canonical.h"
#include "compose/layers.h"
#include "compose/merge.h"
#include "compose/pathname.h"
#include "compose/trail.h"

/* Services that may be extended, with what the file they are from resets. */
struct pool {
    struct node *services;
    const char *const *reset;
    const char *file; /* as messages call it */
};

/* A base file once read. */
struct base {
    const char *path;
    struct pool pool;
    struct base *next;
};

struct extender {
    struct layers *layers;
    struct base *bases;
    struct err *e;
};

static int apply(struct extender *x, struct pool *pool, const char *name,
                 const struct layer_chain *chain, unsigned depth, struct node **out);

static int refuse_unknown(const struct extender *x, const char *name, const struct pool *pool,
                          const struct node *ref)
{
    size_t n = node_count(pool->services);
    auto_free const char **known = calloc(n + 1, sizeof *known);
    const char *near;

    if (!known)
        abort();
    for (size_t i = 0; i < n; i++)
        known[i] = pool->services->entries[i].key;
    near = suggest(ref->text, known);
    return trail_refuse(
        NULL, ref->at, x->e, "service '%s' extends '%s', which %s does not have%s%s%s", name,
        ref->text, pool->file, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int read_base(struct extender *x, const char *name, const struct node *file,
                     struct pool *out)
{
    struct layers *l = x->layers;
    struct layers bare = *l;
    struct layer_file source = { .path = pathname_resolve(l->arena, l->base, file->text) };
    const char *dir = pathname_parent(l->arena, source.path);
    struct node *root = node_new(l->arena, NODE_MAP, file->at);
    struct node *services;
    int r = yaml_read(l->arena, source.path, &source.stream, x->e);

    if (r < 0)
        return err_wrap(x->e, "service '%s' extends", name);
    bare.bare = true;
    r = layers_add(&bare, &source, &root, x->e);
    if (r < 0)
        return r;
    services = node_get(root, "services");
    if (!services || services->kind != NODE_MAP)
        return trail_refuse(NULL, file->at, x->e,
                            "service '%s' extends a file without services: %s", name, source.path);
    *out = (struct pool){ .services = services,
                          .file = file->text,
                          .reset = source.stream.documents[source.stream.n - 1].replaced };
    return canonical_paths(l->arena, pathname_relative(l->arena, l->base, dir), root, x->e);
}

/* the same file is read once however many services extend it */
static int find_base(struct extender *x, const char *name, const struct node *file,
                     struct pool *out)
{
    const char *path = pathname_resolve(x->layers->arena, x->layers->base, file->text);
    struct base *b = x->bases;
    int r;

    while (b && strcmp(b->path, path) != 0)
        b = b->next;
    if (b) {
        *out = b->pool;
        return 0;
    }
    b = arena_alloc(x->layers->arena, sizeof *b);
    b->path = path;
    r = read_base(x, name, file, &b->pool);
    if (r < 0)
        return r;
    b->next = x->bases;
    x->bases = b;
    *out = b->pool;
    return 0;
}

static int check_chain(const struct extender *x, const struct layer_chain *chain, unsigned depth,
                       const struct node *ref)
{
    for (const struct layer_chain *c = chain->up; c; c = c->up)
        if (strcmp(c->file, chain->file) == 0 && strcmp(c->service, chain->service) == 0)
            return layers_refuse_cycle(chain, "extends ", ref->at, x->e);
    if (depth > LIMIT_COMPOSE_CHAIN)
        return trail_refuse(NULL, ref->at, x->e, "more than %d services extend one another",
                            LIMIT_COMPOSE_CHAIN);
    return 0;
}

/* extends: NAME, or {service: NAME, file: PATH} */
static int parts(const struct extender *x, const char *name, const struct node *n,
                 const struct node **ref, const struct node **file)
{
    const struct node *service = n->kind == NODE_MAP ? node_get(n, "service") : n;
    const struct node *path = node_get(n, "file");

    if (!service || service->kind != NODE_TEXT)
        return trail_refuse(NULL, n->at, x->e, "services.%s.extends: 'service' is missing", name);
    if (path && path->kind != NODE_TEXT)
        return trail_refuse(NULL, path->at, x->e, "services.%s.extends: 'file' must be text", name);
    *ref = service;
    *file = path;
    return 0;
}

/* what the extending file resets is not taken over */
static void reset_base(struct extender *x, const char *name, struct node *base,
                       const char *const *reset)
{
    struct node *root, *services;

    if (!reset || !*reset)
        return;
    root = node_new(x->layers->arena, NODE_MAP, base->at);
    services = node_new(x->layers->arena, NODE_MAP, base->at);
    node_set(x->layers->arena, root, "services", base->at, services);
    node_set(x->layers->arena, services, name, base->at, base);
    layers_reset(root, reset);
}

static int extend(struct extender *x, struct pool *pool, const char *name, struct node *service,
                  const struct layer_chain *up, unsigned depth, struct node **out)
{
    const struct node *ref = NULL, *file = NULL;
    struct pool from = *pool;
    struct layer_chain chain = { .up = up, .service = name };
    struct node *base = NULL;
    int r = parts(x, name, node_get(service, "extends"), &ref, &file);

    if (r == 0 && file)
        r = find_base(x, name, file, &from);
    if (r < 0 || !ref)
        return r;
    if (!node_get(from.services, ref->text))
        return refuse_unknown(x, name, &from, ref);
    chain.file = from.file;
    if ((r = check_chain(x, &chain, depth, ref)) < 0 ||
        (r = apply(x, &from, ref->text, &chain, depth + 1, &base)) < 0)
        return r;
    if (base->kind == NODE_NULL) {
        *out = service;
        return 0;
    }
    base = node_copy(x->layers->arena, base);
    reset_base(x, name, base, pool->reset);
    r = merge_services(x->layers->arena, name, &base, service, x->e);
    if (r < 0)
        return r;
    node_remove(base, "extends");
    *out = base;
    return 0;
}

/* *out is the service of the pool with everything it extends; the pool keeps it */
static int apply(struct extender *x, struct pool *pool, const char *name,
                 const struct layer_chain *chain, unsigned depth, struct node **out)
{
    const struct entry *entry = node_entry(pool->services, name);
    struct node *service = entry->value;
    int r;

    *out = service;
    if (service->kind == NODE_NULL)
        return 0;
    if (service->kind != NODE_MAP)
        return trail_refuse(NULL, service->at, x->e, "services.%s: expected a map, this is %s",
                            name, node_kind_text(service->kind));
    if (!node_get(service, "extends"))
        return 0;
    r = extend(x, pool, name, service, chain, depth, out);
    if (r == 0)
        node_set(x->layers->arena, pool->services, name, entry->key_at, *out);
    return r;
}

int extends_apply(struct layers *l, const char *file, struct node *root, const char *const *reset,
                  struct err *e)
{
    struct extender x = { .layers = l, .e = e };
    struct pool own = { .services = node_get(root, "services"), .reset = reset, .file = file };
    int r = 0;

    if (!own.services)
        return 0;
    if (own.services->kind != NODE_MAP)
        return trail_refuse(NULL, own.services->at, e, "services: expected a map, this is %s",
                            node_kind_text(own.services->kind));
    for (uint32_t i = 0; r == 0 && i < own.services->n; i++) {
        struct node *done = NULL;
        r = apply(&x, &own, own.services->entries[i].key, NULL, 0, &done);
    }
    return r;
}
