#include "ops/dump_filter.h"

#include <string.h>

#include "base/auto.h"

#define DEFINER "DEFINER="

/* lines of data begin otherwise, and text in them has no newlines of its own */
static const char *const named[] = { "/*!50003 CREATE", "/*!50013 DEFINER", "/*!50001 CREATE",
                                     "/*!50020 CREATE", "CREATE DEFINER",   "-- Dumping " };

static bool may_be_one(const struct dump_filter *f)
{
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        size_t len = strlen(named[i]);

        if (memcmp(f->line, named[i], f->n < len ? f->n : len) == 0)
            return true;
    }
    return false;
}

static int put(const struct dump_filter *f, const void *data, size_t len, struct err *e)
{
    return len == 0 || f->events ? 0 : f->put(f->owner, data, len, e);
}

/* behind `user`@`host`, each of which has its back quotes doubled inside; NULL: it is none */
static const char *behind_account(const char *at, const char *end)
{
    for (int part = 0; part < 2; part++) {
        if (part == 1 && (at >= end || *at++ != '@'))
            return NULL;
        if (at >= end || *at++ != '`')
            return NULL;
        while (at < end && (*at != '`' || (at + 1 < end && at[1] == '`')))
            at += *at == '`' ? 2 : 1;
        if (at++ >= end)
            return NULL;
    }
    return at;
}

static int flush(struct dump_filter *f, struct err *e)
{
    static const char on[] = "-- Dumping events for", off[] = "-- Dumping routines for";
    const char *end = f->line + f->n, *at = memmem(f->line, f->n, DEFINER, sizeof DEFINER - 1);
    const char *behind = at ? behind_account(at + sizeof DEFINER - 1, end) : NULL;
    int r;

    if (f->n >= sizeof off - 1 && memcmp(f->line, off, sizeof off - 1) == 0)
        f->events = false;
    if (behind && memcmp(f->line, "-- ", 3) != 0) {
        at += sizeof DEFINER - 1;
        r = put(f, f->line, (size_t) (at - f->line), e);
        if (r == 0)
            r = put(f, f->definer, strlen(f->definer), e);
        if (r == 0)
            r = put(f, behind, (size_t) (end - behind), e);
    } else {
        r = put(f, f->line, f->n, e);
    }
    if (f->n >= sizeof on - 1 && memcmp(f->line, on, sizeof on - 1) == 0)
        f->events = true;
    f->n = 0;
    return r;
}

int dump_filter_feed(struct dump_filter *f, const void *data, size_t len, struct err *e)
{
    const char *at = data, *end = at + len;
    int r = 0;

    while (r == 0 && at < end) {
        const char *newline = memchr(at, '\n', (size_t) (end - at));
        const char *stop = newline ? newline + 1 : end;

        if (f->passes) {
            r = put(f, at, (size_t) (stop - at), e);
            f->passes = !newline;
            at = stop;
            continue;
        }
        while (at < stop && f->n < sizeof f->line && may_be_one(f))
            f->line[f->n++] = *at++;
        if (at < stop || newline) {
            r = flush(f, e);
            f->passes = at < stop;
        }
    }
    return r;
}

int dump_filter_end(struct dump_filter *f, struct err *e)
{
    return flush(f, e);
}
