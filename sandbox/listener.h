/* listener.h -- stream sockets that an instance holds for those that come to live in its network.
 * Runs in: init (opens), broker (fetches).  Owns: nothing; what is opened is the caller's.
 * Fails: negative errno with the socket named.
 * A socket belongs to the network namespace it was made in, and its queue to the socket: whoever
 * connects while no program accepts waits for the next one. */
#ifndef IPAM_SANDBOX_LISTENER_H
#define IPAM_SANDBOX_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/setup.h"

struct guest;

/* by SETUP_LISTEN; close-on-exec */
int listener_open(const struct setup_op *op, struct err *e);
/* Those that `from` holds, out of its init; as many as its specification says. */
int listener_fetch(const struct guest *from, int *fds, struct err *e);

#endif
