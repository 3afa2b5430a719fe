/* flows.h -- what the kernel remembers of clients of published ports that speak UDP.
 * Runs in: broker.  Owns: nothing.  Fails: negative errno.
 * Where packets of a flow go is decided once, with its first one.  A client that keeps sending from
 * one port keeps its flow alive, also one that was opened while nobody had the port, or by somebody
 * at another address: it would never reach the next.  TCP opens a new flow by itself.
 * Source: linux/netfilter/nfnetlink_conntrack.h. */
#ifndef IPAM_SANDBOX_FLOWS_H
#define IPAM_SANDBOX_FLOWS_H

#include <stddef.h>

#include "base/err.h"
#include "sandbox/net.h"

/* Flows to these ports of the host begin anew with their next packet. */
int flows_forget(const struct net_port *ports, size_t n, struct err *e);

#endif
