/* network.h -- the bridges the broker keeps, and the rules that belong to their projects.
 * Runs in: broker.  Owns: paths_run()/networks/BRIDGE, one JSON file per bridge, written before the
 * bridge exists and removed after it is gone.
 * Fails: negative errno with the bridge named. */
#ifndef IPAM_SANDBOX_NETWORK_H
#define IPAM_SANDBOX_NETWORK_H

#include <jansson.h>
#include <stdbool.h>
#include <uthash.h>

#include "base/err.h"

struct broker;

struct network {
    char *name; /* of the bridge */
    char *project, *ipv4, *ipv6;
    unsigned mtu;
    bool internal;
    bool rules_lost; /* the table of its project has to be written again */
    UT_hash_handle hh;
};

/* `fields` as of network_create in client.h.  Doing it again is fine; -EEXIST if it is another. */
int network_create(struct broker *b, json_t *fields, struct err *e);
int network_remove(struct broker *b, const char *project, const char *name, struct err *e);
/* An instance that has not ended is on it. */
bool network_is_used(const struct broker *b, const char *name);
/* Brings back what an earlier broker had. */
int network_adopt(struct broker *b, struct err *e);
/* Writes the tables of all projects anew, with the ports of all guests. */
void network_refresh(struct broker *b);
/* Writes the table of one project anew. */
int network_rules(struct broker *b, const char *project, struct err *e);
void network_forget(struct broker *b);
/* Takes down every network that no running instance uses. */
void network_remove_unused(struct broker *b); /* memory only */

#endif
