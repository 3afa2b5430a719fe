/* confine.h -- the bounds of the broker itself: the capabilities it keeps, the calls it gives up.
 * Runs in: broker, once, before it listens.  Owns: nothing.  Fails: negative errno; the caller must
 * end then.
 * What it starts inherits both: packet filter tools, every init, every service. */
#ifndef IPAM_SANDBOX_CONFINE_H
#define IPAM_SANDBOX_CONFINE_H

#include "base/err.h"
#include "sandbox/permit.h"

/* Keeps what launching needs and what `p` lets services have. */
int confine_broker(const struct permit *p, struct err *e);
/* -EPERM when `p` permits a capability that is gone already. */
int confine_check(const struct permit *p, struct err *e);

#endif
