#include "compose/variables.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compose/dotenv.h"

void warnings_add(struct warnings *w, struct mark at, const char *fmt, ...)
{
    char what[512], text[768];
    va_list ap;

    if (!w)
        return;
    va_start(ap, fmt);
    (void) vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (at.line > 0)
        (void) snprintf(text, sizeof text, "%s:%u:%u: %s", at.file, at.line, at.column, what);
    else
        (void) snprintf(text, sizeof text, "%s", what);
    if (!w->texts)
        w->texts = node_new(w->arena, NODE_MAP, (struct mark){ 0 });
    node_set(w->arena, w->texts, text, at, node_new(w->arena, NODE_NULL, at));
}

void warnings_print(const struct warnings *w, FILE *out)
{
    for (uint32_t i = 0; i < node_count(w->texts); i++)
        fprintf(out, "warning: %s\n", w->texts->entries[i].key);
}

void variables_init(struct variables *v, struct arena *a, const struct variables *outer)
{
    *v = (struct variables){ .arena = a,
                             .outer = outer,
                             .files = node_new(a, NODE_MAP, (struct mark){ 0 }),
                             .env_file = outer ? outer->env_file : NULL,
                             .warnings = outer ? outer->warnings : NULL };
}

void variables_fix(struct variables *v, const char *name, const char *value)
{
    if (!v->fixed)
        v->fixed = node_new(v->arena, NODE_MAP, (struct mark){ 0 });
    node_set_text(v->arena, v->fixed, name, value);
}

const char *variables_get(const struct variables *v, const char *name)
{
    const char *value = node_get_text(v->fixed, name, NULL);

    if (!value)
        value = v->outer ? variables_get(v->outer, name) : v->isolated ? NULL : getenv(name);
    return value ? value : node_get_text(v->files, name, NULL);
}

const struct entry *variables_in_file(const struct variables *v, const char *name)
{
    const struct entry *entry = v->outer ? variables_in_file(v->outer, name) : NULL;

    return entry ? entry : node_entry(v->files, name);
}

static const char *get(const void *self, const char *name)
{
    return variables_get(self, name);
}

static void unset(const void *self, const char *name, struct mark at)
{
    const struct variables *v = self;

    warnings_add(v->warnings, at, "variable %s is not set; an empty text stands for it", name);
}

static void missing(const void *self, const char *name, const char *value, struct err *e)
{
    const struct variables *v = self;
    const struct entry *entry = variables_in_file(v, name);

    if (entry && value) {
        err_hint(e, "give it a value in %s", entry->key_at.file);
        (void) err_at(e, entry->key_at);
    } else if (v->env_file) {
        err_hint(e, "add %s to %s", name, v->env_file);
    } else {
        err_hint(e, "ipam-orch init");
    }
}

struct scope variables_scope(const struct variables *v)
{
    return (struct scope){
        .arena = v->arena, .get = get, .missing = missing, .unset = unset, .self = v
    };
}

int variables_read(struct variables *v, const char *path, struct err *e)
{
    const struct dotenv_outside outside = { .get = get, .unset = unset, .self = v };
    int r = dotenv_read(v->arena, path, NULL, &outside, v->files, e);

    if (r == 0)
        v->env_file = arena_strdup(v->arena, path);
    return r;
}

static void add_missing(struct arena *a, struct node *to, const struct node *from)
{
    for (size_t i = 0; i < node_count(from); i++)
        if (!node_get(to, from->entries[i].key))
            node_set(a, to, from->entries[i].key, from->entries[i].key_at, from->entries[i].value);
}

struct node *variables_all(const struct variables *v)
{
    struct node *all = node_new(v->arena, NODE_MAP, (struct mark){ 0 });

    add_missing(v->arena, all, v->fixed);
    for (char **line = v->outer || v->isolated ? NULL : environ; line && *line; line++) {
        size_t n = strcspn(*line, "=");
        const char *name = arena_strndup(v->arena, *line, n);
        if ((*line)[n] == '=' && !node_get(all, name))
            node_set_text(v->arena, all, name, *line + n + 1);
    }
    if (v->outer)
        add_missing(v->arena, all, variables_all(v->outer));
    add_missing(v->arena, all, v->files);
    node_sort(all);
    return all;
}
