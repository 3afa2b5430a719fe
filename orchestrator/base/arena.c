#include "base/arena.h"

#include <obstack.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free  free

struct arena {
    struct obstack stack;
};

static _Noreturn void out_of_memory(void)
{
    (void) fputs("out of memory\n", stderr);
    abort();
}

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);

    if (!a)
        out_of_memory();
    obstack_alloc_failed_handler = out_of_memory;
    obstack_init(&a->stack);
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    obstack_free(&a->stack, NULL);
    free(a);
}

void arena_free_(struct arena **a)
{
    arena_free(*a);
}

/* obstack's macros align by arithmetic on a null pointer, which a sanitizer may take amiss */
#define ALIGNS_LIKE_GLIBC __attribute__((no_sanitize("pointer-overflow")))

ALIGNS_LIKE_GLIBC void *arena_alloc(struct arena *a, size_t size)
{
    /* obstack counts in int-sized steps; nothing of ours comes near this */
    if (size > INT32_MAX)
        out_of_memory();
    return memset(obstack_alloc(&a->stack, (int) size), 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        out_of_memory();
    return arena_alloc(a, total);
}

ALIGNS_LIKE_GLIBC char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    if (n > INT32_MAX)
        out_of_memory();
    return obstack_copy0(&a->stack, s, (int) n);
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    auto_free char *text = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory();
    return arena_strndup(a, text, (size_t) n);
}
