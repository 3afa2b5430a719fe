/* up.h -- a project as its files say, brought up: what `up` and `scale` share.
 * Runs in: CLI.  Owns: its lists. */
#ifndef IPAM_CLI_UP_H
#define IPAM_CLI_UP_H

#include <stdbool.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/patience.h"

struct up {
    bool keep, no_wait, no_deps, skip_verify;
    char **services; /* NULL = all */
    char **scale;    /* SERVICE=NUMBER instead of what the files say */
    struct patience patience;
};

int up_run(struct cli *cli, const struct up *in, struct err *e);
void up_clear(struct up *in);

#endif
