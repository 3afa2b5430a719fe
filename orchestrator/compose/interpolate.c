#include "compose/interpolate.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "compose/scalar.h"
#include "compose/schema.h"
#include "compose/trail.h"

struct walk {
    const struct variables *variables;
    struct scope scope;
    struct err *e;
};

static bool cast_int(struct node *n)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(n->text, &end, 10);
    if (end == n->text || *end != '\0' || errno != 0 || !strchr("+-0123456789", n->text[0]))
        return false;
    n->kind = NODE_INT;
    n->integer = value;
    return true;
}

static bool cast_real(struct node *n)
{
    char *end;
    double value = strtod(n->text, &end);

    if (end == n->text || *end != '\0' || strchr(" \t\n", n->text[0]))
        return false;
    n->kind = NODE_FLOAT;
    n->real = value;
    return true;
}

static bool cast_bool(struct walk *w, struct node *n)
{
    if (!scalar_is_bool(n->text, &n->truth))
        return false;
    if (strcasecmp(n->text, n->truth ? "true" : "false") != 0)
        warnings_add(w->variables->warnings, n->at, "'%s' is text in YAML 1.2; write %s", n->text,
                     n->truth ? "true" : "false");
    n->kind = NODE_BOOL;
    return true;
}

static int cast(struct walk *w, enum cast kind, struct node *n, const struct trail *t)
{
    bool done = true;

    switch (kind) {
    case CAST_NONE: break;
    case CAST_INT: done = cast_int(n); break;
    case CAST_REAL: done = cast_real(n); break;
    case CAST_BOOL: done = cast_bool(w, n); break;
    }
    if (!done)
        return trail_refuse(t, n->at, w->e, "expected %s, this is '%s'",
                            kind == CAST_BOOL ? "true or false" : "a number", n->text);
    if (n->kind != NODE_TEXT)
        n->text = scalar_print(w->scope.arena, n);
    return 0;
}

static int text(struct walk *w, enum cast kind, struct node *n, const struct trail *t)
{
    int r = template_expand(&w->scope, n->text, n->at, &n->text, w->e);
    char where[TRAIL_TEXT];

    return r < 0 ? err_wrap(w->e, "%s", trail_text(t, where)) : cast(w, kind, n, t);
}

static int walk_object(struct walk *w, const struct kind *kind, struct node *map,
                       const struct trail *t);

/* inside of an attribute's value, where no attribute names apply */
static int walk_free(struct walk *w, enum cast kind, struct node *n, const struct trail *t)
{
    int r = 0;

    if (n->kind == NODE_TEXT)
        return text(w, kind, n, t);
    for (uint32_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        r = walk_free(w, kind, n->items[i], &TRAIL_ITEM(t, i));
    for (uint32_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        r = walk_free(w, kind, n->entries[i].value, &TRAIL_KEY(t, n->entries[i].key));
    return r;
}

/* a number, or two of them beside extensions */
static int walk_ulimits(struct walk *w, struct node *map, const struct trail *t)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < map->n; i++) {
        struct node *n = map->entries[i].value;
        const struct trail at = TRAIL_KEY(t, map->entries[i].key);

        if (n->kind != NODE_MAP)
            r = walk_free(w, CAST_INT, n, &at);
        for (uint32_t j = 0; r == 0 && n->kind == NODE_MAP && j < n->n; j++)
            r = walk_free(w, schema_is_extension(n->entries[j].key) ? CAST_NONE : CAST_INT,
                          n->entries[j].value, &TRAIL_KEY(&at, n->entries[j].key));
    }
    return r;
}

static int walk_value(struct walk *w, const struct attribute *a, struct node *n,
                      const struct trail *t)
{
    int r = 0;

    if (n->kind == NODE_TEXT)
        return text(w, a ? a->cast : CAST_NONE, n, t);
    if (a && a->form == FORM_ULIMITS && n->kind == NODE_MAP)
        return walk_ulimits(w, n, t);
    if (!a || !a->kind || n->kind < NODE_LIST)
        return walk_free(w, CAST_NONE, n, t);
    if (n->kind == NODE_MAP && a->form == FORM_OBJECT)
        return walk_object(w, a->kind, n, t);
    for (uint32_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        r = n->items[i]->kind == NODE_MAP ? walk_object(w, a->kind, n->items[i], &TRAIL_ITEM(t, i))
                                          : walk_free(w, CAST_NONE, n->items[i], &TRAIL_ITEM(t, i));
    for (uint32_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        r = n->entries[i].value->kind == NODE_MAP
                ? walk_object(w, a->kind, n->entries[i].value, &TRAIL_KEY(t, n->entries[i].key))
                : walk_free(w, CAST_NONE, n->entries[i].value, &TRAIL_KEY(t, n->entries[i].key));
    return r;
}

static int walk_object(struct walk *w, const struct kind *kind, struct node *map,
                       const struct trail *t)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < map->n; i++)
        r = walk_value(w, schema_find(kind, map->entries[i].key), map->entries[i].value,
                       &TRAIL_KEY(t, map->entries[i].key));
    return r;
}

int interpolate_document(const struct variables *v, struct node *root, struct err *e)
{
    struct walk w = { .variables = v, .scope = variables_scope(v), .e = e };

    return root->kind == NODE_MAP ? walk_object(&w, &schema_project, root, NULL) : 0;
}
