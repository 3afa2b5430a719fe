/* ps_tree.h -- what `ps` shows, with what services depend on below them.
 * Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_CLI_PS_TREE_H
#define IPAM_CLI_PS_TREE_H

#include <jansson.h>
#include <stdio.h>

/* `list`: services of a status.  Of several instances each says how it is. */
void ps_tree_print(const json_t *list, FILE *out);

#endif
