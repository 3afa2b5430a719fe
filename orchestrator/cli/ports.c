#include "cli/ports.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

/* state of a listening socket in /proc/net/tcp; an unconnected UDP socket is in state 07 */
enum { STATE_LISTEN = 0x0a, STATE_UDP = 0x07 };

/* inode of the socket bound to the port, 0 if none is found */
static unsigned long find_inode(const char *table, uint16_t port, unsigned state)
{
    auto_file f = fopen(table, "re");
    char line[512];

    while (f && fgets(line, sizeof line, f)) {
        unsigned local_port, st;
        unsigned long inode;

        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
                   &local_port, &st, &inode) == 3 &&
            local_port == port && st == state)
            return inode;
    }
    return 0;
}

static bool holds(const char *pid, unsigned long inode)
{
    auto_free char *path = paths_join("/proc/%s/fd", pid);
    auto_dir dir = opendir(path);
    char want[64], link[64];

    (void) snprintf(want, sizeof want, "socket:[%lu]", inode);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        ssize_t n = readlinkat(dirfd(dir), d->d_name, link, sizeof link - 1);
        link[n > 0 ? n : 0] = '\0';
        if (strcmp(link, want) == 0)
            return true;
    }
    return false;
}

/* "nginx (pid 12)"; empty when the holder cannot be seen */
static void find_holder(unsigned long inode, char *out, size_t room)
{
    auto_dir proc = opendir("/proc");

    out[0] = '\0';
    for (struct dirent *d; proc && inode && (d = readdir(proc));) {
        auto_free char *comm_path = NULL, *comm = NULL;

        if (!isdigit((unsigned char) d->d_name[0]) || !holds(d->d_name, inode))
            continue;
        comm_path = paths_join("/proc/%s/comm", d->d_name);
        if (fsio_read_pseudo(AT_FDCWD, comm_path, 256, &comm) == 0)
            comm[strcspn(comm, "\n")] = '\0';
        (void) snprintf(out, room, "%.32s (pid %.16s)", comm ? comm : "a process", d->d_name);
        return;
    }
}

static int try_bind(const struct port *p, int family)
{
    auto_fd fd = socket(family, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(p->published) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(p->published) };
    int one = 1;

    if (fd < 0)
        return 0; /* no IPv6 here, say: not for this check to judge */
    /* connections in TIME_WAIT are not a holder; a listening socket still refuses the bind */
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (family == AF_INET) {
        if (p->address[0] != '\0' && inet_pton(AF_INET, p->address, &v4.sin_addr) != 1)
            return 0;
        return bind(fd, (struct sockaddr *) &v4, sizeof v4) < 0 ? -errno : 0;
    }
    if (p->address[0] != '\0' && inet_pton(AF_INET6, p->address, &v6.sin6_addr) != 1)
        return 0;
    (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return bind(fd, (struct sockaddr *) &v6, sizeof v6) < 0 ? -errno : 0;
}

static int check_port(const struct unit *unit, const struct port *p, struct err *e)
{
    unsigned state = p->udp ? STATE_UDP : STATE_LISTEN;
    unsigned long inode;
    char holder[64];

    if (try_bind(p, AF_INET) != -EADDRINUSE && try_bind(p, AF_INET6) != -EADDRINUSE)
        return 0;
    inode = find_inode(p->udp ? "/proc/net/udp" : "/proc/net/tcp", p->published, state);
    if (inode == 0)
        inode = find_inode(p->udp ? "/proc/net/udp6" : "/proc/net/tcp6", p->published, state);
    find_holder(inode, holder, sizeof holder);
    err_set(e, -EADDRINUSE, "port %u/%s, which service '%s' publishes, is in use by %s",
            p->published, p->udp ? "udp" : "tcp", unit->name,
            holder[0] ? holder : "another program (root can see which)");
    err_hint(e, "stop that program, or publish another port (ports: in the compose file)");
    return err_classify(e, ERR_CHECK);
}

int ports_check(const struct unit *unit, struct err *e)
{
    for (size_t i = 0; i < unit->n_ports; i++) {
        const struct port *p = &unit->ports[i];
        /* where there is a choice, the first that is free is taken */
        int r = p->published != 0 && p->published == p->last ? check_port(unit, p, e) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

void ports_warn_shut(const char *service, const json_t *ports)
{
    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_t *p = json_array_get(ports, i);
        const char *by = json_string_value(json_object_get(p, "shut"));
        int port = (int) json_integer_value(json_object_get(p, "published"));

        if (by && by[0] != '\0')
            fprintf(stderr,
                    "warning: port %d/%s of '%s' is shut for other machines: the host's firewall, "
                    "%s, does not let everybody in\n  next: accept the port there, or let it pass "
                    "with publish-past-firewall in /etc/ipam-orch/policy.conf\n",
                    port, json_string_value(json_object_get(p, "protocol")), service, by);
    }
}
