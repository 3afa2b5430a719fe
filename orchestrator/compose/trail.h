/* trail.h -- where a walk through a document is, as "services.web.ports.[0]", for messages.
 * Runs in: CLI.  Owns: nothing; each step lives on the stack of the function that took it. */
#ifndef IPAM_COMPOSE_TRAIL_H
#define IPAM_COMPOSE_TRAIL_H

#include <stddef.h>

#include "base/err.h"

struct trail {
    const struct trail *up; /* NULL at the top */
    const char *key;        /* of a map; NULL for an item of a list */
    size_t index;
};

#define TRAIL_KEY(up_, key_)    ((struct trail){ .up = (up_), .key = (key_) })
#define TRAIL_ITEM(up_, index_) ((struct trail){ .up = (up_), .index = (index_) })

enum { TRAIL_TEXT = 512 };
/* Cut off when longer than the buffer; `t` may be NULL. */
char *trail_text(const struct trail *t, char buffer[static TRAIL_TEXT]);

/* "TRAIL: what", class ERR_CONFIG, at the mark; without a trail only what. */
int trail_refuse(const struct trail *t, struct mark at, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
