#include "ops/dump_end.h"

#include <string.h>

void dump_end_feed(struct dump_end *d, const void *data, size_t len)
{
    size_t kept = DUMP_END_KEPT - len;

    if (len >= DUMP_END_KEPT) {
        memcpy(d->last, (const char *) data + len - DUMP_END_KEPT, DUMP_END_KEPT);
        d->len = DUMP_END_KEPT;
        return;
    }
    if (d->len > kept) {
        memmove(d->last, d->last + d->len - kept, kept);
        d->len = kept;
    }
    memcpy(d->last + d->len, data, len);
    d->len += len;
}

bool dump_end_seen(const struct dump_end *d)
{
    static const char marker[] = "-- Dump completed";
    size_t end = d->len, from;

    while (end > 0 && d->last[end - 1] == '\n')
        end--;
    from = end;
    while (from > 0 && d->last[from - 1] != '\n')
        from--;
    /* the beginning of a line, not of what was kept */
    return (from > 0 || d->len < DUMP_END_KEPT) && end - from >= sizeof marker - 1 &&
           memcmp(d->last + from, marker, sizeof marker - 1) == 0;
}
