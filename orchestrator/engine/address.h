/* address.h -- addresses of networks and units.  Pure.
 * Runs in: supervisor.
 * Networks of native mode are /24s of 10.213.0.0/16 and /64s of a unique local prefix made from the
 * project's name (RFC 4193); the host is address 1, units follow from 2.  A unit keeps its slot for
 * as long as the project exists, so that names never have to change under running programs. */
#ifndef IPAM_ENGINE_ADDRESS_H
#define IPAM_ENGINE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_NETWORKS = 256, ADDRESS_SLOT_FIRST = 2, ADDRESS_SLOT_LAST = 254 };
enum { ADDRESS_TEXT = 64 };

void address_ipv4(uint8_t network, uint8_t slot, char out[ADDRESS_TEXT]);
void address_ipv6(const char *project, uint8_t network, uint8_t slot, char out[ADDRESS_TEXT]);

/* true when a route of the host overlaps this /24; reads `routes`, the text of /proc/net/route */
bool address_overlaps(const char *routes, uint8_t network);

/* "io-" and eight hex digits; stable for the pair and this installation */
void address_bridge(const char *tag, const char *project, const char *network,
                    char out[ADDRESS_TEXT]);

#endif
