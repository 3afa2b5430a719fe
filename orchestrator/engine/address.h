/* address.h -- which ranges of addresses networks may have, and what their bridges are called.
 * Pure.  Runs in: supervisor.
 * Without a range in the file a network gets a free /24 of 10.213.0.0/16, 172.30.0.0/16 or
 * 192.168.128.0/17, and a /64 of a unique local prefix made from the project's name (RFC 4193). */
#ifndef IPAM_ENGINE_ADDRESS_H
#define IPAM_ENGINE_ADDRESS_H

#include <stdbool.h>

#include "base/cidr.h"

enum { ADDRESS_BRIDGE = 16 }; /* IFNAMSIZ */

/* the n-th range to try; false when there is no further one */
bool address_pool_ipv4(unsigned n, struct cidr *out);
bool address_pool_ipv6(const char *project, const char *network, unsigned n, struct cidr *out);

/* true when a route of the host overlaps the IPv4 range; `routes` is the text of /proc/net/route.
 * Those of the interface `except` do not count. */
bool address_is_routed(const char *routes, const struct cidr *range, const char *except);

/* "io-" and eight hex digits; stable for the pair and this installation */
void address_bridge(const char *tag, const char *project, const char *network,
                    char out[ADDRESS_BRIDGE]);

#endif
