/* json_table.h -- structures as JSON objects, by tables of their members, types and limits.
 * One table drives both directions: what is written can be read, and nothing else can.
 * Runs in: CLI, supervisor, tests.  Its short macros are for the file with the tables.
 * Owns: what is decoded lives in the arena of the decoder.
 * Fails: -EINVAL with the member named; one that is missing or unknown is an error, unless asked
 * to be lenient. */
#ifndef IPAM_MODEL_JSON_TABLE_H
#define IPAM_MODEL_JSON_TABLE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"

enum json_table_type {
    T_TEXT,
    T_BOOL,
    T_U16,
    T_U32,
    T_UINT,
    T_INT,
    T_SIGNED,
    T_U64,
    T_ENUM,
    T_LIST,
    T_ONE,
    T_MANY
};

struct json_kind;

struct json_member {
    const char *key;
    enum json_table_type type;
    size_t offset;
    const char *const *words;     /* T_ENUM */
    unsigned n_words;             /* T_ENUM */
    const struct json_kind *kind; /* T_ONE, T_MANY */
    size_t count_offset;          /* T_MANY */
    int64_t absent;               /* of numbers: what a saved object without it means */
};

struct json_kind {
    const char *name;
    size_t size;
    const struct json_member *members;
    size_t n_members;
};

/* rows and tables; `s` is the structure, `m` its member */
#define TEXT(s, m)                                                                                 \
    {                                                                                              \
#m, T_TEXT, offsetof(struct s, m), NULL, 0, NULL, 0, 0                                     \
    }
#define PLAIN(s, m, t)                                                                             \
    {                                                                                              \
#m, t, offsetof(struct s, m), NULL, 0, NULL, 0, 0                                          \
    }
#define PLAIN_OR(s, m, t, a)                                                                       \
    {                                                                                              \
#m, t, offsetof(struct s, m), NULL, 0, NULL, 0, a                                          \
    }
#define ENUM(s, m, w, n)                                                                           \
    {                                                                                              \
#m, T_ENUM, offsetof(struct s, m), w, n, NULL, 0, 0                                        \
    }
#define ONE(s, m, k)                                                                               \
    {                                                                                              \
#m, T_ONE, offsetof(struct s, m), NULL, 0, &k, 0, 0                                        \
    }
#define MANY(s, m, k)                                                                              \
    {                                                                                              \
#m, T_MANY, offsetof(struct s, m), NULL, 0, &k, offsetof(struct s, n_##m), 0               \
    }
#define KIND(s, name, table)                                                                       \
    {                                                                                              \
        name, sizeof(struct s), table, ARRAY_LEN(table)                                            \
    }

/* What another version has saved is read as far as it goes: a member that is missing is 0, "", an
 * empty list or its `absent`; so is one that cannot be read, and that and an unknown one is noted.
 */
struct json_leniency {
    const char *foreign; /* the first of those, in the arena; NULL = none */
};

struct json_decoder {
    struct arena *arena;
    struct err *e;
    struct json_leniency *lenient; /* NULL: nothing of that */
};

json_t *json_table_encode(const struct json_kind *kind, const void *object); /* new reference */
int json_table_decode(const struct json_decoder *d, const struct json_kind *kind,
                      const json_t *json, void *out);
int json_table_text(const struct json_decoder *d, const char *key, const json_t *json,
                    const char **out);
/* -EINVAL: `key` must be what is expected */
int json_table_wrong(const struct json_decoder *d, const char *key, const char *expected);

#endif
