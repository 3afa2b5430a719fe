/* variables.h -- what ${NAME} may mean: the process environment first, then env files.
 * Runs in: CLI.  Owns: entries live in the arena.
 * Env files follow Docker's dialect: KEY=value, optional `export`, 'single' (literal) and "double"
 * quotes (\n \t \" \\ $), comments with # after a blank, CRLF tolerated.
 * Fails: class ERR_CONFIG with file and line. */
#ifndef IPAM_COMPOSE_VARIABLES_H
#define IPAM_COMPOSE_VARIABLES_H

#include "base/arena.h"
#include "base/err.h"

struct variable {
    const char *name, *value;
    struct mark at;
    struct variable *next;
};

struct variables {
    struct arena *arena;
    struct variable *first; /* of env files; later files win */
    const char *env_file;   /* the last one read, for hints; NULL if none */
};

int variables_read(struct variables *v, const char *path, struct err *e);
/* Parses text as if read from `path`. */
int variables_parse(struct variables *v, const char *path, const char *text, struct err *e);
/* NULL when it is not set anywhere. */
const char *variables_get(const struct variables *v, const char *name);
/* where an env file sets it, NULL if none does */
const struct variable *variables_in_file(const struct variables *v, const char *name);

#endif
