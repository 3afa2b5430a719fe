/* server.h -- the control socket of the supervisor, see proto.h.
 * Runs in: supervisor.  Owns: the listening socket (path removed on free) and its connections. */
#ifndef IPAM_CONTROL_SERVER_H
#define IPAM_CONTROL_SERVER_H

#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/successor.h"
#include "engine/supervisor.h"

struct server;

struct server_config {
    sd_event *loop;
    const char *path; /* borrowed for the call */
    struct supervisor *supervisor;
    struct heritage heritage; /* its lock, and what an earlier process has left, see there */
    bool exit_idle;
};

int server_new(const struct server_config *config, struct server **out, struct err *e);
void server_free(struct server *s); /* accepts NULL */

#endif
