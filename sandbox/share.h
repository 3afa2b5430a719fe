/* share.h -- the namespaces that an instance has in common with another one, or with the host.
 * Runs in: broker.  Owns: nothing; descriptors belong to the caller.
 * The other one runs, is of the same project, and has the namespace for itself.
 * Fails: -ENOENT or -EPERM with both instances named. */
#ifndef IPAM_SANDBOX_SHARE_H
#define IPAM_SANDBOX_SHARE_H

#include "base/err.h"
#include "sandbox/broker.h"

/* Which ones a new init is to be born in, and which are made for it. */
int share_plan(const struct broker *b, const struct guest *g, struct zygote_wish *wish,
               struct err *e);

/* Who takes `g` along: the one whose PID namespace it lives in, if that is ending.  The kernel lets
 * nobody have ended before the others in there have. */
struct guest *share_evicts(const struct broker *b, const struct guest *g);

/* *tree: the /dev/shm that goes with an IPC namespace, as a detached mount; -1: it has its own, or
 * none. */
int share_memory(const struct broker *b, const struct guest *g, int *tree, struct err *e);

/* The sockets that it inherits, out of the instance whose network it lives in: *holder, which has
 * spec.n_listen of them; NULL if it inherits none, and on failure. */
int share_sockets(const struct broker *b, const struct guest *g, int *sockets,
                  const struct guest **holder, struct err *e);

#endif
