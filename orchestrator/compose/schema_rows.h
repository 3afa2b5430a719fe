/* schema_rows.h -- columns that go together, so that a row of a table says what is special about
 * it. Included by the files of tables (schema*.c) only. */
#ifndef IPAM_COMPOSE_SCHEMA_ROWS_H
#define IPAM_COMPOSE_SCHEMA_ROWS_H

#include "base/auto.h"
#include "compose/schema.h"

#define BOOL_TEXT   (IS_BOOL | IS_TEXT)
#define INT_TEXT    (IS_INT | IS_TEXT)
#define NUMBER_TEXT (IS_NUMBER | IS_TEXT)
#define SCALARS     (IS_TEXT | IS_NUMBER | IS_BOOL)

/* columns that go together */
#define TEXT_   .accepts = IS_TEXT, .form = FORM_TEXT
#define BOOL_   .accepts = BOOL_TEXT, .form = FORM_BOOL
#define CASTED_ .accepts = BOOL_TEXT, .form = FORM_BOOL, .cast = CAST_BOOL
#define COUNT_  .accepts = INT_TEXT, .form = FORM_COUNT
#define BYTES_  .accepts = NUMBER_TEXT, .form = FORM_BYTES
#define TIME_   .accepts = IS_TEXT, .form = FORM_DURATION
#define TEXTS_  .accepts = IS_LIST, .items = IS_TEXT, .form = FORM_TEXTS
#define SET_    .accepts = IS_LIST, .items = IS_TEXT, .form = FORM_TEXTS, .distinct = true
#define TEXT_SET                                                                                   \
    .accepts = IS_TEXT | IS_LIST, .items = IS_TEXT, .form = FORM_TEXTS, .distinct = true
#define PAIRS_                                                                                     \
    .accepts = IS_LIST | IS_MAP, .items = IS_TEXT, .values = SCALARS | IS_NULL, .distinct = true
#define OPTIONS_    .accepts = IS_MAP, .values = IS_TEXT | IS_NUMBER, .form = FORM_MAPPING
#define OBJECT_     .accepts = IS_MAP, .form = FORM_OBJECT
#define OBJECTS_    .accepts = IS_LIST, .items = IS_MAP, .form = FORM_OBJECTS
#define YES(note_)  .native = NATIVE_HONOURED, .note = note_
#define NO(note_)   .native = NATIVE_REFUSED, .note = note_
#define IDLE(note_) .native = NATIVE_MEANINGLESS, .note = note_

#define KIND(name_, what_)                                                                         \
    static const struct kind name_ = { .what = what_,                                              \
                                       .list = name_##_list,                                       \
                                       .n = ARRAY_LEN(name_##_list) }
#define CLOSED_KIND(name_, what_)                                                                  \
    static const struct kind name_ = {                                                             \
        .what = what_, .list = name_##_list, .n = ARRAY_LEN(name_##_list), .closed = true          \
    }

#define ONLY(...)                                                                                  \
    .only = (const char *const[])                                                                  \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

#endif
