/* server_impl.h -- what the two halves of the control server share; included by them only: server.c
 * takes connections and bytes, verbs.c answers what is asked.
 * Runs in: supervisor.  A connection lives until its peer closes, not longer: whatever answers
 * later is forgotten with it. */
#ifndef IPAM_CONTROL_SERVER_IMPL_H
#define IPAM_CONTROL_SERVER_IMPL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "control/authz.h"
#include "control/server.h"

enum { EXEC_FDS = 3 };

struct connection {
    struct server *server;
    int fd;
    enum role role;
    char by[64]; /* who it is, for the journal */
    sd_event_source *io;
    char *in, *out;
    size_t in_used, in_room, out_used;
    bool awaits_rest;  /* see supervisor_rest */
    int fds[EXEC_FDS]; /* received for the next `exec` */
    size_t n_fds;
    int gift; /* goes with the byte at gift_at of `out`; -1: none */
    size_t gift_at;
    uint64_t missed; /* bytes of an output that it was too slow for */
    struct connection *next, *prev;
};

struct server {
    sd_event *loop;
    struct supervisor *supervisor;
    char *path;
    int fd;
    sd_event_source *io, *turn, *quiet;
    struct connection *connections;
    struct replacement *replacement;
};

/* One message to the peer, `message` stolen; a peer that does not read loses its connection. */
void connection_say(struct connection *c, json_t *message);
/* The same for a failure, in the form of proto.h. */
void connection_fail(struct connection *c, const struct err *why);

/* verbs_upkeep.c: as the functions of verbs.c */
int verbs_schedules(struct connection *c, json_t *message, struct err *e);
int verbs_schedule(struct connection *c, json_t *message, struct err *e);
int verbs_storage(struct connection *c, json_t *message, struct err *e);
int verbs_leftovers(struct connection *c, json_t *message, struct err *e);

/* Answers one request, now or later. */
int verbs_dispatch(struct connection *c, json_t *message, struct err *e);

#endif
