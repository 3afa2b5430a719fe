/* verified.h -- a verification of verify/ as a verb makes it, alone or at the end of `up`.
 * Runs in: CLI. */
#ifndef IPAM_CLI_VERIFIED_H
#define IPAM_CLI_VERIFIED_H

#include "cli/cmd.h"
#include "verify/verify.h"

/* `name`: the project, NULL: the one of request_project (cli/request.h).  With its lock if it is to
 * be had; without it nothing is written to the database.  What is found in `times` runs goes to
 * *out, the name of the project (malloc'd) to *project. */
int verified(const struct cli *cli, const char *name, const struct verify_request *request,
             uint64_t times, struct verify_results *out, char **project, struct err *e);
/* Does the project say what is to be verified?  Of another one it is known when it is up, and no
 * more. */
bool verified_is_wanted(const struct project *p);
/* The quick checks, after an `up`: what fails is said on stderr, and is the error (ERR_VERIFY); how
 * many there were is said on stdout. */
int verified_quickly(const struct cli *cli, const char *name, struct err *e);

#endif
