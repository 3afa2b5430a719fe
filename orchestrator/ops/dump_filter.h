/* dump_filter.h -- a dump of mariadb-dump made harmless for a copy beside the original: triggers,
 * views and routines belong to another account, so that what they do they may do in the copy only,
 * and events are left out, which would run by themselves.
 * Runs in: CLI.  Owns: what may be the beginning of a line.  Pure: bytes in, bytes out. */
#ifndef IPAM_OPS_DUMP_FILTER_H
#define IPAM_OPS_DUMP_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { DUMP_FILTER_LINE = 1024 };

struct dump_filter {
    const char *definer; /* `user`@`host` */
    int (*put)(void *owner, const void *data, size_t len, struct err *e);
    void *owner;
    char line[DUMP_FILTER_LINE]; /* of the line so far, while it may be one of those */
    size_t n;
    bool events; /* the part of the dump with them */
    bool passes; /* the rest of this line is of no interest */
};

int dump_filter_feed(struct dump_filter *f, const void *data, size_t len, struct err *e);
int dump_filter_end(struct dump_filter *f, struct err *e);

#endif
