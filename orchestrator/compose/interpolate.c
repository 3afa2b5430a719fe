#include "compose/interpolate.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* defaults inside defaults; nobody writes more */
enum { NESTING_MAX = 16 };

struct scan {
    const struct variables *v;
    struct mark at;
    struct err *e;
};

static int expand(const struct scan *s, const char *text, size_t len, int depth, FILE *out);

static int refuse(const struct scan *s, const char *what, const char *text, size_t len)
{
    err_set(s->e, -EINVAL, "%s: %.*s", what, len > 80 ? 80 : (int) len, text);
    err_classify(s->e, ERR_CONFIG);
    return err_at(s->e, s->at);
}

static size_t name_length(const char *s, size_t len)
{
    size_t n = 0;

    if (len > 0 && isdigit((unsigned char) s[0]))
        return 0;
    while (n < len && (isalnum((unsigned char) s[n]) || s[n] == '_'))
        n++;
    return n;
}

/* length up to the brace that closes the one before `s`; len when there is none */
static size_t closing_brace(const char *s, size_t len)
{
    int open = 1;

    for (size_t i = 0; i < len; i++) {
        if (s[i] == '$' && i + 1 < len && s[i + 1] == '{')
            open++;
        else if (s[i] == '}' && --open == 0)
            return i;
    }
    return len;
}

static int missing(const struct scan *s, const char *name, const char *message, size_t len)
{
    const struct variable *x = variables_in_file(s->v, name);

    if (x) {
        err_set(s->e, -EINVAL, "%s is empty%s%.*s", name, len ? ": " : "", (int) len, message);
        err_hint(s->e, "give it a value in %s", x->at.file);
        (void) err_at(s->e, x->at);
    } else {
        err_set(s->e, -EINVAL, "%s is not set%s%.*s", name, len ? ": " : "", (int) len, message);
        if (s->v->env_file)
            err_hint(s->e, "add %s to %s", name, s->v->env_file);
        else
            err_hint(s->e, "ipam-orch init");
        (void) err_at(s->e, s->at);
    }
    return err_classify(s->e, ERR_CONFIG);
}

/* what stands between the braces */
static int expression(const struct scan *s, const char *text, size_t len, int depth, FILE *out)
{
    size_t n = name_length(text, len);
    auto_free char *name = strndup(text, n);
    const char *value = n ? variables_get(s->v, name) : NULL;
    const char *op = text + n, *rest;
    bool colon = n < len && *op == ':';
    bool set = value && (!colon || value[0] != '\0');

    if (n == 0)
        return refuse(s, "not a variable", text, len);
    if (n == len)
        return fputs(value ? value : "", out) < 0 ? -ENOMEM : 0;
    op += colon;
    rest = op + 1;
    if (op >= text + len)
        return refuse(s, "not a variable", text, len);
    size_t left = (size_t) (text + len - rest);
    switch (*op) {
    case '-':
        if (!set)
            return expand(s, rest, left, depth + 1, out);
        break;
    case '?':
        if (!set)
            return missing(s, name, rest, left);
        break;
    case '+': return set ? expand(s, rest, left, depth + 1, out) : 0;
    default: return refuse(s, "not a variable", text, len);
    }
    return fputs(value, out) < 0 ? -ENOMEM : 0;
}

/* `text` stands behind a dollar; *used tells how much of it belongs to the variable */
static int variable(const struct scan *s, const char *text, size_t len, int depth, FILE *out,
                    size_t *used)
{
    size_t n;

    if (len > 0 && text[0] == '$') {
        *used = 1;
        return fputc('$', out) < 0 ? -ENOMEM : 0;
    }
    if (len > 0 && text[0] == '{') {
        n = closing_brace(text + 1, len - 1);
        if (n == len - 1)
            return refuse(s, "a brace is not closed", text, len);
        *used = n + 2;
        return expression(s, text + 1, n, depth, out);
    }
    n = name_length(text, len);
    if (n == 0)
        return refuse(s, "a single $ must be written $$", text, len);
    *used = n;
    return expression(s, text, n, depth, out);
}

static int expand(const struct scan *s, const char *text, size_t len, int depth, FILE *out)
{
    if (depth > NESTING_MAX)
        return refuse(s, "variables nested too deeply", text, len);
    for (size_t i = 0; i < len;) {
        const char *dollar = memchr(text + i, '$', len - i);
        size_t plain = dollar ? (size_t) (dollar - text) - i : len - i, used = 0;
        int r;

        if (fwrite(text + i, 1, plain, out) != plain)
            return -ENOMEM;
        i += plain;
        if (!dollar)
            break;
        r = variable(s, text + i + 1, len - i - 1, depth, out, &used);
        if (r < 0)
            return r;
        i += 1 + used;
    }
    return 0;
}

int interpolate_text(const struct variables *v, const char *text, struct mark at, const char **out,
                     struct err *e)
{
    struct scan s = { .v = v, .at = at, .e = e };
    auto_free char *buffer = NULL;
    size_t len = 0;
    FILE *stream;
    int r;

    if (!strchr(text, '$')) {
        *out = text;
        return 0;
    }
    stream = open_memstream(&buffer, &len);
    if (!stream)
        abort();
    r = expand(&s, text, strlen(text), 0, stream);
    (void) fclose(stream);
    if (r == 0)
        *out = arena_strndup(v->arena, buffer, len);
    return r;
}

/* depth is bounded where trees are made, in yaml.c */
int interpolate_tree(const struct variables *v, struct node *n, struct err *e)
{
    int r = 0;

    /* an alias shares its node: what came out of a variable must not be expanded again */
    if (n->expanded)
        return 0;
    n->expanded = true;
    if (n->kind == NODE_SCALAR) {
        return interpolate_text(v, n->text, n->at, &n->text, e);
    }
    for (size_t i = 0; r == 0 && n->kind == NODE_LIST && i < n->n; i++)
        r = interpolate_tree(v, n->items[i], e);
    for (size_t i = 0; r == 0 && n->kind == NODE_MAP && i < n->n; i++)
        r = interpolate_tree(v, n->entries[i].value, e);
    return r;
}
