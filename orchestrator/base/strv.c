#include "base/strv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strv_free(char **v)
{
    for (char **s = v; s && *s; s++)
        free(*s);
    free(v);
}

void strv_free_(char ***v)
{
    strv_free(*v);
}

size_t strv_len(char *const *v)
{
    size_t n = 0;

    while (v && v[n])
        n++;
    return n;
}

static void push(char ***v, char *owned)
{
    size_t n = strv_len(*v);
    char **grown = owned ? reallocarray(*v, n + 2, sizeof *grown) : NULL;

    if (!grown)
        abort();
    grown[n] = owned;
    grown[n + 1] = NULL;
    *v = grown;
}

void strv_append(char ***v, const char *s)
{
    push(v, strdup(s));
}

void strv_appendf(char ***v, const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    push(v, s);
}

bool strv_has(char *const *v, const char *s)
{
    for (; v && *v; v++)
        if (strcmp(*v, s) == 0)
            return true;
    return false;
}

char *strv_join(char *const *v, const char *between)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    for (size_t i = 0; v && v[i]; i++)
        fprintf(out, "%s%s", i > 0 ? between : "", v[i]);
    if (fclose(out) != 0)
        abort();
    return text;
}
