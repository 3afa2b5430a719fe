/* mode.h -- how a project is run: natively, or by Docker Compose.
 * Runs in: CLI. */
#ifndef IPAM_CLI_MODE_H
#define IPAM_CLI_MODE_H

#include "cli/cmd.h"

/* Refuses what --mode asks for and this host, or this version, cannot do (ERR_MISSING). */
int mode_check(const struct cli *cli, struct err *e);

#endif
