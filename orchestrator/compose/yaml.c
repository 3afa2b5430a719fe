#include "compose/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"

struct anchor {
    const char *name;
    struct node *node;
    size_t size; /* nodes below and with it */
    struct anchor *next;
};

struct reader {
    struct arena *arena;
    const char *name;
    yaml_parser_t parser;
    struct anchor *anchors;
    size_t nodes; /* so far, aliases counted at full size */
    struct err *e;
};

static int fail(struct reader *r, struct mark at, int code, const char *what)
{
    err_set(r->e, code, "%s", what);
    err_classify(r->e, ERR_CONFIG);
    return err_at(r->e, at);
}

static struct mark mark_of(const struct reader *r, yaml_mark_t m)
{
    return (struct mark){ .file = r->name,
                          .line = (unsigned) m.line + 1,
                          .column = (unsigned) m.column + 1 };
}

static int next(struct reader *r, yaml_event_t *event)
{
    const yaml_parser_t *p = &r->parser;
    char what[256];

    if (yaml_parser_parse(&r->parser, event))
        return 0;
    (void) snprintf(what, sizeof what, "not valid YAML: %s%s%s",
                    p->problem ? p->problem : "unknown", p->context ? ", " : "",
                    p->context ? p->context : "");
    return fail(r, mark_of(r, p->problem_mark), -EINVAL, what);
}

static int count(struct reader *r, struct mark at, size_t n)
{
    r->nodes += n;
    return r->nodes > LIMIT_COMPOSE_NODES
               ? fail(r, at, -E2BIG,
                      "too many values (aliases count in full); the limit is 1000000")
               : 0;
}

static int alias(struct reader *r, const yaml_event_t *event, struct node **out)
{
    const char *name = (const char *) event->data.alias.anchor;
    struct mark at = mark_of(r, event->start_mark);

    for (struct anchor *a = r->anchors; a; a = a->next) {
        if (strcmp(a->name, name) != 0)
            continue;
        *out = a->node;
        return count(r, at, a->size);
    }
    return fail(r, at, -EINVAL, "an alias without its anchor before it");
}

static void remember(struct reader *r, const yaml_char_t *name, struct node *n, size_t size)
{
    struct anchor *a;

    if (!name)
        return;
    a = arena_alloc(r->arena, sizeof *a);
    a->name = arena_strdup(r->arena, (const char *) name);
    a->node = n;
    a->size = size;
    a->next = r->anchors;
    r->anchors = a;
}

static bool is_null(const yaml_event_t *event)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };
    const char *text = (const char *) event->data.scalar.value;

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static int scalar(struct reader *r, const yaml_event_t *event, struct node **out)
{
    const char *text = (const char *) event->data.scalar.value;
    struct mark at = mark_of(r, event->start_mark);
    struct node *n = node_new(r->arena, is_null(event) ? NODE_NULL : NODE_SCALAR, at);

    if (strlen(text) != event->data.scalar.length)
        return fail(r, at, -EINVAL, "a value holds a NUL byte");
    n->text = arena_strdup(r->arena, text);
    n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    remember(r, event->data.scalar.anchor, n, 1);
    *out = n;
    return count(r, at, 1);
}

static int value(struct reader *r, yaml_event_t *event, int depth, struct node **out);

static int list(struct reader *r, const yaml_event_t *start, int depth, struct node **out)
{
    struct node *n = node_new(r->arena, NODE_LIST, mark_of(r, start->start_mark));
    size_t before = r->nodes;
    int code = count(r, n->at, 1);

    for (bool open = true; code == 0 && open;) {
        struct node *item = NULL;
        yaml_event_t event;

        if ((code = next(r, &event)) < 0)
            return code;
        open = event.type != YAML_SEQUENCE_END_EVENT;
        if (open && (code = value(r, &event, depth, &item)) == 0)
            node_push(r->arena, n, item);
        yaml_event_delete(&event);
    }
    remember(r, start->data.sequence_start.anchor, n, r->nodes - before);
    *out = n;
    return code;
}

/* << brings in what the map does not say itself; of several maps the first wins */
static int merge_into(struct reader *r, struct node *map, const struct node *from)
{
    int code = 0;

    if (from->kind == NODE_LIST) {
        for (size_t i = 0; code == 0 && i < from->n; i++)
            code = merge_into(r, map, from->items[i]);
        return code;
    }
    if (from->kind != NODE_MAP)
        return fail(r, from->at, -EINVAL, "<< needs a map or a list of maps");
    for (size_t i = 0; i < from->n; i++)
        if (!node_get(map, from->entries[i].key))
            node_set(r->arena, map, from->entries[i].key, from->entries[i].key_at,
                     from->entries[i].value);
    return 0;
}

static int pair(struct reader *r, yaml_event_t *event, int depth, struct node *map,
                struct node **merge)
{
    struct node *key = NULL, *item = NULL;
    yaml_event_t value_event;
    char what[160];
    int code;

    if (event->type != YAML_SCALAR_EVENT)
        return fail(r, mark_of(r, event->start_mark), -EINVAL, "a key must be a single value");
    if ((code = scalar(r, event, &key)) < 0 || (code = next(r, &value_event)) < 0)
        return code;
    code = value(r, &value_event, depth, &item);
    yaml_event_delete(&value_event);
    if (code < 0)
        return code;
    if (strcmp(key->text, "<<") == 0 && !key->quoted) {
        *merge = item;
        return 0;
    }
    if (node_get(map, key->text)) {
        (void) snprintf(what, sizeof what, "'%.100s' is there twice", key->text);
        return fail(r, key->at, -EINVAL, what);
    }
    node_set(r->arena, map, key->text, key->at, item);
    return 0;
}

static int map(struct reader *r, const yaml_event_t *start, int depth, struct node **out)
{
    struct node *n = node_new(r->arena, NODE_MAP, mark_of(r, start->start_mark));
    struct node *merge = NULL;
    size_t before = r->nodes;
    int code = count(r, n->at, 1);

    for (bool open = true; code == 0 && open;) {
        yaml_event_t event;

        if ((code = next(r, &event)) < 0)
            return code;
        open = event.type != YAML_MAPPING_END_EVENT;
        if (open)
            code = pair(r, &event, depth, n, &merge);
        yaml_event_delete(&event);
    }
    if (code == 0 && merge)
        code = merge_into(r, n, merge);
    remember(r, start->data.mapping_start.anchor, n, r->nodes - before);
    *out = n;
    return code;
}

static int value(struct reader *r, yaml_event_t *event, int depth, struct node **out)
{
    if (depth > LIMIT_COMPOSE_DEPTH)
        return fail(r, mark_of(r, event->start_mark), -ELOOP, "nested too deeply; the limit is 64");
    switch ((int) event->type) {
    case YAML_ALIAS_EVENT: return alias(r, event, out);
    case YAML_SCALAR_EVENT: return scalar(r, event, out);
    case YAML_SEQUENCE_START_EVENT: return list(r, event, depth + 1, out);
    case YAML_MAPPING_START_EVENT: return map(r, event, depth + 1, out);
    default: return fail(r, mark_of(r, event->start_mark), -EINVAL, "unexpected end");
    }
}

static int document(struct reader *r, struct node **out)
{
    bool seen = false;
    int code = 0;

    *out = node_new(r->arena, NODE_NULL, (struct mark){ .file = r->name });
    for (bool open = true; code == 0 && open;) {
        yaml_event_t event;

        if ((code = next(r, &event)) < 0)
            return code;
        switch ((int) event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_STREAM_END_EVENT: open = false; break;
        case YAML_DOCUMENT_START_EVENT:
            if (seen)
                code = fail(r, mark_of(r, event.start_mark), -EINVAL,
                            "several documents in one file are not supported yet");
            seen = true;
            break;
        default: code = value(r, &event, 0, out); break;
        }
        yaml_event_delete(&event);
    }
    return code;
}

int yaml_parse(struct arena *a, const char *name, const char *text, size_t len, struct node **out,
               struct err *e)
{
    struct reader r = { .arena = a, .name = name, .e = e };
    int code;

    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *) text, len);
    code = document(&r, out);
    yaml_parser_delete(&r.parser);
    return code;
}

int yaml_read(struct arena *a, const char *path, struct node **out, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, LIMIT_COMPOSE_FILE, &text, &len);

    if (r < 0) {
        err_set(e, r, "%s: %s", path, r == -EFBIG ? "larger than 16 MiB" : strerror(-r));
        return err_classify(e, ERR_CONFIG);
    }
    return yaml_parse(a, arena_strdup(a, path), text, len, out, e);
}
