/* secret_input.h -- a secret that a person types or a program pipes in: never an argument.
 * Runs in: CLI.  On a terminal nothing is echoed, and it is asked for twice. */
#ifndef IPAM_CLI_SECRET_INPUT_H
#define IPAM_CLI_SECRET_INPUT_H

#include "base/err.h"
#include "base/password.h"

/* The first line of stdin, or what is typed.  Fails: -EINVAL (ERR_USAGE) for none, for one that is
 * too long, for two that differ. */
int secret_input_read(const char *what, char out[PASSWORD_MAX + 1], struct err *e);

#endif
