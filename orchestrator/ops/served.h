/* served.h -- which certificate a server shows: one TLS handshake, in which nothing is believed.
 * Runs in: CLI.  Blocks for some seconds at most.  Fails: negative errno with address and reason.
 * Source: OpenSSL's SSL. */
#ifndef IPAM_OPS_SERVED_H
#define IPAM_OPS_SERVED_H

#include <stdint.h>

#include "base/err.h"
#include "ops/pair.h"

/* `address` "" or any wildcard: this host; `name` is what the client asks for, may be NULL. */
int served_look(const char *address, uint16_t port, const char *name,
                char fingerprint[PAIR_FINGERPRINT], struct err *e);

#endif
