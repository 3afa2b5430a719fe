#include "base/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"

static int read_inet(const char *text, int type, struct endpoint *out)
{
    auto_free char *host = strdup(text);
    char *colon = host ? strrchr(host, ':') : NULL, *name = host;
    uint16_t port;

    if (!colon || num_port(colon + 1, &port) < 0)
        return -EINVAL;
    *colon = '\0';
    out->type = type;
    if (name[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        out->at.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
        out->len = sizeof out->at.in6;
        return inet_pton(AF_INET6, name + 1, &out->at.in6.sin6_addr) == 1 ? 0 : -EINVAL;
    }
    out->at.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
    out->len = sizeof out->at.in;
    return inet_pton(AF_INET, name, &out->at.in.sin_addr) == 1 ? 0 : -EINVAL;
}

int endpoint_parse(const char *text, struct endpoint *out)
{
    *out = (struct endpoint){ 0 };
    if (strncmp(text, "udp:", 4) == 0)
        return read_inet(text + 4, SOCK_DGRAM, out);
    if (strncmp(text, "tcp:", 4) == 0)
        return read_inet(text + 4, SOCK_STREAM, out);
    if (strncmp(text, "unix:/", 6) != 0 || strlen(text + 5) >= sizeof out->at.un.sun_path)
        return -EINVAL;
    out->type = SOCK_DGRAM;
    out->at.un.sun_family = AF_UNIX;
    memcpy(out->at.un.sun_path, text + 5, strlen(text + 5) + 1);
    out->len = sizeof out->at.un;
    return 0;
}
