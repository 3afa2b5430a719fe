/* renewal.h -- what the files say now of a project that runs.
 * Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_CLI_RENEWAL_H
#define IPAM_CLI_RENEWAL_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/cmd.h"
#include "model/project.h"

/* Reads the files of a running project again: the services it has, whatever their profiles; one
 * that is no longer there is an error.  *out is NULL where its files are not at hand: none here, or
 * those of another directory. */
int renewal_load(const struct cli *cli, const json_t *status, struct project **out, struct err *e);

/* Sets "orphan" of each service of the status: the files do not have it any more.  False where
 * there is none, or the files are not at hand or cannot be read.  renewal_load passes orphans over.
 */
bool renewal_orphans(const struct cli *cli, const json_t *status);

/* Sets "config_changed" of each service of the list: it runs with another definition than that of
 * `now`, which may be NULL. */
void renewal_mark(json_t *list, const struct project *now);

#endif
