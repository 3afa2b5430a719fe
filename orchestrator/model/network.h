/* network.h -- networks of a project, and what a unit has to do with them.
 * Runs in: CLI (makes it), supervisor (keeps it), tests.
 * Owns: nothing; everything belongs to the project, see project.h. */
#ifndef IPAM_MODEL_NETWORK_H
#define IPAM_MODEL_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

/* the addresses of one family that a network has; texts as in base/cidr.h */
struct address_range {
    const char *subnet;          /* "" = one that is free */
    const char *gateway;         /* the host's own, "" = the first */
    const char *pool;            /* where addresses of services are taken from, "" = the subnet */
    const char *const *reserved; /* never given to a service */
};

struct network {
    const char *key;  /* name in the file */
    const char *name; /* full name, PROJECT_KEY unless set */
    bool internal;
    bool external;         /* of another project, known by its full name */
    bool no_ipv4, no_ipv6; /* not both */
    unsigned mtu;          /* bytes, 0 = the usual */
    struct address_range ipv4, ipv6;
};

/* a unit on a network */
struct attachment {
    const char *network;        /* key in project.networks */
    const char *const *aliases; /* besides the unit's own name */
    const char *ipv4, *ipv6;    /* its own addresses there, "" = any that are free */
    const char *mac;            /* "" = made from the address */
    const char *interface;      /* name of the interface, "" = eth0, eth1, ... */
    int gw_priority;            /* the network with the highest carries the default route */
};

/* a line of /etc/hosts */
struct extra_host {
    const char *name, *address; /* "host-gateway": the host, on the network that leads out */
};

/* another unit under one more name, for this unit only */
struct unit_link {
    const char *unit, *name;
};

struct port {
    const char *address; /* host address, "" = all, "0.0.0.0" and "::" = all of that kind */
    uint16_t published;  /* port of the host, or the first of those it may be; 0 = any */
    uint16_t last;       /* of those it may be; `published` when there is no choice */
    uint16_t target;
    bool udp;
};

/* a stream socket that is held for units which are handed it when they start */
struct held_socket {
    const char *name;    /* in LISTEN_FDNAMES */
    const char *address; /* "" = all, IPv6 and IPv4 */
    uint16_t port;
};

#endif
