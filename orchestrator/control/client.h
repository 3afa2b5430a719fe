/* client.h -- the other end of the control socket, blocking.
 * Runs in: CLI, tests.  Owns: the connection.  Fails: negative errno, class ERR_UNREACHABLE. */
#ifndef IPAM_CONTROL_CLIENT_H
#define IPAM_CONTROL_CLIENT_H

#include <jansson.h>

#include "base/err.h"

struct client;

int client_open(const char *path, struct client **out, struct err *e);
void client_close(struct client *c); /* accepts NULL */
void client_close_(struct client **c);
#define auto_client __attribute__((cleanup(client_close_))) struct client *

int client_send(struct client *c, json_t *message, struct err *e); /* reference stolen */
/* The same with descriptors, which stay the caller's. */
int client_send_fds(struct client *c, json_t *message, const int *fds, size_t n, struct err *e);
/* A descriptor that came with what was received, now the caller's; -1: none. */
int client_take_fd(struct client *c);
int client_fd(const struct client *c); /* readable: client_receive may have something */
/* Waits for one message, at most `timeout_ms` (-1 = for ever); new reference.  -EAGAIN when the
 * time is over and -EINTR after a signal, both without setting `e`; -EPIPE when the supervisor has
 * closed. */
int client_receive(struct client *c, int timeout_ms, json_t **out, struct err *e);
/* An {"error":..} message as an error object; 0 if it is none. */
int client_error(const json_t *message, struct err *e);

#endif
