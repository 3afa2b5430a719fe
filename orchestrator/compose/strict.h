/* strict.h -- mistakes in compose and env files that are no errors: variables that are not set,
 * placeholders, dollars lost to interpolation, carriage returns, secrets that others can read.
 * Runs in: CLI.  Writes one line for each, with file and line.
 * Fails: class ERR_CONFIG when there is any. */
#ifndef IPAM_COMPOSE_STRICT_H
#define IPAM_COMPOSE_STRICT_H

#include <stdio.h>

#include "compose/load.h"

/* Of the env files, and how many lines: `raw` is what load_raw gives, because what is missing or
 * wrong in them may keep the files from being read. */
size_t strict_variables(const struct loaded *raw, FILE *out);
/* Of the model; `before` is what strict_variables found. */
int strict_check(const struct loaded *l, size_t before, FILE *out, struct err *e);

#endif
