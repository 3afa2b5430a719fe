/* propagation.h -- what becomes of mounts that are made later below a place of the host.
 * Runs in: broker.  Owns: nothing.
 * Fails: -EINVAL where nothing that is mounted there later could be seen elsewhere.
 * Source: mount_namespaces(7), "optional fields" of proc_pid_mountinfo(5). */
#ifndef IPAM_SANDBOX_PROPAGATION_H
#define IPAM_SANDBOX_PROPAGATION_H

#include "base/err.h"

/* `place` lies on a mount that tells others, or is told, what is mounted below it. */
int propagation_check(int place, const char *name, struct err *e);

#endif
