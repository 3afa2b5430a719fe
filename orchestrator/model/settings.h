/* settings.h -- an env file as lines that can be changed one by one, and what its template says of
 * each key.
 * Runs in: CLI, tests.  Owns: its lines.
 * The template is an env file too: above each key stand its comment and a line such as
 *     #: type=secret required=yes generate=32
 * which says what a value may be.  Further words: once (a secret that is used at the first start
 * only), previous=KEY (where the value before this one stays accepted), since=DATE/SUM (when the
 * value was made, and two bytes of its SHA-256, so that one changed by hand is told).
 * Only what the template needs is read here; what a value means is said by compose/dotenv.h. */
#ifndef IPAM_MODEL_SETTINGS_H
#define IPAM_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum setting_type {
    SETTING_STRING,
    SETTING_SECRET,
    SETTING_DOMAIN,
    SETTING_EMAIL,
    SETTING_PORT,
    SETTING_NUMBER,
    SETTING_BOOLEAN,
    SETTING_TYPE_COUNT
};

extern const char *const setting_type_text[SETTING_TYPE_COUNT];

struct setting {
    char *name, *value; /* value without the quotes around it */
    unsigned line;      /* 1 = first */
    bool described;     /* it has a line "#:" */
    enum setting_type type;
    bool required, once;
    unsigned generate; /* letters of a generated value, 0 = none */
    char *previous;    /* another key, NULL = none */
    char *since;       /* DATE/SUM, NULL = not said */
    char *comment;     /* the lines above, without #; "" if none */
    unsigned first;    /* line of the first of them, or of the key */
    bool several;      /* its value goes on over further lines: it is left alone */
};

struct settings {
    char **lines; /* as in strv.h */
    struct setting *items;
    size_t n;
    bool open_end; /* the last line has no newline */
};

void settings_parse(const char *text, struct settings *out);
void settings_clear(struct settings *s);
/* the last one of that name, as the file is read; NULL if none */
struct setting *settings_find(const struct settings *s, const char *name);
/* The file as it is now; malloc'd. */
char *settings_text(const struct settings *s, size_t *len);

/* Gives `name` a value; everything else stays.  -EINVAL where its value spans lines or the new one
 * could not be read back; -ENOENT when there is no such key. */
int settings_set(struct settings *s, const char *name, const char *value, struct err *e);
/* Puts at the end what `from` has of that key: comment, description and its value. */
void settings_append(struct settings *s, const struct settings *from, const char *name);
/* Notes in the description of the key that its value is of today; one that has none stays so. */
void settings_date(struct settings *s, const char *name, long long now_s);
/* Days since the value was made; -1 if that is not known. */
int settings_age_days(const struct setting *item, long long now_s);

/* Why `value` is none for this key ("'80x' is no port (1 to 65535)"); false when it is one.  An
 * empty one is for whoever asks. */
bool setting_refuse(const struct setting *item, const char *value, char *why, size_t size);

#endif
