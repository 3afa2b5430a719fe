#include "compose/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/suggest.h"
#include "compose/schema.h"
#include "compose/trail.h"

/* IS_* of a value; a number without a fraction is an integer however it is written */
static unsigned type_of(const struct node *n)
{
    bool whole = n->kind == NODE_FLOAT && n->real > -1e15 && n->real < 1e15 &&
                 (double) (int64_t) n->real == n->real;

    return 1u << n->kind | (whole ? IS_INT : 0);
}

static const char *expected(unsigned types, char *buffer, size_t size)
{
    static const enum node_kind order[] = { NODE_MAP, NODE_LIST, NODE_TEXT,
                                            NODE_INT, NODE_BOOL, NODE_NULL };

    buffer[0] = '\0';
    if (types & 1u << NODE_FLOAT) /* every number */
        types |= IS_INT;
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        size_t used = strlen(buffer);
        if (types & 1u << order[i])
            (void) snprintf(buffer + used, size - used, "%s%s", used ? " or " : "",
                            node_kind_text(order[i]));
    }
    return buffer;
}

static int check_type(unsigned types, const struct node *n, const struct trail *t, struct err *e)
{
    char buffer[128];

    if (types & type_of(n))
        return 0;
    return trail_refuse(t, n->at, e, "expected %s, this is %s",
                        expected(types, buffer, sizeof buffer), node_kind_text(n->kind));
}

static bool is_unknown(const struct kind *kind, const char *key)
{
    return !schema_find(kind, key) && !kind->open && (kind->closed || !schema_is_extension(key));
}

/* all of them, and the nearest known name for the first */
static int unknown(const struct kind *kind, const struct node *map, const struct entry *first,
                   const struct trail *t, struct err *e)
{
    auto_free const char **known = calloc(kind->n + 1, sizeof *known);
    char list[256] = "";
    const char *near;

    if (!known)
        abort();
    for (size_t i = 0; i < kind->n; i++)
        known[i] = kind->list[i].name;
    for (uint32_t i = 0; i < map->n; i++) {
        size_t used = strlen(list);
        if (is_unknown(kind, map->entries[i].key))
            (void) snprintf(list + used, sizeof list - used, "%s'%s'", used ? ", " : "",
                            map->entries[i].key);
    }
    near = suggest(first->key, known);
    return trail_refuse(t, first->key_at, e, "a %s has no attribute %s%s%s%s", kind->what, list,
                        near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

struct hashed {
    uint64_t hash;
    uint32_t index;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int check_distinct(const struct node *list, const struct trail *t, struct err *e)
{
    auto_free struct hashed *order = calloc((size_t) list->n + 1, sizeof *order);

    if (!order)
        abort();
    for (uint32_t i = 0; i < list->n; i++)
        order[i] = (struct hashed){ .hash = node_hash(list->items[i]), .index = i };
    qsort(order, list->n, sizeof *order, by_hash);
    for (uint32_t i = 1; i < list->n; i++) {
        const struct node *item = list->items[order[i].index];
        if (order[i].hash == order[i - 1].hash && node_equal(item, list->items[order[i - 1].index]))
            return trail_refuse(&TRAIL_ITEM(t, order[i].index), item->at, e,
                                "the same as item [%" PRIu32 "]; each may be there once",
                                order[i - 1].index);
    }
    return 0;
}

static int check_text(const struct attribute *a, const struct node *n, const struct trail *t,
                      struct err *e)
{
    char list[256] = "";

    if (a->fits && !a->fits(n->text))
        return trail_refuse(t, n->at, e, "'%s' is not a valid value", n->text);
    if (!a->words)
        return 0;
    for (const char *const *word = a->words; *word; word++) {
        size_t used = strlen(list);
        if (strcmp(*word, n->text) == 0)
            return 0;
        (void) snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *word);
    }
    return trail_refuse(t, n->at, e, "'%s' is not one of: %s", n->text, list);
}

static int check_number(const struct attribute *a, const struct node *n, const struct trail *t,
                        struct err *e)
{
    double value = n->kind == NODE_INT ? (double) n->integer : n->real;

    if (a->min >= a->max || (value >= (double) a->min && value <= (double) a->max))
        return 0;
    return value < (double) a->min ? trail_refuse(t, n->at, e, "must be at least %" PRId64, a->min)
                                   : trail_refuse(t, n->at, e, "must be at most %" PRId64, a->max);
}

static int check_object(const struct kind *kind, const struct node *map, const struct trail *t,
                        struct err *e);

static int check_items(const struct attribute *a, const struct node *list, const struct trail *t,
                       struct err *e)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < list->n; i++) {
        const struct node *item = list->items[i];
        const struct trail at = TRAIL_ITEM(t, i);

        r = check_type(a->items ? a->items : IS_ANY, item, &at, e);
        if (r == 0 && item->kind == NODE_MAP && a->kind)
            r = check_object(a->kind, item, &at, e);
    }
    return r == 0 && a->distinct ? check_distinct(list, t, e) : r;
}

/* hosts and options may have several values for a name */
static int check_free_value(const struct attribute *a, const struct node *n, const struct trail *t,
                            struct err *e)
{
    unsigned items = a->form == FORM_HOSTS ? IS_TEXT : a->values & ~(unsigned) IS_LIST;
    int r = check_type(a->values, n, t, e);

    for (uint32_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        r = check_type(items, n->items[i], &TRAIL_ITEM(t, i), e);
    return r;
}

static int check_named(const struct attribute *a, const struct entry *entry, const struct trail *t,
                       struct err *e)
{
    int r;

    if (!schema_is_name(entry->key))
        return a->loose ? 0
                        : trail_refuse(t, entry->key_at, e,
                                       "'%s' is not a name: letters, digits, '.', '_' and '-'",
                                       entry->key);
    r = check_type(a->values ? a->values : IS_MAP, entry->value, t, e);
    return r == 0 && entry->value->kind == NODE_MAP ? check_object(a->kind, entry->value, t, e) : r;
}

/* NAME: number, or NAME: {soft: number, hard: number} */
static int check_ulimit(const struct entry *entry, const struct trail *t, struct err *e)
{
    static const char *const sides[] = { "soft", "hard" };
    const struct node *n = entry->value;
    int r;

    if (strspn(entry->key, "abcdefghijklmnopqrstuvwxyz") != strlen(entry->key))
        return 0;
    r = check_type(IS_INT | IS_TEXT | IS_MAP, n, t, e);
    if (r < 0 || n->kind != NODE_MAP)
        return r;
    for (uint32_t i = 0; r == 0 && i < n->n; i++) {
        const char *key = n->entries[i].key;
        if (strcmp(key, "soft") == 0 || strcmp(key, "hard") == 0)
            r = check_type(IS_INT | IS_TEXT, n->entries[i].value, &TRAIL_KEY(t, key), e);
        else if (!schema_is_extension(key))
            r = trail_refuse(t, n->entries[i].key_at, e, "a limit has no attribute '%s'", key);
    }
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(sides); i++)
        if (!node_get(n, sides[i]))
            r = trail_refuse(t, n->at, e, "'%s' is missing", sides[i]);
    return r;
}

/* external: {name: text}, as it was written once */
static int check_external(const struct entry *entry, const struct trail *t, struct err *e)
{
    if (strcmp(entry->key, "name") == 0)
        return check_type(IS_TEXT, entry->value, t, e);
    return schema_is_extension(entry->key)
               ? 0
               : trail_refuse(t, entry->key_at, e, "'external' has no attribute '%s'", entry->key);
}

static int check_entry(const struct attribute *a, const struct entry *entry, const struct trail *t,
                       struct err *e)
{
    if (a->form == FORM_NAMED)
        return check_named(a, entry, t, e);
    if (a->form == FORM_ULIMITS)
        return check_ulimit(entry, t, e);
    if (a->form == FORM_BOOL)
        return check_external(entry, t, e);
    if (entry->key[0] == '\0')
        return trail_refuse(t->up, entry->key_at, e, "a name is empty");
    return a->values ? check_free_value(a, entry->value, t, e) : 0;
}

static int check_value(const struct attribute *a, const struct node *n, const struct trail *t,
                       struct err *e)
{
    int r = check_type(a->accepts, n, t, e);

    if (r < 0)
        return r;
    if (n->kind == NODE_TEXT)
        return check_text(a, n, t, e);
    if (n->kind == NODE_INT || n->kind == NODE_FLOAT)
        return check_number(a, n, t, e);
    if (n->kind == NODE_LIST)
        return check_items(a, n, t, e);
    if (n->kind == NODE_MAP && a->form == FORM_OBJECT)
        return check_object(a->kind, n, t, e);
    for (uint32_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        r = check_entry(a, &n->entries[i], &TRAIL_KEY(t, n->entries[i].key), e);
    return r;
}

static int check_object(const struct kind *kind, const struct node *map, const struct trail *t,
                        struct err *e)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < map->n; i++) {
        const struct entry *entry = &map->entries[i];
        const struct attribute *a = schema_find(kind, entry->key);

        if (a)
            r = check_value(a, entry->value, &TRAIL_KEY(t, entry->key), e);
        else if (is_unknown(kind, entry->key))
            r = unknown(kind, map, entry, t, e);
    }
    for (size_t i = 0; r == 0 && i < kind->n; i++)
        if (kind->list[i].required && !node_get(map, kind->list[i].name))
            r = trail_refuse(t, map->at, e, "a %s needs '%s'", kind->what, kind->list[i].name);
    return r;
}

int check_document(const struct node *root, struct err *e)
{
    return check_object(&schema_project, root, NULL, e);
}
