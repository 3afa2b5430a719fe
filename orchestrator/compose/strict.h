/* strict.h -- mistakes in compose and env files that are no errors: variables that are not set,
 * placeholders, dollars lost to interpolation, carriage returns, secrets that others can read.
 * Runs in: CLI.  Writes one line for each, with file and line.
 * Fails: class ERR_CONFIG when there is any. */
#ifndef IPAM_COMPOSE_STRICT_H
#define IPAM_COMPOSE_STRICT_H

#include <stdio.h>

#include "compose/load.h"

int strict_check(const struct loaded *l, FILE *out, struct err *e);

#endif
