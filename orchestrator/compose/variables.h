/* variables.h -- what ${NAME} may mean: the process environment first, then env files.
 * Runs in: CLI.  Owns: entries live in the arena.
 * An included file sees the variables of the file that includes it, and behind them its own. */
#ifndef IPAM_COMPOSE_VARIABLES_H
#define IPAM_COMPOSE_VARIABLES_H

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "compose/node.h"
#include "compose/template.h"

struct warnings;

struct variables {
    struct arena *arena;
    const struct variables *outer; /* asked first; NULL = the process environment is */
    bool isolated;                 /* not even that one */
    struct node *fixed;            /* wins over everything, NULL = none */
    struct node *files;            /* of env files */
    const char *env_file;          /* the last one read, for hints; NULL if none */
    struct warnings *warnings;     /* names that are not set go there; NULL = nowhere */
};

void variables_init(struct variables *v, struct arena *a, const struct variables *outer);
int variables_read(struct variables *v, const char *path, struct err *e);
/* From now on the name means this. */
void variables_fix(struct variables *v, const char *name, const char *value);
/* NULL when it is not set anywhere. */
const char *variables_get(const struct variables *v, const char *name);
/* where an env file sets it, NULL if none does */
const struct entry *variables_in_file(const struct variables *v, const char *name);
/* for texts of the compose file */
struct scope variables_scope(const struct variables *v);
/* every name with its value, in the order of names; a new map */
struct node *variables_all(const struct variables *v);

/* Things worth saying that are no errors, each once. */
struct warnings {
    struct arena *arena;
    struct node *texts; /* a map whose keys are the texts */
};
void warnings_add(struct warnings *w, struct mark at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* one line each, "warning: " before it */
void warnings_print(const struct warnings *w, FILE *out);

#endif
