/* template_diff.h -- what a newer template of .env.prod says, beside the one it was made from and
 * what it is now: a diff of three.
 * Runs in: CLI.  Owns: nothing.  Writes nothing; values of secrets are not shown. */
#ifndef IPAM_CLI_TEMPLATE_DIFF_H
#define IPAM_CLI_TEMPLATE_DIFF_H

#include <jansson.h>

#include "base/err.h"

/* The three files of the project in `dir` compared: a list of {"key","change","text"}, in the order
 * of the newer template; change is added, changed, removed or missing.  Then what shipped_compare
 * finds in the other files.  New reference, empty when there is no template. */
int template_diff(const char *dir, json_t **out, struct err *e);
/* one line each, and a word on how to take it over */
void template_diff_print(const json_t *changes);

#endif
