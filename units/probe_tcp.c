#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "units/probe.h"

unsigned probe_seconds(const struct probe_request *r)
{
    uint64_t s = r->timeout_us / USEC_PER_SEC;

    return s > 0 ? (unsigned) s : 1;
}

static int try_address(const struct addrinfo *a, const struct probe_request *r, int *out)
{
    auto_fd fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    struct timeval limit = { .tv_sec = probe_seconds(r) };

    /* on Linux the send time-out also bounds connect, see socket(7) */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        connect(fd, a->ai_addr, a->ai_addrlen) < 0)
        return -errno;
    *out = take_fd(&fd);
    return 0;
}

int probe_connect(const struct probe_request *r, int *out, struct err *e)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
    char port[16];
    int code;

    (void) snprintf(port, sizeof port, "%d", r->port);
    code = getaddrinfo(r->host, port, &hints, &list);
    if (code != 0)
        return err_set(e, -EHOSTUNREACH, "%s: %s", r->host, gai_strerror(code));
    code = -EHOSTUNREACH;
    for (const struct addrinfo *a = list; a && code < 0; a = a->ai_next)
        code = try_address(a, r, out);
    freeaddrinfo(list);
    return code < 0 ? err_set(e, code, "%s port %d: %s", r->host, r->port, strerror(-code)) : 0;
}

static int run(const struct probe_request *r, struct err *e)
{
    auto_fd fd = -1;

    return probe_connect(r, &fd, e);
}

const struct probe_ops probe_tcp = { .name = "tcp", .run = run };
