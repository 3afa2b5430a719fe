#include "model/json_table.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(base, type, offset)  (*(type *) (void *) ((char *) (base) + (offset)))
#define CAT(base, type, offset) (*(type const *) (const void *) ((const char *) (base) + (offset)))

static json_t *encode_list(const char *const *list)
{
    json_t *array = json_array();

    for (; list && *list; list++)
        (void) json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *encode_many(const struct json_member *m, const void *object)
{
    const char *items = CAT(object, const char *, m->offset);
    size_t n = CAT(object, size_t, m->count_offset);
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        (void) json_array_append_new(array, json_table_encode(m->kind, items + i * m->kind->size));
    return array;
}

static json_t *encode_member(const struct json_member *m, const void *o)
{
    switch (m->type) {
    case T_TEXT: return json_string(CAT(o, const char *, m->offset));
    case T_BOOL: return json_boolean(CAT(o, bool, m->offset));
    case T_U16: return json_integer(CAT(o, uint16_t, m->offset));
    case T_U32: return json_integer(CAT(o, uint32_t, m->offset));
    case T_UINT: return json_integer(CAT(o, unsigned, m->offset));
    case T_INT:
    case T_SIGNED: return json_integer(CAT(o, int, m->offset));
    case T_U64: return json_integer((json_int_t) CAT(o, uint64_t, m->offset));
    case T_ENUM: return json_string(m->words[CAT(o, unsigned, m->offset)]);
    case T_LIST: return encode_list(CAT(o, const char *const *, m->offset));
    case T_ONE: return json_table_encode(m->kind, (const char *) o + m->offset);
    case T_MANY: return encode_many(m, o);
    }
    return NULL;
}

json_t *json_table_encode(const struct json_kind *kind, const void *object)
{
    json_t *json = json_object();

    for (size_t i = 0; i < kind->n_members; i++)
        if (json_object_set_new(json, kind->members[i].key,
                                encode_member(&kind->members[i], object)) < 0)
            abort(); /* out of memory, or a string that is not UTF-8: load has refused those */
    return json;
}

int json_table_wrong(const struct json_decoder *d, const char *key, const char *expected)
{
    return err_set(d->e, -EINVAL, "project: '%s' must be %s", key, expected);
}

static int decode_number(const struct json_decoder *d, const struct json_member *m,
                         const json_t *json, json_int_t max, json_int_t *out)
{
    if (!json_is_integer(json))
        return json_table_wrong(d, m->key, "a number");
    *out = json_integer_value(json);
    return *out < 0 || *out > max ? json_table_wrong(d, m->key, "a number in range") : 0;
}

int json_table_text(const struct json_decoder *d, const char *key, const json_t *json,
                    const char **out)
{
    if (!json_is_string(json))
        return json_table_wrong(d, key, "text");
    *out = arena_strdup(d->arena, json_string_value(json));
    return 0;
}

static int decode_list(const struct json_decoder *d, const struct json_member *m,
                       const json_t *json, const char *const **out)
{
    const char **list;

    if (!json_is_array(json))
        return json_table_wrong(d, m->key, "a list");
    list = arena_array(d->arena, json_array_size(json) + 1, sizeof *list);
    for (size_t i = 0; i < json_array_size(json); i++) {
        int r = json_table_text(d, m->key, json_array_get(json, i), &list[i]);
        if (r < 0)
            return r;
    }
    *out = list;
    return 0;
}

static int decode_enum(const struct json_decoder *d, const struct json_member *m,
                       const json_t *json, unsigned *out)
{
    const char *word = json_string_value(json);

    for (unsigned i = 0; word && i < m->n_words; i++) {
        if (strcmp(m->words[i], word) != 0)
            continue;
        *out = i;
        return 0;
    }
    return json_table_wrong(d, m->key, "one of the known words");
}

static int decode_many(const struct json_decoder *d, const struct json_member *m,
                       const json_t *json, void *object)
{
    char *items;

    if (!json_is_array(json))
        return json_table_wrong(d, m->key, "a list");
    items = arena_array(d->arena, json_array_size(json) + 1, m->kind->size);
    for (size_t i = 0; i < json_array_size(json); i++) {
        int r = json_table_decode(d, m->kind, json_array_get(json, i), items + i * m->kind->size);
        if (r < 0)
            return r;
    }
    AT(object, char *, m->offset) = items;
    AT(object, size_t, m->count_offset) = json_array_size(json);
    return 0;
}

static int decode_member(const struct json_decoder *d, const struct json_member *m,
                         const json_t *json, void *o)
{
    json_int_t n = 0;
    int r = 0;

    switch (m->type) {
    case T_TEXT: return json_table_text(d, m->key, json, &AT(o, const char *, m->offset));
    case T_BOOL:
        AT(o, bool, m->offset) = json_is_true(json);
        return json_is_boolean(json) ? 0 : json_table_wrong(d, m->key, "true or false");
    case T_U16:
        r = decode_number(d, m, json, UINT16_MAX, &n);
        AT(o, uint16_t, m->offset) = (uint16_t) n;
        return r;
    case T_U32:
    case T_UINT:
        r = decode_number(d, m, json, UINT32_MAX, &n);
        AT(o, uint32_t, m->offset) = (uint32_t) n;
        return r;
    case T_INT:
        r = decode_number(d, m, json, INT_MAX, &n);
        AT(o, int, m->offset) = (int) n;
        return r;
    case T_SIGNED:
        n = json_integer_value(json);
        if (!json_is_integer(json) || n < INT_MIN || n > INT_MAX)
            return json_table_wrong(d, m->key, "a number");
        AT(o, int, m->offset) = (int) n;
        return 0;
    case T_U64:
        r = decode_number(d, m, json, INT64_MAX, &n);
        AT(o, uint64_t, m->offset) = (uint64_t) n;
        return r;
    case T_ENUM: return decode_enum(d, m, json, &AT(o, unsigned, m->offset));
    case T_LIST: return decode_list(d, m, json, &AT(o, const char *const *, m->offset));
    case T_ONE: return json_table_decode(d, m->kind, json, (char *) o + m->offset);
    case T_MANY: return decode_many(d, m, json, o);
    }
    return -EINVAL;
}

static void note_foreign(const struct json_decoder *d, const struct json_kind *kind,
                         const char *key)
{
    char text[160];

    if (d->lenient->foreign)
        return;
    (void) snprintf(text, sizeof text, "'%.80s' of a %s", key, kind->name);
    d->lenient->foreign = arena_strdup(d->arena, text);
}

static const char *const no_list[] = { NULL };

/* what stands for a member that is not there */
static int default_member(const struct json_decoder *d, const struct json_member *m, void *o)
{
    json_t *nothing;
    int r;

    switch (m->type) {
    case T_TEXT: AT(o, const char *, m->offset) = ""; return 0;
    case T_LIST: AT(o, const char *const *, m->offset) = no_list; return 0;
    case T_ONE:
        nothing = json_object();
        r = json_table_decode(d, m->kind, nothing, (char *) o + m->offset);
        json_decref(nothing);
        return r;
    case T_MANY:
        AT(o, char *, m->offset) = arena_array(d->arena, 1, m->kind->size);
        AT(o, size_t, m->count_offset) = 0;
        return 0;
    case T_BOOL: AT(o, bool, m->offset) = m->absent != 0; return 0;
    case T_U16: AT(o, uint16_t, m->offset) = (uint16_t) m->absent; return 0;
    case T_U32: AT(o, uint32_t, m->offset) = (uint32_t) m->absent; return 0;
    case T_UINT:
    case T_ENUM: AT(o, unsigned, m->offset) = (unsigned) m->absent; return 0;
    case T_INT:
    case T_SIGNED: AT(o, int, m->offset) = (int) m->absent; return 0;
    case T_U64: AT(o, uint64_t, m->offset) = (uint64_t) m->absent; return 0;
    }
    return -EINVAL;
}

static bool is_member(const struct json_kind *kind, const char *key)
{
    for (size_t i = 0; i < kind->n_members; i++)
        if (strcmp(kind->members[i].key, key) == 0)
            return true;
    return false;
}

static int decode_leniently(const struct json_decoder *d, const struct json_kind *kind,
                            const json_t *json, void *out)
{
    struct err ignored = ERR_INIT;
    const struct json_decoder quiet = { .arena = d->arena, .e = &ignored, .lenient = d->lenient };
    /* jansson's iterator takes a pointer to non-const and does not change the object */
    json_t *object = (json_t *) (uintptr_t) json;

    for (size_t i = 0; i < kind->n_members; i++) {
        const struct json_member *m = &kind->members[i];
        const json_t *value = json_object_get(json, m->key);
        int r = value ? decode_member(&quiet, m, value, out) : default_member(&quiet, m, out);

        if (r < 0) {
            note_foreign(d, kind, m->key);
            r = default_member(&quiet, m, out);
        }
        if (r < 0)
            return r;
    }
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it))
        if (!is_member(kind, json_object_iter_key(it)))
            note_foreign(d, kind, json_object_iter_key(it));
    return 0;
}

int json_table_decode(const struct json_decoder *d, const struct json_kind *kind,
                      const json_t *json, void *out)
{
    size_t known = 0;

    if (!json_is_object(json))
        return err_set(d->e, -EINVAL, "project: a %s must be an object", kind->name);
    if (d->lenient)
        return decode_leniently(d, kind, json, out);
    for (size_t i = 0; i < kind->n_members; i++) {
        const struct json_member *m = &kind->members[i];
        const json_t *value = json_object_get(json, m->key);
        int r = value ? decode_member(d, m, value, out)
                      : err_set(d->e, -EINVAL, "project: a %s has no '%s'", kind->name, m->key);
        if (r < 0)
            return r;
        known++;
    }
    if (json_object_size(json) != known)
        return err_set(d->e, -EINVAL, "project: a %s has a member nobody knows", kind->name);
    return 0;
}
