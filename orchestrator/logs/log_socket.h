/* log_socket.h -- a socket to journald or to a syslog daemon that never waits.
 * Runs in: supervisor.  Owns: the descriptor.  Fails: negative errno; -EAGAIN: wait until it is
 * writable, then send the same message again from where it came to.
 * Source: unix(7), udp(7), tcp(7). */
#ifndef IPAM_LOGS_LOG_SOCKET_H
#define IPAM_LOGS_LOG_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

/* `address` as in base/endpoint.h; *stream tells whether messages have to be framed. */
int log_socket_open(const char *address, int *fd, bool *stream);
/* Sends the rest of a message after *sent bytes; 0 when all of it is sent.  A datagram that is too
 * large for its receiver counts as sent: it never will be. */
int log_socket_send(int fd, bool stream, const char *message, size_t len, size_t *sent);

#endif
