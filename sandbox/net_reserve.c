#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/net.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int fill_address(const struct spec_port *p, int family, union address *out, socklen_t *len)
{
    *out = (union address){ .any.sa_family = (sa_family_t) family };
    if (family == AF_INET) {
        out->v4.sin_port = htons(p->published);
        *len = sizeof out->v4;
        return p->address[0] == '\0' || inet_pton(family, p->address, &out->v4.sin_addr) == 1;
    }
    out->v6.sin6_port = htons(p->published);
    *len = sizeof out->v6;
    return p->address[0] == '\0' || inet_pton(family, p->address, &out->v6.sin6_addr) == 1;
}

/* a bound socket, -ENOENT when the address is not of this family */
static int reserve(const struct spec_port *p, int family)
{
    const int on = 1;
    union address address;
    socklen_t len = 0;

    if (!fill_address(p, family, &address, &len))
        return -ENOENT;
    auto_fd fd = socket(family, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EAFNOSUPPORT ? -ENOENT : -errno;
    if (family == AF_INET6)
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    /* bound, but not listening: packets are redirected before they could come here */
    if (bind(fd, &address.any, len) < 0)
        return errno == EADDRNOTAVAIL && p->address[0] == '\0' ? -ENOENT : -errno;
    return take_fd(&fd);
}

static void release(int fds[NET_RESERVE_FDS])
{
    for (int i = 0; i < NET_RESERVE_FDS; i++)
        if (fds[i] >= 0)
            close(take_fd(&fds[i]));
}

/* p->published, on every family that there is */
static int reserve_one(const struct spec_port *p, int fds[NET_RESERVE_FDS])
{
    static const int families[NET_RESERVE_FDS] = { AF_INET, AF_INET6 };
    int r = 0;

    for (int i = 0; i < NET_RESERVE_FDS; i++)
        fds[i] = -1;
    for (int i = 0; i < NET_RESERVE_FDS && r == 0; i++) {
        int fd = reserve(p, families[i]);

        if (fd >= 0)
            fds[i] = fd;
        else if (fd != -ENOENT)
            r = fd;
    }
    if (r < 0)
        release(fds);
    return r;
}

int net_reserve(struct spec_port *port, int fds[NET_RESERVE_FDS], struct err *e)
{
    const char *protocol = port->udp ? "udp" : "tcp";
    const char *on = port->address[0] ? " on " : "";
    struct spec_port try = *port;
    int r;

    do {
        r = reserve_one(&try, fds);
    } while (r == -EADDRINUSE && try.published++ < port->last);
    if (r == 0) {
        port->published = port->last = try.published;
        return 0;
    }
    if (r != -EADDRINUSE)
        return err_set(e, r, "reserving port %u/%s%s%s: %s", try.published, protocol, on,
                       port->address, strerror(-r));
    if (port->last > port->published)
        return err_set(e, r, "ports %u to %u/%s%s%s are all in use", port->published, port->last,
                       protocol, on, port->address);
    err_set(e, r, "port %u/%s%s%s is in use", port->published, protocol, on, port->address);
    return err_hint(e, "ss -Hn%sap 'sport = :%u' shows by whom", port->udp ? "u" : "t",
                    port->published);
}
