/* publish.h -- which published ports other machines may reach, and that it stays so.
 * Runs in: broker.  Owns: what is known of the host's firewall, and a subscription to changes of
 * packet rules.  Fails: negative errno; what is noticed later is a line in the log.
 * A port that the host's firewall would not admit is reachable from the host and its instances
 * only, unless policy.conf says otherwise.  When the firewall changes, so do the ports.  A table of
 * ours that somebody else took away is written again. */
#ifndef IPAM_SANDBOX_PUBLISH_H
#define IPAM_SANDBOX_PUBLISH_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "sandbox/firewall.h"

struct broker;
struct guest;

struct publisher {
    struct firewall firewall;
    bool known; /* `firewall` has been read and holds */
    bool overflowed;
    int fd;
    sd_event_source *source;
};

/* Begins to watch. */
int publish_open(struct broker *b, struct err *e);
void publish_close(struct broker *b);
/* The ports of a guest that is about to run. */
int publish_ports(struct broker *b, struct guest *g, struct err *e);
int publish_withdraw(struct guest *g, struct err *e);
/* Reserves the ports of a guest that is about to run; those that the one beside it has will be
 * handed over. */
int publish_reserve(const struct broker *b, struct guest *g, struct err *e);
/* `g` has its ports from now on and whoever it was launched beside no more: for new connections,
 * at one moment.  Does nothing where it has them. */
int publish_take(struct broker *b, struct guest *g, struct err *e);
/* Per port, in order: what of the host keeps other machines from it, "" = nothing. */
json_t *publish_shut(const struct guest *g);
/* Notes in the guest which of its ports are shut as things are, and tells changes. */
int publish_judge(struct broker *b, struct guest *g, struct err *e);

#endif
