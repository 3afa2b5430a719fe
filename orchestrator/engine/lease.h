/* lease.h -- one network as it is on the host: its ranges, and who has which address there.
 * Pure: kept and saved by the deployment.  Runs in: supervisor.
 * Owns: its texts and places.
 * Somebody who has an address keeps it for as long as the network is, so that names never have to
 * change under running programs.
 * Fails: ERR_CONFIG when a range or an address of the file cannot be had; -ENOSPC. */
#ifndef IPAM_ENGINE_LEASE_H
#define IPAM_ENGINE_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cidr.h"
#include "base/err.h"
#include "engine/address.h"
#include "model/network.h"

enum { LEASE_DEFINITION = 512 };

struct place {
    char *who;
    struct cidr ipv4, ipv6; /* family 0: none */
};

struct lease {
    char *key;        /* of the network in its project */
    char *definition; /* what it was made from, lease_definition() */
    char bridge[ADDRESS_BRIDGE];
    struct cidr ipv4, ipv6; /* the host's own addresses in its ranges; family 0: none */
    struct place *places;
    size_t n_places;
    uint64_t tag; /* of the last request to the broker about it */
};

/* what is known about the host when ranges are chosen */
struct lease_host {
    const char *tag, *project; /* for names */
    const char *routes;        /* text of /proc/net/route */
    const struct cidr *taken;  /* by other networks */
    size_t n_taken;
    bool no_ipv6; /* it has IPv6 switched off */
};

/* somebody who is to have an address */
struct lease_want {
    const char *who, *ipv4, *ipv6; /* "" = any that is free */
    bool live;                     /* cannot move now */
};

/* a network whose definition is another one has to be made anew */
void lease_definition(const struct network *n, char out[LEASE_DEFINITION]);

int lease_open(struct lease *l, const struct network *n, const struct lease_host *h, struct err *e);
void lease_clear(struct lease *l);

/* Gives everyone a place.  Those who are not among `wants` lose theirs. */
int lease_assign(struct lease *l, const struct network *n, const struct lease_want *wants,
                 size_t n_wants, struct err *e);
const struct place *lease_place(const struct lease *l, const char *who); /* NULL if none */

#endif
