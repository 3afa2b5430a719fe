/* Node trees as text: YAML through libyaml's emitter, JSON through jansson. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/auto.h"
#include "compose/scalar.h"
#include "compose/yaml.h"

static char *escape_dollars(const char *text)
{
    char *out = malloc(2 * strlen(text) + 1), *p = out;

    if (!out)
        abort();
    for (; *text; text++) {
        if (*text == '$')
            *p++ = '$';
        *p++ = *text;
    }
    *p = '\0';
    return out;
}

static int write_to_stream(void *stream, unsigned char *text, size_t len)
{
    return fwrite(text, 1, len, stream) == len;
}

struct emitter {
    yaml_emitter_t yaml;
    bool escape;
};

static bool emit(struct emitter *em, const struct node *n);

static bool emit_plain(struct emitter *em, const char *written, bool quote)
{
    yaml_event_t event;

    return yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *) (size_t) written,
                                        (int) strlen(written), 1, 1,
                                        quote                   ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                        : strchr(written, '\n') ? YAML_LITERAL_SCALAR_STYLE
                                                                : YAML_ANY_SCALAR_STYLE) &&
           yaml_emitter_emit(&em->yaml, &event);
}

static bool emit_scalar(struct emitter *em, const char *text, bool quote)
{
    auto_free char *escaped = em->escape && strchr(text, '$') ? escape_dollars(text) : NULL;

    return emit_plain(em, escaped ? escaped : text, quote);
}

static bool emit_list(struct emitter *em, const struct node *n)
{
    yaml_event_t event;

    if (!yaml_sequence_start_event_initialize(
            &event, NULL, NULL, 1, n->n ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE) ||
        !yaml_emitter_emit(&em->yaml, &event))
        return false;
    for (uint32_t i = 0; i < n->n; i++)
        if (!emit(em, n->items[i]))
            return false;
    return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(&em->yaml, &event);
}

static bool emit_map(struct emitter *em, const struct node *n)
{
    yaml_event_t event;

    if (!yaml_mapping_start_event_initialize(
            &event, NULL, NULL, 1, n->n ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE) ||
        !yaml_emitter_emit(&em->yaml, &event))
        return false;
    for (uint32_t i = 0; i < n->n; i++)
        /* variables are not replaced in keys */
        if (!emit_plain(em, n->entries[i].key, scalar_is_ambiguous(n->entries[i].key)) ||
            !emit(em, n->entries[i].value))
            return false;
    return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(&em->yaml, &event);
}

/* where numbers of YAML look otherwise than in the text of a variable */
static const char *real_text(const struct node *n)
{
    if (isnan(n->real))
        return ".nan";
    if (isinf(n->real))
        return n->real > 0 ? ".inf" : "-.inf";
    return n->text;
}

static bool emit(struct emitter *em, const struct node *n)
{
    switch (n->kind) {
    case NODE_NULL: return emit_scalar(em, "null", false);
    case NODE_BOOL:
    case NODE_INT:
    case NODE_TIME: return emit_scalar(em, n->text, false);
    case NODE_FLOAT: return emit_scalar(em, real_text(n), false);
    case NODE_TEXT: return emit_scalar(em, n->text, scalar_is_ambiguous(n->text));
    case NODE_LIST: return emit_list(em, n);
    case NODE_MAP: return emit_map(em, n);
    }
    return false;
}

int yaml_emit(const struct node *n, bool escape, char **out, struct err *e)
{
    struct emitter em = { .escape = escape };
    yaml_event_t event;
    size_t len = 0;
    FILE *stream = open_memstream(out, &len);
    bool ok;

    if (!stream || !yaml_emitter_initialize(&em.yaml))
        abort();
    yaml_emitter_set_output(&em.yaml, write_to_stream, stream);
    yaml_emitter_set_unicode(&em.yaml, 1);
    yaml_emitter_set_width(&em.yaml, -1);
    ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
         yaml_emitter_emit(&em.yaml, &event) &&
         yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
         yaml_emitter_emit(&em.yaml, &event) && emit(&em, n) &&
         yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&em.yaml, &event) &&
         yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&em.yaml, &event);
    yaml_emitter_delete(&em.yaml);
    (void) fclose(stream);
    return ok ? 0 : err_set(e, -EINVAL, "the document cannot be written as YAML");
}

struct json_writer {
    bool escape, failed; /* failed: a number that JSON does not have */
};

static json_t *text_to_json(const char *text, bool escape)
{
    auto_free char *escaped = escape && strchr(text, '$') ? escape_dollars(text) : NULL;

    return json_string(escaped ? escaped : text);
}

static json_t *to_json(struct json_writer *w, const struct node *n)
{
    json_t *json = NULL;

    switch (n->kind) {
    case NODE_NULL: return json_null();
    case NODE_BOOL: return json_boolean(n->truth);
    case NODE_INT: return json_integer(n->integer);
    case NODE_FLOAT:
        json = json_real(n->real);
        w->failed |= !json;
        return json;
    case NODE_TIME:
    case NODE_TEXT: return text_to_json(n->text, w->escape);
    case NODE_LIST:
        json = json_array();
        for (uint32_t i = 0; i < n->n; i++)
            (void) json_array_append_new(json, to_json(w, n->items[i]));
        return json;
    case NODE_MAP:
        json = json_object();
        for (uint32_t i = 0; i < n->n; i++) {
            auto_free char *key = w->escape ? escape_dollars(n->entries[i].key) : NULL;
            (void) json_object_set_new(json, key ? key : n->entries[i].key,
                                       to_json(w, n->entries[i].value));
        }
        return json;
    }
    return json;
}

int yaml_emit_json(const struct node *n, bool escape, char **out, struct err *e)
{
    struct json_writer w = { .escape = escape };
    json_t *json = to_json(&w, n);

    *out = w.failed ? NULL : json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return *out ? 0
                : err_set(e, -EINVAL,
                          w.failed ? "JSON has no infinite numbers"
                                   : "the document cannot be written as JSON");
}
