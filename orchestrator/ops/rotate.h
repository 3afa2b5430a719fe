/* rotate.h -- a secret of a running project gets another value: the account that it opens, the
 * services that use it and the file that it comes from, one after the other, and back when anything
 * fails.
 * In between the account accepts both values, so that nobody is locked out at any moment:
 *     accept      the account takes the new value too; a login with it shows that
 *     hand over   the services that use it get it (renew.h) and start again, and are healthy
 *     write       the env file has it
 *     drop        the account takes the new value only; a login with the old one is refused
 * Each is an intent before it is done.  Whoever comes after a kill goes back, or, when the env file
 * has the new value already, to the end.
 * Runs in: CLI.  Fails: ERR_FAILED and everything is as before; what going back says, and then the
 * intent stays for the next procedure. */
#ifndef IPAM_OPS_ROTATE_H
#define IPAM_OPS_ROTATE_H

#include <jansson.h>
#include <stdbool.h>

#include "ops/procedure.h"

struct rotate {
    const char *secret, *value;      /* name in the project, its new value */
    const char *env_file, *variable; /* where the value is kept */
    const char *previous;            /* secret that takes the old value, which stays accepted... */
    const char *previous_variable;   /* ...as in the env file; NULL = none */
    bool adopt;                      /* whatever the account accepts now: the value is right */
};

int rotate_run(struct procedure *p, const struct rotate *r, struct err *e);
/* for procedure.c */
int rotate_undo(struct procedure *p, const json_t *intent, struct err *e);

#endif
