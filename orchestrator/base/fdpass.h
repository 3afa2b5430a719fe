/* fdpass.h -- messages with descriptors over unix sockets.
 * Runs in: CLI, supervisor, broker.  Owns: received descriptors belong to the caller and are
 * close-on-exec.  Fails: negative errno.
 * Source: unix(7) SCM_RIGHTS and SO_PEERCRED, cmsg(3). */
#ifndef IPAM_BASE_FDPASS_H
#define IPAM_BASE_FDPASS_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { FDPASS_MAX = 64 };

/* Sends one message with n descriptors (n <= FDPASS_MAX); the caller keeps its copies. */
int fdpass_send(int sock, const void *data, size_t len, const int *fds, size_t n);
/* Receives one message; returns its length, 0 at the end of the connection.  -EMSGSIZE when the
 * message or its descriptors did not fit (descriptors are closed then). */
ssize_t fdpass_recv(int sock, void *data, size_t room, int fds[FDPASS_MAX], size_t *n);
int fdpass_peer(int sock, struct ucred *out);
void fdpass_close(int *fds, size_t n);

#endif
