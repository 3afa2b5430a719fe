/* fields.h -- every attribute we read, per kind of thing: its name, the shapes it may have, and
 * what native mode makes of it.  The tables drive checking now, and explaining and completion next.
 * Runs in: CLI.
 * Fails: class ERR_CONFIG at the place: an unknown attribute (with the nearest known one), a wrong
 * shape, or one that native mode does not honour yet; nothing is ignored in silence. */
#ifndef IPAM_COMPOSE_FIELDS_H
#define IPAM_COMPOSE_FIELDS_H

#include "compose/node.h"

/* shapes an attribute may be written in */
enum {
    SHAPE_NULL = 1 << NODE_NULL,
    SHAPE_TEXT = 1 << NODE_SCALAR,
    SHAPE_LIST = 1 << NODE_LIST,
    SHAPE_MAP = 1 << NODE_MAP
};

/* what a single value must be */
enum value { VALUE_TEXT, VALUE_BOOL, VALUE_COUNT, VALUE_CPUS, VALUE_BYTES, VALUE_DURATION };

struct fields;

struct field {
    const char *name;
    unsigned shapes;
    const struct fields *inner; /* of a map, or of each map in a list; NULL = free keys */
    bool each;                  /* a map of things of the kind `inner`, under free names */
    enum value value;
};

struct fields {
    const char *what; /* "service", for messages */
    const struct field *list;
    size_t n;
};

extern const struct fields fields_project;

int fields_check(const struct fields *f, const struct node *map, struct err *e);

#endif
