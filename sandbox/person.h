/* person.h -- who a command inside an instance may be: the instance's user, as a member of one of
 * its groups.  Pure.
 * Runs in: broker.  Fails: -EPERM, with what would be possible.
 * A service has no capability and cannot become anybody else; a command in it must not be able to
 * either, or it would be a way to more rights than the service has. */
#ifndef IPAM_SANDBOX_PERSON_H
#define IPAM_SANDBOX_PERSON_H

#include <sys/types.h>

#include "base/err.h"
#include "sandbox/spec.h"

/* The group of "USER", "USER:GROUP" or ":GROUP", names or numbers as the instance has them. */
int person_group(const struct spec *s, const char *text, gid_t *out, struct err *e);

#endif
