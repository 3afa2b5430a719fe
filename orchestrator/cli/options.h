/* options.h -- the global options, accepted before and after the verb.
 * Runs in: CLI. */
#ifndef IPAM_CLI_OPTIONS_H
#define IPAM_CLI_OPTIONS_H

#include "cli/cmd.h"
#include "compose/load.h"

/* Parses what stands before the verb; returns its index in argv, argc if there is none. */
int options_before_verb(struct cli *cli, int argc, char **argv);
/* What the global options say of loading; the rest of *out stays. */
void options_to_load(const struct cli *cli, struct load_options *out);
struct load_options options_load(const struct cli *cli);
/* the control socket these options mean; malloc'd */
char *options_socket(const struct cli *cli);

#endif
