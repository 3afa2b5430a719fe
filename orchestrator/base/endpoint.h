/* endpoint.h -- the address of a socket as text: "unix:PATH", "udp:ADDRESS:PORT",
 * "tcp:ADDRESS:PORT", ADDRESS as a number, an IPv6 address in brackets.  No names: who resolves one
 * waits.
 * Runs in: every program.  Fails: -EINVAL. */
#ifndef IPAM_BASE_ENDPOINT_H
#define IPAM_BASE_ENDPOINT_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } at;
    socklen_t len;
    int type;
};

int endpoint_parse(const char *text, struct endpoint *out);

#endif
