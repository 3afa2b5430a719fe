#include "compose/template.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* defaults inside defaults; nobody writes more */
enum { NESTING_MAX = 32 };

struct expansion {
    const struct scope *scope;
    struct mark at;
    int depth;
    struct err *e;
};

/* NAME, and behind it an operator with its operand, as in NAME:-operand */
struct expression {
    const char *name;
    bool colon;
    char operator; /* - ? + or NUL */
    const char *operand;
    size_t operand_len;
};

static int expand(struct expansion *x, const char *text, size_t len, FILE *out);

static size_t name_length(const char *s, size_t len)
{
    size_t n = 0;

    if (len > 0 && isdigit((unsigned char) s[0]))
        return 0;
    while (n < len && (isalnum((unsigned char) s[n]) || s[n] == '_'))
        n++;
    return n;
}

/* Behind the ${ that `s` begins with: where the expression ends, as the regular expression of the
 * reference finds it.  With an operator the last brace of the line bounds it, and inside of that
 * braces are counted, every brace opening one.  0 when it does not end. */
static size_t expression_end(const char *s, size_t len)
{
    size_t name = name_length(s + 2, len - 2), at = 2 + name, bound = 0;
    int open = 0;

    if (name == 0 || at >= len)
        return 0;
    if (s[at] == '}')
        return at;
    at += s[at] == ':';
    if (at >= len || !strchr("-?+", s[at]))
        return 0;
    for (size_t i = at; i < len && s[i] != '\n'; i++)
        if (s[i] == '}')
            bound = i;
    for (size_t i = 0; i <= bound; i++) {
        if (s[i] == '}' && --open == 0)
            return i;
        if (s[i] == '{') {
            open++;
            i++;
        }
    }
    return bound;
}

static struct expression parse(struct arena *a, const char *s, size_t len)
{
    size_t name = name_length(s, len);
    struct expression x = { .name = arena_strndup(a, s, name) };

    if (name == len)
        return x;
    x.colon = s[name] == ':';
    x.operator= s[name + x.colon];
    x.operand = s + name + x.colon + 1;
    x.operand_len = len - (size_t) (x.operand - s);
    return x;
}

static int refuse(const struct expansion *x, const char *what, const char *text, size_t len)
{
    err_set(x->e, -EINVAL, "%s: %.*s", what, len > 80 ? 80 : (int) len, text);
    err_classify(x->e, ERR_CONFIG);
    err_hint(x->e, "a dollar that is meant as such is written $$");
    return err_at(x->e, x->at);
}

static int missing(const struct expansion *x, const char *name, const char *value,
                   const char *message)
{
    const struct scope *s = x->scope;

    err_set(x->e, -EINVAL, "required variable %s is %s%s%s", name, value ? "empty" : "not set",
            message[0] ? ": " : "", message);
    err_classify(x->e, ERR_CONFIG);
    err_at(x->e, x->at);
    if (s->missing)
        s->missing(s->self, name, value, x->e);
    return -EINVAL;
}

static int replace(struct expansion *x, const struct expression *ex, FILE *out)
{
    const struct scope *s = x->scope;
    const char *value = s->get(s->self, ex->name);
    bool set = value && (!ex->colon || value[0] != '\0');
    auto_free char *operand = NULL;
    size_t len = 0;
    FILE *stream;
    int r;

    if (ex->operator== '\0') {
        if (!value && s->unset)
            s->unset(s->self, ex->name, x->at);
        return fputs(value ? value : "", out) < 0 ? -ENOMEM : 0;
    }
    stream = open_memstream(&operand, &len);
    if (!stream)
        abort();
    r = expand(x, ex->operand, ex->operand_len, stream);
    (void) fclose(stream);
    if (r < 0)
        return r;
    if (ex->operator== '?' && !set)
        return missing(x, ex->name, value, operand);
    if (ex->operator== '+')
        return fputs(set ? operand : value ? value : "", out) < 0 ? -ENOMEM : 0;
    return fputs(set ? value : operand, out) < 0 ? -ENOMEM : 0;
}

/* at a dollar; *used tells how much of the text was taken */
static int at_dollar(struct expansion *x, const char *text, size_t len, FILE *out, size_t *used)
{
    struct expression ex;
    size_t n;

    *used = 2;
    if (len > 1 && text[1] == '$')
        return fputc('$', out) < 0 ? -ENOMEM : 0;
    if (len > 1 && text[1] == '{') {
        n = expression_end(text, len);
        if (n == 0)
            return refuse(x, "not a variable", text, len);
        *used = n + 1;
        ex = parse(x->scope->arena, text + 2, n - 2);
        return replace(x, &ex, out);
    }
    n = name_length(text + 1, len - 1);
    *used = 1 + n;
    if (n == 0)
        return fputc('$', out) < 0 ? -ENOMEM : 0;
    ex = parse(x->scope->arena, text + 1, n);
    return replace(x, &ex, out);
}

static int expand(struct expansion *x, const char *text, size_t len, FILE *out)
{
    int r = ++x->depth > NESTING_MAX ? refuse(x, "variables nested too deeply", text, len) : 0;

    for (size_t i = 0; r == 0 && i < len;) {
        const char *dollar = memchr(text + i, '$', len - i);
        size_t plain = dollar ? (size_t) (dollar - text) - i : len - i, used = 0;

        if (fwrite(text + i, 1, plain, out) != plain)
            return -ENOMEM;
        i += plain;
        if (dollar)
            r = at_dollar(x, text + i, len - i, out, &used);
        i += used;
    }
    x->depth--;
    return r;
}

int template_expand(const struct scope *s, const char *text, struct mark at, const char **out,
                    struct err *e)
{
    struct expansion x = { .scope = s, .at = at, .e = e };
    auto_free char *buffer = NULL;
    size_t len = 0;
    FILE *stream;
    int r;

    *out = text;
    if (!strchr(text, '$'))
        return 0;
    stream = open_memstream(&buffer, &len);
    if (!stream)
        abort();
    r = expand(&x, text, strlen(text), stream);
    (void) fclose(stream);
    if (r == 0)
        *out = arena_strndup(s->arena, buffer, len);
    return r;
}

static void uses(struct arena *a, const char *text, size_t len, int depth,
                 void (*found)(void *self, const struct template_use *use), void *self)
{
    for (size_t i = 0; depth < NESTING_MAX && i + 1 < len; i++) {
        struct template_use use = { .fallback = "", .alternative = "" };
        struct expression x;
        const char *operand;
        size_t n;

        if (text[i] != '$')
            continue;
        if (text[i + 1] == '$') {
            i++;
            continue;
        }
        n = text[i + 1] == '{' ? expression_end(text + i, len - i)
                               : name_length(text + i + 1, len - i - 1);
        if (n == 0)
            continue;
        x = text[i + 1] == '{' ? parse(a, text + i + 2, n - 2) : parse(a, text + i + 1, n);
        operand = x.operator? arena_strndup(a, x.operand, x.operand_len) : "";
        use.name = x.name;
        use.required = x.operator== '?';
        if (x.operator== '-')
            use.fallback = operand;
        if (x.operator== '+')
            use.alternative = operand;
        found(self, &use);
        if (x.operator== '-' || x.operator== '+')
            uses(a, operand, x.operand_len, depth + 1, found, self);
        i += n;
    }
}

void template_uses(struct arena *a, const char *text,
                   void (*found)(void *self, const struct template_use *use), void *self)
{
    uses(a, text, strlen(text), 0, found, self);
}
