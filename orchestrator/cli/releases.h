/* releases.h -- the releases of a project, shown.
 * Runs in: CLI. */
#ifndef IPAM_CLI_RELEASES_H
#define IPAM_CLI_RELEASES_H

#include "cli/cmd.h"

int releases_list(const struct cli *cli, const char *project, struct err *e);

#endif
