#include "preflight/listener.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "preflight/distribution.h"

/* state of a listening socket in /proc/net/tcp; an unconnected UDP socket is in state 07 */
enum { STATE_LISTEN = 0x0a, STATE_UDP = 0x07, PSEUDO_MAX = 16 * 1024 };

static int try_bind(int family, const char *address, uint16_t port, bool udp)
{
    auto_fd fd = socket(family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int one = 1;

    if (fd < 0)
        return 0; /* no IPv6 here, say: not for this check to judge */
    /* connections in TIME_WAIT are not a holder; a listening socket still refuses the bind */
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (family == AF_INET) {
        if (address[0] != '\0' && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
            return 0;
        return bind(fd, (struct sockaddr *) &v4, sizeof v4) < 0 ? -errno : 0;
    }
    if (address[0] != '\0' && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return 0;
    (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return bind(fd, (struct sockaddr *) &v6, sizeof v6) < 0 ? -errno : 0;
}

/* inode of the socket bound to the port, 0 if none is found */
static unsigned long inode_in(const char *table, uint16_t port, unsigned state)
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

static unsigned long find_inode(uint16_t port, bool udp)
{
    unsigned state = udp ? STATE_UDP : STATE_LISTEN;
    unsigned long inode = inode_in(udp ? "/proc/net/udp" : "/proc/net/tcp", port, state);

    return inode ? inode : inode_in(udp ? "/proc/net/udp6" : "/proc/net/tcp6", port, state);
}

bool listener_has(const char *address, uint16_t port, bool udp)
{
    int v4 = try_bind(AF_INET, address, port, udp), v6 = try_bind(AF_INET6, address, port, udp);

    /* who may not bind a low port can still read the tables */
    return v4 == -EADDRINUSE || v6 == -EADDRINUSE || (v4 == -EACCES && find_inode(port, udp) != 0);
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

/* the innermost part of a control group's path that is a unit */
static void find_unit(const char *pid, char *out, size_t room)
{
    auto_free char *path = paths_join("/proc/%s/cgroup", pid);
    auto_free char *text = NULL;
    char *rest;

    if (fsio_read_pseudo(AT_FDCWD, path, PSEUDO_MAX, &text) < 0)
        return;
    rest = text;
    for (char *part; (part = strsep(&rest, "/\n"));) {
        size_t len = strlen(part);

        if (len > 8 && len < room && strcmp(part + len - 8, ".service") == 0)
            (void) snprintf(out, room, "%s", part);
    }
}

void listener_find(uint16_t port, bool udp, struct listener *out)
{
    unsigned long inode = find_inode(port, udp);
    auto_dir proc = opendir("/proc");

    *out = (struct listener){ 0 };
    for (struct dirent *d; proc && inode && (d = readdir(proc));) {
        auto_free char *path = NULL, *name = NULL;

        if (!isdigit((unsigned char) d->d_name[0]) || !holds(d->d_name, inode))
            continue;
        path = paths_join("/proc/%s/comm", d->d_name);
        if (fsio_read_pseudo(AT_FDCWD, path, 256, &name) == 0)
            name[strcspn(name, "\n")] = '\0';
        out->pid = (pid_t) strtol(d->d_name, NULL, 10);
        (void) snprintf(out->program, sizeof out->program, "%s", name ? name : "a process");
        find_unit(d->d_name, out->unit, sizeof out->unit);
        return;
    }
}

/* NULL when it is of none, or of a script's interpreter, which says little but is true */
static char *package_of(pid_t pid)
{
    auto_free char *link = paths_join("/proc/%d/exe", (int) pid);
    char program[PATH_MAX];
    ssize_t n = readlink(link, program, sizeof program - 1);

    if (n <= 0)
        return NULL;
    program[n] = '\0';
    return distribution_owner(program);
}

char *listener_text(const struct listener *l)
{
    auto_free char *package = l->pid ? package_of(l->pid) : NULL;

    if (!l->pid)
        return strdup("another program (root can see which)");
    return paths_join("%s (pid %d%s%s%s%s)", l->program, (int) l->pid, l->unit[0] ? ", unit " : "",
                      l->unit, package ? ", package " : "", package ? package : "");
}
