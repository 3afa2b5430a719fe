#include "verify/html.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"

enum { NAME_MAX_ = 32, VALUE_MAX = 2048 };

struct tag {
    char name[NAME_MAX_];
    const char *attributes, *end; /* end: behind the '>' */
};

/* the next tag from `at` on; false when there is none */
static bool next_tag(const char *at, struct tag *out)
{
    while ((at = strchr(at, '<'))) {
        size_t n = 0;

        if (strncmp(at, "<!--", 4) == 0) {
            at = strstr(at, "-->");
            if (!at)
                return false;
            continue;
        }
        at++;
        if (!isalpha((unsigned char) *at))
            continue;
        for (; isalnum((unsigned char) at[n]) && n + 1 < NAME_MAX_; n++)
            out->name[n] = (char) tolower((unsigned char) at[n]);
        out->name[n] = '\0';
        out->attributes = at + n;
        /* a '>' in a quoted value does not end it */
        for (at += n; *at && *at != '>'; at++)
            if (*at == '"' || *at == '\'') {
                const char *close = strchr(at + 1, *at);

                if (!close)
                    return false;
                at = close;
            }
        if (!*at)
            return false;
        out->end = at + 1;
        if (strcmp(out->name, "script") == 0) {
            const char *close = strcasestr(out->end, "</script");

            out->end = close ? close : out->end + strlen(out->end);
        }
        return true;
    }
    return false;
}

static void decode(char *s)
{
    static const struct {
        const char *entity;
        char is;
    } known[] = { { "&amp;", '&' }, { "&quot;", '"' }, { "&#39;", '\'' } };
    char *out = s;

    while (*s) {
        size_t k = 0;

        while (k < ARRAY_LEN(known) && strncmp(s, known[k].entity, strlen(known[k].entity)) != 0)
            k++;
        *out++ = k < ARRAY_LEN(known) ? known[k].is : *s;
        s += k < ARRAY_LEN(known) ? strlen(known[k].entity) : 1;
    }
    *out = '\0';
}

/* one attribute from `at` on; where the next may begin, NULL at the end of the tag */
static const char *read_attribute(const char *at, const char *end, char name[NAME_MAX_],
                                  char value[VALUE_MAX])
{
    const char *begun, *stop;
    size_t n = 0;

    while (at < end && (isspace((unsigned char) *at) || *at == '/'))
        at++;
    if (at >= end || *at == '>')
        return NULL;
    for (; at < end && !isspace((unsigned char) *at) && !strchr("=/>", *at); at++)
        if (n + 1 < NAME_MAX_)
            name[n++] = (char) tolower((unsigned char) *at);
    name[n] = value[0] = '\0';
    while (at < end && isspace((unsigned char) *at))
        at++;
    if (*at != '=')
        return n ? at : at + 1;
    for (at++; at < end && isspace((unsigned char) *at);)
        at++;
    begun = *at == '"' || *at == '\'' ? at + 1 : at;
    stop = begun > at ? strchr(begun, *at) : begun + strcspn(begun, " \t\r\n>");
    if (!stop || stop > end)
        return NULL;
    (void) snprintf(value, VALUE_MAX, "%.*s", (int) (stop - begun), begun);
    decode(value);
    return begun > at ? stop + 1 : stop;
}

/* false: the tag has no such attribute */
static bool attribute(const struct tag *t, const char *wanted, char value[VALUE_MAX])
{
    char name[NAME_MAX_];
    const char *at = t->attributes;

    while ((at = read_attribute(at, t->end, name, value)))
        if (strcmp(name, wanted) == 0)
            return true;
    value[0] = '\0';
    return false;
}

bool html_has_id(const char *page, const char *id)
{
    char value[VALUE_MAX];
    struct tag t;

    for (; next_tag(page, &t); page = t.end)
        if (attribute(&t, "id", value) && strcmp(value, id) == 0)
            return true;
    return false;
}

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strcasestr(at, word)); at += len)
        if ((at == list || isspace((unsigned char) at[-1])) &&
            (at[len] == '\0' || isspace((unsigned char) at[len])))
            return true;
    return false;
}

/* what the tag refers to; false: nothing of interest */
static bool refers(const struct tag *t, enum html_kind *kind, char value[VALUE_MAX])
{
    char rel[VALUE_MAX];

    *kind = HTML_SCRIPT;
    if (strcmp(t->name, "script") == 0)
        return attribute(t, "src", value);
    if (strcmp(t->name, "link") != 0 || !attribute(t, "rel", rel))
        return false;
    if (has_word(rel, "stylesheet"))
        *kind = HTML_STYLE;
    else if (has_word(rel, "icon"))
        *kind = HTML_ICON;
    else if (!has_word(rel, "modulepreload"))
        return false;
    return attribute(t, "href", value);
}

void html_references(const char *page, struct html_references *out)
{
    char value[VALUE_MAX];
    enum html_kind kind;
    struct tag t;

    *out = (struct html_references){ .items = calloc(HTML_REFERENCES_MAX, sizeof(*out->items)) };
    if (!out->items)
        abort();
    for (; out->n < HTML_REFERENCES_MAX && next_tag(page, &t); page = t.end) {
        if (!refers(&t, &kind, value) || value[0] == '\0')
            continue;
        out->items[out->n] = (struct html_reference){ .kind = kind, .target = strdup(value) };
        if (!out->items[out->n++].target)
            abort();
    }
}

void html_references_clear(struct html_references *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->items[i].target);
    free(r->items);
    *r = (struct html_references){ 0 };
}

static bool has_scheme(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

    return n > 0 && s[n] == ':';
}

char *html_path(const char *base, const char *target)
{
    const char *host = strstr(base, "://"), *path, *dir;
    size_t origin;
    char *out = NULL;
    int r;

    if (!host)
        return NULL;
    origin = (size_t) (host + 3 - base) + strcspn(host + 3, "/?#");
    path = base + origin;
    if (strncmp(target, base, origin) == 0 && target[origin] == '/')
        target += origin;
    else if (strncmp(target, "//", 2) == 0 || has_scheme(target))
        return NULL;
    dir = strrchr(path, '/');
    r = target[0] == '/' ? asprintf(&out, "%s", target)
                         : asprintf(&out, "%.*s/%s", dir ? (int) (dir - path) : 0, path, target);
    if (r < 0)
        abort();
    out[strcspn(out, "#")] = '\0';
    return out;
}
