#include "compose/consistency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/suggest.h"

static int refuse(struct mark at, struct err *e)
{
    err_classify(e, ERR_CONFIG);
    return err_at(e, at);
}

/* "..., did you mean 'x'?" with the nearest key of the section */
static int unknown(const struct node *section, const char *name, const char *what, struct mark at,
                   struct err *e)
{
    size_t n = section && section->kind == NODE_MAP ? section->n : 0;
    auto_free const char **known = calloc(n + 1, sizeof(char *));
    const char *near;

    if (!known)
        abort();
    for (size_t i = 0; i < n; i++)
        known[i] = section->entries[i].key;
    near = suggest(name, known);
    err_set(e, -EINVAL, "%s '%s' is not defined%s%s%s", what, name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return refuse(at, e);
}

static int check_dependencies(const struct node *services, const struct node *service,
                              struct err *e)
{
    const struct node *deps = node_get(service, "depends_on");

    for (size_t i = 0; deps && i < deps->n; i++) {
        const struct entry *d = &deps->entries[i];
        if (!node_get(services, d->key) && node_is_true(node_get(d->value, "required")))
            return unknown(services, d->key, "service", d->key_at, e);
    }
    return 0;
}

static int check_networks(const struct node *networks, const struct node *service, struct err *e)
{
    const struct node *uses = node_get(service, "networks");

    for (size_t i = 0; uses && i < uses->n; i++)
        if (!node_get(networks, uses->entries[i].key))
            return unknown(networks, uses->entries[i].key, "network", uses->entries[i].key_at, e);
    return 0;
}

/* members of a list that name something in a section */
static int check_sources(const struct node *section, const struct node *uses, const char *type,
                         const char *what, struct err *e)
{
    for (size_t i = 0; uses && i < uses->n; i++) {
        const char *source = node_get_text(uses->items[i], "source", "");

        if (type && strcmp(node_get_text(uses->items[i], "type", "volume"), type) != 0)
            continue;
        if (!node_get(section, source))
            return unknown(section, source, what, uses->items[i]->at, e);
    }
    return 0;
}

/* 0 = not seen, 1 = on the way, 2 = clean */
struct walk {
    const struct node *services;
    char *state;
    size_t path[64];
    size_t depth;
};

static size_t index_of(const struct node *map, const char *key)
{
    size_t i = 0;

    while (i < map->n && strcmp(map->entries[i].key, key) != 0)
        i++;
    return i;
}

static int report_cycle(const struct walk *w, size_t again, struct err *e)
{
    char text[512] = "";
    size_t from = 0;

    while (w->path[from] != again)
        from++;
    for (size_t i = from; i < w->depth; i++) {
        size_t used = strlen(text);
        (void) snprintf(text + used, sizeof text - used, "%s -> ",
                        w->services->entries[w->path[i]].key);
    }
    err_set(e, -ELOOP, "services depend on each other: %s%s", text,
            w->services->entries[again].key);
    return refuse(w->services->entries[again].key_at, e);
}

static int walk(struct walk *w, size_t at, struct err *e)
{
    const struct node *deps = node_get(w->services->entries[at].value, "depends_on");
    int r = 0;

    if (w->state[at] == 1)
        return report_cycle(w, at, e);
    if (w->state[at] == 2)
        return 0;
    if (w->depth == ARRAY_LEN(w->path)) {
        err_set(e, -ELOOP, "dependencies are nested more than %zu deep", ARRAY_LEN(w->path));
        return refuse(w->services->entries[at].key_at, e);
    }
    w->state[at] = 1;
    w->path[w->depth++] = at;
    for (size_t i = 0; r == 0 && deps && i < deps->n; i++) {
        size_t on = index_of(w->services, deps->entries[i].key);
        if (on < w->services->n)
            r = walk(w, on, e);
    }
    w->depth--;
    w->state[at] = 2;
    return r;
}

static int check_cycles(const struct node *services, struct err *e)
{
    auto_free char *state = calloc(services->n + 1, 1);
    struct walk w = { .services = services, .state = state };
    int r = 0;

    if (!state)
        abort();
    for (size_t i = 0; r == 0 && i < services->n; i++)
        r = walk(&w, i, e);
    return r;
}

static int check_secret(const struct canonical *c, const struct entry *secret, struct err *e)
{
    const struct node *file = node_get(secret->value, "file");
    const struct node *name = node_get(secret->value, "environment");
    const struct variable *x = name ? variables_in_file(c->variables, name->text) : NULL;
    const char *value = name ? variables_get(c->variables, name->text) : NULL;

    if (file || (value && value[0] != '\0'))
        return 0;
    if (!name) {
        err_set(e, -EINVAL, "secret '%s' needs 'file' or 'environment'", secret->key);
        return refuse(secret->key_at, e);
    }
    err_set(e, -EINVAL, "%s is %s; secret '%s' needs it", name->text, value ? "empty" : "not set",
            secret->key);
    if (x)
        err_hint(e, "give it a value in %s", x->at.file);
    else if (c->variables->env_file)
        err_hint(e, "add %s to %s", name->text, c->variables->env_file);
    else
        err_hint(e, "ipam-orch init");
    return refuse(x ? x->at : name->at, e);
}

int consistency_check(const struct canonical *c, const struct node *document, struct err *e)
{
    const struct node *services = node_get(document, "services");
    const struct node *secrets = node_get(document, "secrets");
    int r = 0;

    for (size_t i = 0; r == 0 && i < services->n; i++) {
        const struct node *s = services->entries[i].value;

        if ((r = check_dependencies(services, s, e)) == 0 &&
            (r = check_networks(node_get(document, "networks"), s, e)) == 0 &&
            (r = check_sources(node_get(document, "volumes"), node_get(s, "volumes"), "volume",
                               "volume", e)) == 0)
            r = check_sources(secrets, node_get(s, "secrets"), NULL, "secret", e);
        if (r < 0)
            return err_wrap(e, "service '%s'", services->entries[i].key);
    }
    for (size_t i = 0; r == 0 && secrets && i < secrets->n; i++)
        r = check_secret(c, &secrets->entries[i], e);
    return r < 0 ? r : check_cycles(services, e);
}
