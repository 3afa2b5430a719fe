#include "base/fdpass.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
};

int fdpass_send(int sock, const void *data, size_t len, const int *fds, size_t n)
{
    union control control = { 0 };
    struct iovec iov = { .iov_base = (void *) (size_t) data, .iov_len = len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (n > FDPASS_MAX)
        return -EINVAL;
    if (n > 0) {
        struct cmsghdr *c;

        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    }
    ssize_t sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
    if (sent < 0)
        return -errno;
    return (size_t) sent == len ? 0 : -EMSGSIZE;
}

void fdpass_close(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

static void take_fds(struct msghdr *msg, int fds[FDPASS_MAX], size_t *n)
{
    *n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), count * sizeof(int));
        *n = count;
    }
}

ssize_t fdpass_recv(int sock, void *data, size_t room, int fds[FDPASS_MAX], size_t *n)
{
    union control control = { 0 };
    struct iovec iov = { .iov_base = data, .iov_len = room };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t got;

    do
        got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    take_fds(&msg, fds, n);
    if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        fdpass_close(fds, *n);
        *n = 0;
        return -EMSGSIZE;
    }
    return got;
}

int fdpass_peer(int sock, struct ucred *out)
{
    socklen_t len = sizeof *out;

    return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, out, &len) < 0 ? -errno : 0;
}
