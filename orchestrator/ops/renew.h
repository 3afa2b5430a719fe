/* renew.h -- other values for secrets of a project that runs, without a restart of any service:
 * in what the manager has saved, and in the files of the instances (control/proto.h, `renew`).
 * Runs in: CLI.  What the project's own files say is the caller's to change.
 * Fails: as the manager says; the same call again does what one that failed has left. */
#ifndef IPAM_OPS_RENEW_H
#define IPAM_OPS_RENEW_H

#include <jansson.h>

#include "ops/procedure.h"

/* `secrets` (borrowed): {NAME: text, or a list of bytes}.  The digests of the services become those
 * that an `up` with such files would find, so that it replaces none. */
int renew_secrets(const struct procedure *p, const json_t *secrets, struct err *e);

#endif
