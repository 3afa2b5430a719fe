/* share.h -- the namespaces that an instance has in common with another one, or with the host.
 * Runs in: broker.  Owns: nothing; descriptors belong to the caller.
 * The other one runs, is of the same project, and has the namespace for itself.
 * Fails: -ENOENT or -EPERM with both instances named. */
#ifndef IPAM_SANDBOX_SHARE_H
#define IPAM_SANDBOX_SHARE_H

#include <stdint.h>

#include "base/err.h"
#include "sandbox/broker.h"
#include "sandbox/nspaces.h"

/* Enters those of others, so that a process made now is born in them; *fresh: what else to make, as
 * for clone(2).  On failure too nspaces_leave(home) leads back. */
int share_enter(const struct broker *b, const struct guest *g, uint64_t *fresh,
                struct nspaces *home, struct err *e);

/* *tree: the /dev/shm that goes with an IPC namespace, as a detached mount; -1: it has its own, or
 * none. */
int share_memory(const struct broker *b, const struct guest *g, int *tree, struct err *e);

#endif
