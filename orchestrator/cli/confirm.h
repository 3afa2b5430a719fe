/* confirm.h -- somebody must have said that data may go.
 * Runs in: CLI.  Fails: ERR_UNSAFE when nobody did. */
#ifndef IPAM_CLI_CONFIRM_H
#define IPAM_CLI_CONFIRM_H

#include "cli/cmd.h"

/* Asks on a terminal for the name of the project, unless --yes.  `what` happens to its data: a
 * sentence such as "All data of 'x' will be deleted."; `next` is the command that needs no
 * terminal.
 */
int confirm_project(const struct cli *cli, const char *project, const char *what, const char *next,
                    struct err *e);

/* The same with a yes.  `question` says what is about to happen, in a sentence; `again` are the
 * verb and the words of the command. */
int confirm_yes(const struct cli *cli, const char *question, const char *again, struct err *e);

#endif
