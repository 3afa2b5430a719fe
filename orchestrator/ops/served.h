/* served.h -- which certificate a server shows: one TLS handshake, in which nothing is believed.
 * Runs in: CLI.  Blocks for some seconds at most.  Fails: negative errno with address and reason.
 * Source: OpenSSL's SSL. */
#ifndef IPAM_OPS_SERVED_H
#define IPAM_OPS_SERVED_H

#include <stdint.h>

#include "base/err.h"
#include "ops/pair.h"

struct served {
    char fingerprint[PAIR_FINGERPRINT];
    int64_t not_after; /* seconds since 1970 */
    bool self_signed;
};

/* `address` "" or any wildcard: this host. */
int served_look(const char *address, uint16_t port, struct served *out, struct err *e);

#endif
