/* firewall.h -- what the host's own packet filter says about new connections from other machines.
 * Runs in: broker.  Owns: a copy of the host's rules.  Fails: negative errno.
 * Published ports are forwarded, so that the rules for what the host itself receives would not be
 * asked.  Here they are: a port counts as admitted if every `input` chain accepts a new connection
 * to it from anywhere.  What depends on the sender, on a rate or on something this does not know
 * counts as not admitted: never more than the kernel would let in, at times less. */
#ifndef IPAM_SANDBOX_FIREWALL_H
#define IPAM_SANDBOX_FIREWALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* tables that begin so are no part of it: ours */
#define FIREWALL_OURS "ipam-orch"

enum { FIREWALL_WHY = 160 };

struct firewall {
    json_t *rules;         /* as listed by nft_list */
    bool legacy4, legacy6; /* rules of the old iptables, which nft does not show */
};

struct firewall_packet {
    bool ipv6, udp;
    uint16_t port;
};

int firewall_read(struct firewall *out, struct err *e);
void firewall_clear(struct firewall *f);
/* `why` is filled when not */
bool firewall_admits(const struct firewall *f, const struct firewall_packet *p,
                     char why[FIREWALL_WHY]);

#endif
