#include "preflight/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *const finding_status_text[] = {
    [FINDING_OK] = "ok",
    [FINDING_WARN] = "warn",
    [FINDING_FAIL] = "fail",
    [FINDING_SKIP] = "skip",
};

struct finding *findings_add(struct findings *f, enum finding_status status, const char *id, ...)
{
    struct finding *one;
    va_list args;

    f->items = reallocarray(f->items, f->n + 1, sizeof *f->items);
    if (!f->items)
        abort();
    one = &f->items[f->n++];
    *one = (struct finding){ .status = status };
    va_start(args, id);
    (void) vsnprintf(one->id, sizeof one->id, id, args);
    va_end(args);
    return one;
}

static void say(char **out, const char *fmt, va_list args)
{
    if (vasprintf(out, fmt, args) < 0)
        abort();
}

void finding_measured(struct finding *f, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(&f->measured, fmt, args);
    va_end(args);
}

void finding_required(struct finding *f, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(&f->required, fmt, args);
    va_end(args);
}

void finding_remedy(struct finding *f, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(&f->remedy, fmt, args);
    va_end(args);
}

size_t findings_against(const struct findings *f, bool strict)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += !f->items[i].informs &&
             (f->items[i].status == FINDING_FAIL || (strict && f->items[i].status == FINDING_WARN));
    return n;
}

void findings_clear(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->items[i].measured);
        free(f->items[i].required);
        free(f->items[i].remedy);
    }
    free(f->items);
    *f = (struct findings){ 0 };
}
