/* template.h -- ${NAME} in a text.
 * Runs in: CLI.  Owns: results live in the arena.
 * Source: Compose specification, "Interpolation": $NAME, ${NAME}, ${NAME:-default},
 * ${NAME-default},
 * ${NAME:?message}, ${NAME?message}, ${NAME:+value}, ${NAME+value}, nested, $$.  As in Docker
 * Compose a dollar that begins none of these stays, defaults and messages are expanded even when
 * they are not needed, and an expression ends on its line.
 * Fails: class ERR_CONFIG at the place of use; a required variable that is empty in an env file is
 * reported at its line there. */
#ifndef IPAM_COMPOSE_TEMPLATE_H
#define IPAM_COMPOSE_TEMPLATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* What names mean. */
struct scope {
    struct arena *arena;
    /* NULL when the name is not set */
    const char *(*get)(const void *self, const char *name);
    /* a required name is missing (`value` NULL) or empty: describes it; may be NULL */
    void (*missing)(const void *self, const char *name, const char *value, struct err *e);
    /* an empty text stands for a name that is not set; may be NULL */
    void (*unset)(const void *self, const char *name, struct mark at);
    const void *self;
};

int template_expand(const struct scope *s, const char *text, struct mark at, const char **out,
                    struct err *e);

/* One use of a variable, for `config --variables`. */
struct template_use {
    const char *name, *fallback, *alternative; /* "" if none */
    bool required;
};
/* Calls `found` for every variable of the text, also those in defaults. */
void template_uses(struct arena *a, const char *text,
                   void (*found)(void *self, const struct template_use *use), void *self);

#endif
