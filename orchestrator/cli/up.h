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

/* The verb: its command line goes into `in`, which is cleared; the result is its exit status. */
int up_verb(struct cli *cli, const struct argp *argp, int argc, char **argv, struct up *in);

#endif
