#include "sandbox/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdpass.h"
#include "base/num.h"
#include "sandbox/guest.h"
#include "sandbox/handover.h"

/* the kernel takes less where the network says so: net.core.somaxconn */
enum { QUEUE = 4096 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int open_at(const union address *at, socklen_t len)
{
    static const int on = 1, off = 0;
    auto_fd fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool all = at->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&at->v6.sin6_addr);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (all && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) ||
        bind(fd, &at->any, len) < 0 || listen(fd, QUEUE) < 0)
        return -errno;
    return take_fd(&fd);
}

int listener_open(const struct setup_op *op, struct err *e)
{
    union address v4 = { .v4 = { .sin_family = AF_INET } };
    union address v6 = { .v6 = { .sin6_family = AF_INET6 } };
    const char *address = op->arg[0];
    uint16_t port = 0;
    bool is_v4 = inet_pton(AF_INET, address, &v4.v4.sin_addr) == 1;
    int fd;

    if (num_port(op->arg[1], &port) < 0 ||
        (address[0] && !is_v4 && inet_pton(AF_INET6, address, &v6.v6.sin6_addr) != 1))
        return err_set(e, -EINVAL, "listening at '%s' port %s: no address", address, op->arg[1]);
    v4.v4.sin_port = v6.v6.sin6_port = htons(port);
    fd = is_v4 ? -EAFNOSUPPORT : open_at(&v6, sizeof v6.v6);
    /* all addresses where there is no IPv6 */
    if (is_v4 || (address[0] == '\0' && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)))
        fd = open_at(&v4, sizeof v4.v4);
    return fd < 0 ? err_set(e, fd, "listening at %s port %s: %s", address[0] ? address : "*",
                            op->arg[1], strerror(-fd))
                  : fd;
}

int listener_fetch(const struct guest *from, int *fds, struct err *e)
{
    for (size_t i = 0; i < from->spec.n_listen; i++) {
        fds[i] = (int) syscall(SYS_pidfd_getfd, from->pidfd, HANDOVER_LISTEN_KEPT + (int) i, 0);
        if (fds[i] < 0) {
            err_set(e, -errno, "socket '%s' of '%s': %s", from->spec.listen[i].name, from->id,
                    strerror(errno));
            fdpass_close(fds, i);
            return e->code;
        }
    }
    return 0;
}
