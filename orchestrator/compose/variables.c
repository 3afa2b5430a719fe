#include "compose/variables.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"

const struct variable *variables_in_file(const struct variables *v, const char *name)
{
    for (const struct variable *x = v->first; x; x = x->next)
        if (strcmp(x->name, name) == 0)
            return x;
    return NULL;
}

const char *variables_get(const struct variables *v, const char *name)
{
    const char *value = getenv(name);
    const struct variable *x = value ? NULL : variables_in_file(v, name);

    return value ? value : x ? x->value : NULL;
}

static int refuse(struct mark at, const char *what, struct err *e)
{
    err_set(e, -EINVAL, "%s", what);
    err_classify(e, ERR_CONFIG);
    return err_at(e, at);
}

static size_t name_length(const char *s)
{
    size_t n = 0;

    if (isdigit((unsigned char) s[0]))
        return 0;
    while (isalnum((unsigned char) s[n]) || s[n] == '_')
        n++;
    return n;
}

/* up to a comment or the end of the line, trailing blanks gone */
static size_t plain_length(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0' && s[n] != '\n' &&
           !(s[n] == '#' && (n == 0 || isblank((unsigned char) s[n - 1]))))
        n++;
    while (n > 0 && isspace((unsigned char) s[n - 1]))
        n--;
    return n;
}

static char unescape(char c)
{
    return (char) (c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
}

/* reads a quoted value at *at, which stands on the quote, and moves past its end */
static const char *quoted(struct arena *a, const char **at)
{
    char quote = *(*at)++;
    char *value = arena_alloc(a, strlen(*at) + 1), *out = value;

    for (; **at != '\0' && **at != quote; (*at)++) {
        if (quote == '"' && **at == '\\' && (*at)[1] != '\0')
            *out++ = unescape(*++*at);
        else
            *out++ = **at;
    }
    if (**at != quote)
        return NULL;
    (*at)++;
    return value;
}

static int parse_line(struct variables *v, const char **at, struct mark mark, struct err *e)
{
    struct variable *x;
    const char *s = *at;
    size_t n;

    if (strncmp(s, "export ", 7) == 0)
        s += 7 + strspn(s + 7, " \t");
    n = name_length(s);
    if (n == 0 || (s[n] != '=' && s[n] != '\0' && s[n] != '\n' && s[n] != '\r'))
        return refuse(mark, "expected NAME=value", e);
    x = arena_alloc(v->arena, sizeof *x);
    x->name = arena_strndup(v->arena, s, n);
    x->at = mark;
    s += n;
    if (*s == '=')
        s += 1 + strspn(s + 1, " \t");
    if (*s == '"' || *s == '\'') {
        x->value = quoted(v->arena, &s);
        if (!x->value)
            return refuse(mark, "a quote is not closed", e);
    } else {
        x->value = arena_strndup(v->arena, s, plain_length(s));
    }
    x->next = v->first;
    v->first = x;
    *at = s + strcspn(s, "\n");
    return 0;
}

int variables_parse(struct variables *v, const char *path, const char *text, struct err *e)
{
    struct mark mark = { .file = arena_strdup(v->arena, path), .line = 1 };
    const char *counted = text;

    for (const char *at = text; *at != '\0';) {
        int r;

        at += strspn(at, " \t\r");
        for (; counted < at; counted++)
            mark.line += *counted == '\n';
        if (*at == '#')
            at += strcspn(at, "\n");
        else if (*at != '\n' && *at != '\0' && (r = parse_line(v, &at, mark, e)) < 0)
            return r;
        at += *at == '\n';
    }
    v->env_file = mark.file;
    return 0;
}

int variables_read(struct variables *v, const char *path, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, LIMIT_ENV_FILE, &text, &len);

    if (r == 0 && strlen(text) != len)
        r = -EINVAL;
    if (r < 0) {
        err_set(e, r, "env file %s: %s", path,
                r == -EFBIG    ? "larger than 1 MiB"
                : r == -EINVAL ? "not a text file"
                               : strerror(-r));
        return err_classify(e, r == -EACCES ? ERR_DENIED : ERR_CONFIG);
    }
    return variables_parse(v, path, text, e);
}
