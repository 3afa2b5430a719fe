/* net.h -- networks of the host: bridges, the links of instances, packet rules, reserved ports.
 * Runs in: broker.  Owns: every bridge, table and sysctl change it makes, until the matching
 * call undoes it.  Fails: negative errno with the thing named; a failed call has undone its part.
 * Source: rtnetlink(7), veth(4), nft(8) and libnftables-json(5), ip-sysctl.rst. */
#ifndef IPAM_SANDBOX_NET_H
#define IPAM_SANDBOX_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/spec.h"

/* ---- net_link.c: interfaces ---- */

struct net_bridge {
    const char *name;
    const char *ipv4, *ipv6; /* the host's addresses with prefix length; one may be "" */
    unsigned mtu;            /* 0 = the usual */
    bool internal;
};

int net_bridge_create(const struct net_bridge *b, struct err *e); /* idempotent */
int net_bridge_remove(const char *name, struct err *e);           /* absent is fine */
/* Every bridge that this installation has made, whether or not anybody remembers it. */
int net_bridge_each(void (*found)(const char *name, void *userdata), void *userdata, struct err *e);
/* Per link eth0, eth1, ... in the network namespace of `pid`, from nothing.  Nobody takes links
 * away: they end with the namespace, which the kernel takes down by itself, many at
 * once and without keeping us waiting.  A link that is still there is replaced by the next of the
 * same address: the caller sees to it that no two instances have one. */
int net_attach(pid_t pid, const struct spec_link *links, size_t n, struct err *e);

/* ---- net_rules.c: one nftables table per project ---- */

enum { NET_TABLE = 128 };

struct net_port {
    const struct spec_port *port;
    const char *ipv4, *ipv6; /* where to, without prefix length; "" = not there */
    bool shut[2];            /* by IPv4, by IPv6: not for other machines */
};

struct net_table {
    const struct net_bridge *bridges;
    size_t n_bridges;
    const struct net_port *ports;
    size_t n_ports;
    const char *const *from; /* who may reach ports from other machines; NULL = anybody */
};

void net_rules_table(const char *project, char out[NET_TABLE]); /* its name, family inet */
/* Replaces the table of the project in one transaction; no bridges: deletes it. */
int net_rules_replace(const char *project, const struct net_table *t, struct err *e);
int net_rules_publish(const char *project, const struct net_port *ports, size_t n, struct err *e);
int net_rules_withdraw(const char *project, const struct net_port *ports, size_t n, struct err *e);
/* The ports of one instead of those of another, in one transaction. */
int net_rules_move(const char *project, const struct net_port *from, size_t n_from,
                   const struct net_port *to, size_t n_to, struct err *e);

/* ---- net_reserve.c: a published port is bound on the host, so that nobody else takes it ---- */

enum { NET_RESERVE_FDS = 2 };

/* The first of its range that is free, which `port` then names.  -EADDRINUSE with the port named.
 * fds not needed are -1. */
int net_reserve(struct spec_port *port, int fds[NET_RESERVE_FDS], struct err *e);

/* ---- net_sysctl.c: forwarding, switched on while it is needed ---- */

int net_forwarding_on(bool ipv4, bool ipv6, struct err *e);
/* Puts back what net_forwarding_on changed, also in an earlier life of the broker. */
void net_forwarding_restore(void);

#endif
