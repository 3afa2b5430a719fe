/* Node trees as text: YAML through libyaml's emitter, JSON through jansson. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/auto.h"
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

/* a plain scalar that would be read back as something else has to be quoted */
static bool needs_quotes(const struct node *n)
{
    static const char *const words[] = { "",    "~",   "null", "Null", "NULL", "yes", "no", "on",
                                         "off", "Yes", "No",   "On",   "Off",  "y",   "n",  "Y",
                                         "N",   "YES", "NO",   "ON",   "OFF",  NULL };
    struct node plain = *n;

    plain.quoted = false;
    for (size_t i = 0; words[i]; i++)
        if (strcmp(n->text, words[i]) == 0)
            return true;
    return n->quoted && (node_is_bool(&plain) || node_is_number(&plain) ||
                         strspn(n->text, "0123456789+-.:_eExXoO") == strlen(n->text));
}

static bool emit(yaml_emitter_t *emitter, const struct node *n);

static bool emit_text(yaml_emitter_t *emitter, const char *text, bool quote)
{
    yaml_event_t event;

    return yaml_scalar_event_initialize(
               &event, NULL, NULL, (yaml_char_t *) (size_t) text, (int) strlen(text), 1, 1,
               quote ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE) &&
           yaml_emitter_emit(emitter, &event);
}

/* the document is read again with variables replaced: a dollar that is meant stays one */
static bool emit_value(yaml_emitter_t *emitter, const struct node *n)
{
    auto_free char *text = escape_dollars(n->text);

    return emit_text(emitter, text, needs_quotes(n));
}

static bool emit_list(yaml_emitter_t *emitter, const struct node *n)
{
    yaml_event_t event;

    if (!yaml_sequence_start_event_initialize(
            &event, NULL, NULL, 1, n->n ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE) ||
        !yaml_emitter_emit(emitter, &event))
        return false;
    for (size_t i = 0; i < n->n; i++)
        if (!emit(emitter, n->items[i]))
            return false;
    return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit_map(yaml_emitter_t *emitter, const struct node *n)
{
    yaml_event_t event;

    if (!yaml_mapping_start_event_initialize(
            &event, NULL, NULL, 1, n->n ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE) ||
        !yaml_emitter_emit(emitter, &event))
        return false;
    for (size_t i = 0; i < n->n; i++) {
        struct node key = { .kind = NODE_SCALAR, .text = n->entries[i].key, .quoted = true };

        if (!emit_text(emitter, key.text, needs_quotes(&key)) ||
            !emit(emitter, n->entries[i].value))
            return false;
    }
    return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit(yaml_emitter_t *emitter, const struct node *n)
{
    switch (n->kind) {
    case NODE_NULL: return emit_text(emitter, "null", false);
    case NODE_SCALAR: return emit_value(emitter, n);
    case NODE_LIST: return emit_list(emitter, n);
    case NODE_MAP: return emit_map(emitter, n);
    }
    return false;
}

int yaml_emit(const struct node *n, char **out, struct err *e)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    size_t len = 0;
    FILE *stream = open_memstream(out, &len);
    bool ok;

    if (!stream || !yaml_emitter_initialize(&emitter))
        abort();
    yaml_emitter_set_output(&emitter, write_to_stream, stream);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
         yaml_emitter_emit(&emitter, &event) &&
         yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
         yaml_emitter_emit(&emitter, &event) && emit(&emitter, n) &&
         yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&emitter, &event) &&
         yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&emitter, &event);
    yaml_emitter_delete(&emitter);
    (void) fclose(stream);
    return ok ? 0 : err_set(e, -EINVAL, "the document cannot be written as YAML");
}

static json_t *text_to_json(const char *text)
{
    auto_free char *escaped = escape_dollars(text);

    return json_string(escaped);
}

static json_t *to_json(const struct node *n)
{
    json_t *json;

    switch (n->kind) {
    case NODE_NULL: return json_null();
    case NODE_SCALAR:
        if (node_is_bool(n))
            return json_boolean(node_is_true(n));
        if (node_is_number(n))
            return strchr(n->text, '.') ? json_real(strtod(n->text, NULL))
                                        : json_integer(strtoll(n->text, NULL, 10));
        return text_to_json(n->text);
    case NODE_LIST:
        json = json_array();
        for (size_t i = 0; i < n->n; i++)
            (void) json_array_append_new(json, to_json(n->items[i]));
        return json;
    case NODE_MAP:
        json = json_object();
        for (size_t i = 0; i < n->n; i++)
            (void) json_object_set_new(json, n->entries[i].key, to_json(n->entries[i].value));
        return json;
    }
    return NULL;
}

int yaml_emit_json(const struct node *n, char **out, struct err *e)
{
    json_t *json = to_json(n);

    *out = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return *out ? 0 : err_set(e, -EINVAL, "the document cannot be written as JSON");
}
