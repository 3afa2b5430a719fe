#include "model/scrub.h"

#include <ctype.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define STARS "********"

struct value {
    char *text;
    size_t len;
};

struct scrub {
    struct value *values; /* the longest first: none is cut by a shorter one in it */
    size_t n;
};

struct scrub *scrub_new(void)
{
    struct scrub *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    return s;
}

void scrub_free(struct scrub *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        free(s->values[i].text);
    free(s->values);
    free(s);
}

void scrub_free_(struct scrub **s)
{
    scrub_free(*s);
}

static void keep(struct scrub *s, const char *text, size_t len)
{
    size_t at = 0;

    if (len < SCRUB_MIN)
        return;
    for (size_t i = 0; i < s->n; i++) {
        if (s->values[i].len == len && memcmp(s->values[i].text, text, len) == 0)
            return;
        at += s->values[i].len >= len;
    }
    s->values = reallocarray(s->values, s->n + 1, sizeof *s->values);
    if (!s->values)
        abort();
    memmove(&s->values[at + 1], &s->values[at], (s->n - at) * sizeof *s->values);
    s->values[at] = (struct value){ .text = malloc(len), .len = len };
    if (!s->values[at].text)
        abort();
    memcpy(s->values[at].text, text, len);
    s->n++;
}

/* and as JSON writes it, where that differs */
static void keep_both(struct scrub *s, const char *text, size_t len)
{
    json_t *json = json_stringn(text, len);
    auto_free char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

    keep(s, text, len);
    if (quoted)
        keep(s, quoted + 1, strlen(quoted) - 2);
    json_decref(json);
}

void scrub_add(struct scrub *s, const char *value, size_t len)
{
    const char *end = value + len;

    while (len > 0 && isspace((unsigned char) value[len - 1]))
        len--;
    keep_both(s, value, len);
    if (!memchr(value, '\n', len))
        return;
    for (const char *line = value; line < end;) {
        const char *newline = memchr(line, '\n', (size_t) (end - line));
        size_t n = newline ? (size_t) (newline - line) : (size_t) (end - line);

        if (strncmp(line, "-----", 5) != 0) /* what every certificate begins with */
            keep_both(s, line, n);
        line += n + 1;
    }
}

static bool says_secret(const char *name)
{
    static const char *const words[] = { "PASS",  "SECRET", "TOKEN", "KEY",
                                         "CREDE", "PWD",    "AUTH",  "PRIVATE" };
    auto_free char *upper = strdup(name);

    for (char *c = upper; c && *c; c++)
        *c = (char) toupper((unsigned char) *c);
    for (size_t i = 0; upper && i < ARRAY_LEN(words); i++)
        if (strstr(upper, words[i]))
            return true;
    return false;
}

/* scheme://name:THIS@host */
static void add_address(struct scrub *s, const char *text)
{
    const char *host = strstr(text, "://");
    size_t len = host ? strcspn(host + 3, "/?#") : 0;
    const char *at = host ? memrchr(host + 3, '@', len) : NULL;
    const char *colon = at ? memchr(host + 3, ':', (size_t) (at - host - 3)) : NULL;

    if (colon)
        scrub_add(s, colon + 1, (size_t) (at - colon - 1));
}

void scrub_add_variable(struct scrub *s, const char *name, const char *value)
{
    if (says_secret(name))
        scrub_add(s, value, strlen(value));
    add_address(s, value);
}

void scrub_add_project(struct scrub *s, const struct project *p)
{
    for (size_t i = 0; i < p->n_secrets; i++)
        scrub_add(s, p->secrets[i].value, p->secrets[i].len);
    for (size_t i = 0; i < p->n_units; i++)
        for (const char *const *v = p->units[i].env; v && *v; v++) {
            size_t name = strcspn(*v, "=");

            auto_free char *key = strndup(*v, name);

            if ((*v)[name] == '=')
                scrub_add_variable(s, key, *v + name + 1);
        }
}

static const struct value *find(const struct scrub *s, const char *text, size_t left)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->values[i].len <= left && s->values[i].text[0] == text[0] &&
            memcmp(s->values[i].text, text, s->values[i].len) == 0)
            return &s->values[i];
    return NULL;
}

char *scrub_text(const struct scrub *s, const char *text, size_t len, size_t *out_len)
{
    /* a value of SCRUB_MIN bytes becomes eight */
    char *out = malloc(len * 2 + 1), *to = out;

    if (!out)
        abort();
    for (size_t at = 0; at < len;) {
        const struct value *v = find(s, text + at, len - at);

        if (!v) {
            *to++ = text[at++];
            continue;
        }
        memcpy(to, STARS, sizeof STARS - 1);
        to += sizeof STARS - 1;
        at += v->len;
    }
    *to = '\0';
    if (out_len)
        *out_len = (size_t) (to - out);
    return out;
}
