/* server.h -- the control socket of the supervisor, see proto.h.
 * Runs in: supervisor.  Owns: the listening socket (path removed on free) and its connections. */
#ifndef IPAM_CONTROL_SERVER_H
#define IPAM_CONTROL_SERVER_H

#include <systemd/sd-event.h>

#include "base/err.h"
#include "engine/supervisor.h"

struct server;

int server_new(sd_event *loop, const char *path, struct supervisor *supervisor, struct server **out,
               struct err *e);
void server_free(struct server *s); /* accepts NULL */

#endif
