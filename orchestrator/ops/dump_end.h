/* dump_end.h -- whether a dump that passes comes to its end.  mariadb-dump writes a marker as its
 * last line; one that was killed does not.
 * Runs in: CLI.  Owns: nothing.  Pure: bytes in, an answer out. */
#ifndef IPAM_OPS_DUMP_END_H
#define IPAM_OPS_DUMP_END_H

#include <stdbool.h>
#include <stddef.h>

enum { DUMP_END_KEPT = 128 }; /* the marker may have a date */

/* zero: nothing came yet */
struct dump_end {
    char last[DUMP_END_KEPT]; /* bytes, the latest at the end of `len` */
    size_t len;
};

void dump_end_feed(struct dump_end *d, const void *data, size_t len);
bool dump_end_seen(const struct dump_end *d);

#endif
