#include "compose/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "compose/scalar.h"
#include "compose/trail.h"

struct anchor {
    struct node *node;
    size_t size;                 /* nodes below and with it */
    struct node *places, *above; /* where aliases of it stand, and all that is above those places */
};

/* libyaml counts characters, we need bytes */
struct position {
    size_t characters, bytes;
};

struct reader {
    struct arena *arena;
    const char *name;
    yaml_parser_t parser;
    struct node *anchors; /* names with the numbers of `anchor`; NULL = none */
    struct anchor **anchor;
    size_t n_anchors, room;
    const struct trail *trail;
    const char *text; /* what is parsed */
    bool slashes;     /* it has \\/ somewhere, which the reference takes for an unknown escape */
    struct position at;
    bool tags;       /* the document has !reset or !override */
    size_t nodes;    /* so far, aliases counted at full size */
    size_t repeated; /* those of aliases */
    struct err *e;
};

static int fail(struct reader *r, struct mark at, int code, const char *what)
{
    char where[TRAIL_TEXT];

    err_set(r->e, code, "%s%s%s", trail_text(r->trail, where), r->trail ? ": " : "", what);
    err_classify(r->e, ERR_CONFIG);
    return err_at(r->e, at);
}

static struct mark mark_of(const struct reader *r, yaml_mark_t m)
{
    return (struct mark){ .file = r->name,
                          .line = (unsigned) m.line + 1,
                          .column = (unsigned) m.column + 1 };
}

static struct mark mark_of_byte(const struct reader *r, size_t byte)
{
    struct mark at = { .file = r->name, .line = 1, .column = 1 };

    for (size_t i = 0; i < byte && r->text[i] != '\0'; i++) {
        at.column = r->text[i] == '\n' ? 1 : at.column + 1;
        at.line += r->text[i] == '\n';
    }
    return at;
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
    return fail(r,
                p->error == YAML_READER_ERROR ? mark_of_byte(r, p->problem_offset)
                                              : mark_of(r, p->problem_mark),
                -EINVAL, what);
}

static int count(struct reader *r, struct mark at, size_t n)
{
    r->nodes += n;
    return r->nodes > LIMIT_COMPOSE_NODES
               ? fail(r, at, -E2BIG,
                      "too many values (what aliases stand for counts in full); the limit is "
                      "1000000")
               : 0;
}

/* A few written values that stand for very many are an attack, long before they are too many. */
static int count_repeated(struct reader *r, struct mark at, size_t n)
{
    size_t written = r->nodes - r->repeated;

    r->repeated += n;
    if (r->repeated > LIMIT_COMPOSE_REPEATED * written + LIMIT_COMPOSE_REPEATED_MIN)
        return fail(r, at, -E2BIG,
                    "aliases stand for more than 100 times what is written; no project is so");
    return count(r, at, n);
}

static enum node_tag special_tag(struct reader *r, const yaml_char_t *tag)
{
    const char *text = tag ? (const char *) tag : "";

    enum node_tag found = strcmp(text, "!reset") == 0      ? TAG_RESET
                          : strcmp(text, "!override") == 0 ? TAG_OVERRIDE
                                                           : TAG_NONE;

    r->tags |= found != TAG_NONE;
    return found;
}

/* ---- anchors and aliases ---- */

/* the name behind "services." */
static size_t service_name(const char *path, const char **name)
{
    static const char prefix[] = "services.";

    *name = strncmp(path, prefix, sizeof prefix - 1) == 0 ? path + sizeof prefix - 1 : "";
    return strcspn(*name, ".");
}

static bool other_service(const char *a, const char *b)
{
    const char *x, *y;
    size_t n = service_name(a, &x), m = service_name(b, &y);

    return n > 0 && m > 0 && (n != m || memcmp(x, y, n) != 0);
}

/* An alias above or below another alias of the same anchor is what the reference calls a cycle.  It
 * compares paths as text, so names with dots may look so: they are refused here as they are there.
 */
static int check_cycle(struct reader *r, struct anchor *a, struct mark at)
{
    char path[TRAIL_TEXT], what[TRAIL_TEXT + 64];
    const char *other = NULL;

    (void) trail_text(r->trail, path);
    if (strstr(path, "<<"))
        return 0;
    if (!a->places) {
        a->places = node_new(r->arena, NODE_MAP, at);
        a->above = node_new(r->arena, NODE_MAP, at);
    }
    other = node_get_text(a->above, path, NULL);
    node_set_text(r->arena, a->places, path, "");
    for (char *dot = strrchr(path, '.'); dot; dot = strrchr(path, '.')) {
        char *whole = arena_strdup(r->arena, path);
        *dot = '\0';
        if (!other && node_get(a->places, path) && !other_service(whole, path))
            other = arena_strdup(r->arena, path);
        node_set_text(r->arena, a->above, path, whole);
    }
    (void) trail_text(r->trail, path);
    if (!other || other_service(other, path))
        return 0;
    (void) snprintf(what, sizeof what, "a cycle: the same alias stands at %s", other);
    return fail(r, at, -ELOOP, what);
}

/* what an anchor had reset is gone when an alias repeats it */
static void drop_reset(struct node *n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        if (n->items[i]->tag != TAG_RESET)
            n->items[kept++] = n->items[i];
    if (n->kind == NODE_LIST)
        n->n = kept;
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n;) {
        if (n->entries[i].value->tag == TAG_RESET) {
            node_remove(n, n->entries[i].key);
            continue;
        }
        drop_reset(n->entries[i].value);
        i++;
    }
}

static int alias(struct reader *r, const yaml_event_t *event, struct node **out)
{
    const char *name = (const char *) event->data.alias.anchor;
    struct mark at = mark_of(r, event->start_mark);
    const struct node *number = node_get(r->anchors, name);
    struct anchor *a;
    int code;

    if (!number)
        return fail(r, at, -EINVAL, "an alias without its anchor before it");
    a = r->anchor[number->integer];
    if ((code = count_repeated(r, at, a->size)) < 0 || (code = check_cycle(r, a, at)) < 0)
        return code;
    *out = node_copy(r->arena, a->node);
    if (r->tags)
        drop_reset(*out);
    return 0;
}

static void remember(struct reader *r, const yaml_char_t *name, struct node *n, size_t size)
{
    struct anchor *a;

    if (!name)
        return;
    a = arena_alloc(r->arena, sizeof *a);
    a->node = n;
    a->size = size;
    if (r->n_anchors == r->room) {
        struct anchor **grown = arena_array(r->arena, r->room ? 2 * r->room : 8, sizeof *grown);
        if (r->room > 0)
            memcpy(grown, r->anchor, r->room * sizeof *grown);
        r->room = r->room ? 2 * r->room : 8;
        r->anchor = grown;
    }
    if (!r->anchors)
        r->anchors = node_new(r->arena, NODE_MAP, n->at);
    node_set(r->arena, r->anchors, (const char *) name, n->at,
             node_int(r->arena, (int64_t) r->n_anchors, n->at));
    r->anchor[r->n_anchors++] = a;
}

/* ---- values ---- */

/* the byte at which a character begins; marks only go forward */
static size_t byte_of(struct reader *r, size_t character)
{
    while (r->at.characters < character) {
        unsigned char c = (unsigned char) r->text[r->at.bytes];
        r->at.bytes += c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        r->at.characters++;
    }
    return r->at.bytes;
}

static bool has_escaped_slash(struct reader *r, const yaml_event_t *event)
{
    size_t from = byte_of(r, event->start_mark.index), to = byte_of(r, event->end_mark.index);

    for (size_t i = from; i + 1 < to; i++)
        if (r->text[i] == '\\' && r->text[++i] == '/')
            return true;
    return false;
}

/* the text of !!binary is base64 */
static int binary(struct reader *r, struct node *n)
{
    size_t len = strlen(n->text);
    char *text = arena_alloc(r->arena, len + 1), *packed = arena_alloc(r->arena, len + 1),
         *p = packed;
    int size;

    for (const char *c = n->text; *c; c++)
        if (!isspace((unsigned char) *c))
            *p++ = *c;
    len = (size_t) (p - packed);
    size = EVP_DecodeBlock((unsigned char *) text, (const unsigned char *) packed, (int) len);
    while (size > 0 && len > 0 && packed[len - 1] == '=') {
        len--;
        size--;
    }
    if (size < 0)
        return fail(r, n->at, -EINVAL, "this is not base64");
    text[size] = '\0';
    n->text = text;
    return strlen(text) == (size_t) size ? 0 : fail(r, n->at, -EINVAL, "a value holds a NUL byte");
}

static int scalar(struct reader *r, const yaml_event_t *event, struct node **out)
{
    const char *text = (const char *) event->data.scalar.value;
    const char *tag = (const char *) event->data.scalar.tag;
    struct mark at = mark_of(r, event->start_mark);
    struct node *n = node_new(r->arena, NODE_TEXT, at);
    int code;

    if (strlen(text) != event->data.scalar.length)
        return fail(r, at, -EINVAL, "a value holds a NUL byte");
    n->text = arena_strdup(r->arena, text);
    *out = n;
    if (r->slashes && event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
        has_escaped_slash(r, event))
        return fail(r, at, -EINVAL, "not valid YAML: found unknown escape character \\/");
    n->tag = special_tag(r, event->data.scalar.tag);
    if (tag && strcmp(tag, "tag:yaml.org,2002:binary") == 0 && (code = binary(r, n)) < 0)
        return code;
    if (strchr(n->text, YAML_PATH_SEPARATOR))
        return fail(r, at, -EINVAL, "a value holds a control character");
    if (tag && strcmp(tag, "!") != 0 && n->tag == TAG_NONE) {
        if (scalar_resolve_as(r->arena, n, tag) < 0)
            return fail(r, at, -EINVAL, "the value is not what its tag says");
    } else if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag) {
        scalar_resolve(r->arena, n);
    }
    remember(r, event->data.scalar.anchor, n, 1);
    return count(r, at, 1);
}

static int value(struct reader *r, yaml_event_t *event, int depth, struct node **out);

static int value_at(struct reader *r, struct trail trail, yaml_event_t *event, int depth,
                    struct node **out)
{
    int code;

    r->trail = &trail;
    code = value(r, event, depth, out);
    r->trail = trail.up;
    return code;
}

static int list(struct reader *r, const yaml_event_t *start, int depth, struct node **out)
{
    struct node *n = node_new(r->arena, NODE_LIST, mark_of(r, start->start_mark));
    size_t before = r->nodes;
    int code = count(r, n->at, 1);

    *out = n;
    n->tag = special_tag(r, start->data.sequence_start.tag);
    for (bool open = true; code == 0 && open;) {
        struct node *item = NULL;
        yaml_event_t event;

        if ((code = next(r, &event)) < 0)
            return code;
        open = event.type != YAML_SEQUENCE_END_EVENT;
        if (open && (code = value_at(r, TRAIL_ITEM(r->trail, n->n), &event, depth, &item)) == 0)
            node_push(r->arena, n, item);
        yaml_event_delete(&event);
    }
    remember(r, start->data.sequence_start.anchor, n, r->nodes - before);
    return code;
}

/* of several maps the first wins */
static int merge_into(struct reader *r, struct node *map, const struct node *from)
{
    int code = 0;

    if (from->kind == NODE_LIST) {
        for (uint32_t i = 0; code == 0 && i < from->n; i++)
            code = from->items[i]->kind == NODE_MAP
                       ? merge_into(r, map, from->items[i])
                       : fail(r, from->items[i]->at, -EINVAL, "<< needs a map or a list of maps");
        return code;
    }
    if (from->kind != NODE_MAP)
        return fail(r, from->at, -EINVAL, "<< needs a map or a list of maps");
    for (uint32_t i = 0; i < from->n; i++) {
        const struct entry *entry = &from->entries[i];
        const struct node *own = node_get(map, entry->key);

        if (own && own->tag != TAG_RESET)
            continue;
        /* what was reset here comes back from the merge, and still replaces what lies below */
        if (own)
            entry->value->tag = TAG_OVERRIDE;
        node_set(r->arena, map, entry->key, entry->key_at, entry->value);
    }
    return 0;
}

static int key_of(struct reader *r, yaml_event_t *event, struct node **out)
{
    char what[160];
    int code = event->type == YAML_ALIAS_EVENT ? alias(r, event, out)
               : event->type == YAML_SCALAR_EVENT
                   ? scalar(r, event, out)
                   : fail(r, mark_of(r, event->start_mark), -EINVAL, "a key must be text");

    if (code < 0 || (*out)->kind == NODE_TEXT)
        return code;
    (void) snprintf(what, sizeof what, "a key must be text, '%.100s' is %s; put it in quotes",
                    (*out)->text ? (*out)->text : "", node_kind_text((*out)->kind));
    return fail(r, mark_of(r, event->start_mark), -EINVAL, what);
}

static int pair(struct reader *r, yaml_event_t *event, int depth, struct node *map,
                struct node **merge)
{
    bool is_merge = event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 2 &&
                    memcmp(event->data.scalar.value, "<<", 2) == 0 &&
                    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct node *key = NULL, *item = NULL;
    yaml_event_t value_event;
    char what[160];
    int code;

    if ((code = key_of(r, event, &key)) < 0 || (code = next(r, &value_event)) < 0)
        return code;
    code = value_at(r, TRAIL_KEY(r->trail, key->text), &value_event, depth, &item);
    yaml_event_delete(&value_event);
    if (code < 0)
        return code;
    if (is_merge ? *merge != NULL : node_get(map, key->text) != NULL) {
        (void) snprintf(what, sizeof what, "'%.100s' is there twice", key->text);
        return fail(r, key->at, -EINVAL, what);
    }
    if (is_merge)
        *merge = item;
    else
        node_set(r->arena, map, key->text, key->at, item);
    return 0;
}

static int map(struct reader *r, const yaml_event_t *start, int depth, struct node **out)
{
    struct node *n = node_new(r->arena, NODE_MAP, mark_of(r, start->start_mark));
    struct node *merge = NULL;
    size_t before = r->nodes;
    int code = count(r, n->at, 1);

    *out = n;
    n->tag = special_tag(r, start->data.mapping_start.tag);
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
    return code;
}

static int value(struct reader *r, yaml_event_t *event, int depth, struct node **out)
{
    if (depth > LIMIT_COMPOSE_DEPTH) {
        r->trail = NULL; /* line and column say enough */
        return fail(r, mark_of(r, event->start_mark), -ELOOP, "nested too deeply; the limit is 64");
    }
    switch ((int) event->type) {
    case YAML_ALIAS_EVENT: return alias(r, event, out);
    case YAML_SCALAR_EVENT: return scalar(r, event, out);
    case YAML_SEQUENCE_START_EVENT: return list(r, event, depth + 1, out);
    case YAML_MAPPING_START_EVENT: return map(r, event, depth + 1, out);
    default: return fail(r, mark_of(r, event->start_mark), -EINVAL, "unexpected end");
    }
}

/* ---- documents ---- */

static int document(struct reader *r, struct yaml_document *out)
{
    struct node *root = NULL;
    yaml_event_t event;
    int code = next(r, &event);

    if (code < 0)
        return code;
    r->anchors = NULL;
    r->n_anchors = 0;
    r->tags = false;
    code = value(r, &event, 0, &root);
    yaml_event_delete(&event);
    if (code < 0)
        return code;
    out->root = root;
    if (r->tags)
        yaml_apply_tags(r->arena, out);
    return 0;
}

static void add_document(struct arena *a, struct yaml_stream *s, const struct yaml_document *d)
{
    /* files of several documents are rare and short */
    struct yaml_document *grown = arena_array(a, s->n + 1, sizeof *grown);

    if (s->n > 0)
        memcpy(grown, s->documents, s->n * sizeof *grown);
    grown[s->n++] = *d;
    s->documents = grown;
}

/* the reference reads YAML 1.1 by its name only */
static int version(struct reader *r, const yaml_event_t *event)
{
    const yaml_version_directive_t *v = event->data.document_start.version_directive;

    return !v || (v->major == 1 && v->minor == 1)
               ? 0
               : fail(r, mark_of(r, event->start_mark), -EINVAL,
                      "not valid YAML: the only version a file can name is 1.1");
}

static int stream(struct reader *r, struct yaml_stream *out)
{
    int code = 0;

    for (bool open = true; code == 0 && open;) {
        struct yaml_document d = { 0 };
        yaml_event_t event;

        if ((code = next(r, &event)) < 0)
            return code;
        open = event.type != YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT)
            code = version(r, &event);
        if (code == 0 && event.type == YAML_DOCUMENT_START_EVENT && (code = document(r, &d)) == 0)
            add_document(r->arena, out, &d);
        yaml_event_delete(&event);
    }
    return code;
}

int yaml_parse(struct arena *a, const char *name, const char *text, size_t len,
               struct yaml_stream *out, struct err *e)
{
    struct reader r = {
        .arena = a, .name = name, .text = text, .slashes = strstr(text, "\\/") != NULL, .e = e
    };
    int code;

    *out = (struct yaml_stream){ 0 };
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *) text, len);
    code = stream(&r, out);
    yaml_parser_delete(&r.parser);
    return code;
}

int yaml_read(struct arena *a, const char *path, struct yaml_stream *out, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    int r = strcmp(path, "-") == 0 ? fsio_read_fd(STDIN_FILENO, LIMIT_COMPOSE_FILE, &text, &len)
                                   : fsio_read(AT_FDCWD, path, LIMIT_COMPOSE_FILE, &text, &len);

    if (r < 0) {
        err_set(e, r, "%s: %s", path,
                r == -EFBIG    ? "larger than 16 MiB"
                : r == -EINVAL ? "not a regular file"
                               : strerror(-r));
        return err_classify(e, ERR_CONFIG);
    }
    return yaml_parse(a, arena_strdup(a, path), text, len, out, e);
}

int yaml_read_one(struct arena *a, const char *path, struct node **out, struct err *e)
{
    struct yaml_stream s = { 0 };
    int r = yaml_read(a, path, &s, e);

    if (r < 0)
        return r;
    if (s.n > 1)
        return err_set(e, -EINVAL, "%s: several documents in one file", path);
    *out = s.n == 1 ? s.documents[0].root
                    : node_new(a, NODE_NULL, (struct mark){ .file = arena_strdup(a, path) });
    return 0;
}
