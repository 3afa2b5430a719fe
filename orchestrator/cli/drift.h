/* drift.h -- does what .env.prod says open the accounts of the servers that run?  A password that
 * was changed in the file does not change in data that is there.
 * Runs in: CLI.  Asks through logins inside the servers; changes nothing, takes no lock. */
#ifndef IPAM_CLI_DRIFT_H
#define IPAM_CLI_DRIFT_H

#include <jansson.h>

#include "cli/secret_list.h"

enum drift_state { DRIFT_NONE, DRIFT_ACCEPTED, DRIFT_REFUSED, DRIFT_UNKNOWN };

struct drift {
    enum drift_state state; /* NONE: it opens no account */
    bool in_data;           /* the server keeps it in its data: starting again changes nothing */
    char service[64], user[64];
    char why[256]; /* it is not known */
};

/* Does the manager have the project? */
bool drift_has_manager(const struct cli *cli, const char *project);
/* For `up`: a value that is another one than the running project has, and that the data of the
 * server does not know: class ERR_CONFIG, and what to do.  0 when there is none, or it cannot be
 * told. */
int drift_check(const struct cli *cli, struct err *e);
/* After an `up` that failed: where the server has refused the project's own account, `e` gets the
 * next step that helps. */
void drift_explain(const struct cli *cli, const struct project *p, struct err *e);
/* One for each item of the list, malloc'd.  A project that does not run has no drift: *out is NULL.
 */
int drift_look(const struct cli *cli, const struct secret_list *l, struct drift **out,
               struct err *e);

#endif
