/* dotenv.h -- env files in Docker's dialect.
 * Runs in: CLI.  Owns: what is read lives in the arena.
 * KEY=value, KEY: value, optional `export`, 'literal', "with \n \t \" \\ \$ and \0NNN", values over
 * several lines in quotes, comments with # at the start or after a blank, ${NAME} in values that
 * are not in single quotes; KEY alone takes its value from outside.  The raw format is KEY=value,
 * value as it stands. Fails: class ERR_CONFIG with file and line. */
#ifndef IPAM_COMPOSE_DOTENV_H
#define IPAM_COMPOSE_DOTENV_H

#include "compose/node.h"
#include "compose/template.h"

/* What outside means: asked before what the file itself has set so far. */
struct dotenv_outside {
    const char *(*get)(const void *self, const char *name);            /* NULL = not set */
    void (*unset)(const void *self, const char *name, struct mark at); /* may be NULL */
    const void *self;
};

/* Adds to `out`, a map of texts whose places are lines of the file; later lines win. */
int dotenv_parse(struct arena *a, const char *path, const char *text,
                 const struct dotenv_outside *outside, struct node *out, struct err *e);
/* Reads a regular file of at most LIMIT_ENV_FILE bytes; `format` is NULL, "" or "raw". */
int dotenv_read(struct arena *a, const char *path, const char *format,
                const struct dotenv_outside *outside, struct node *out, struct err *e);

#endif
