#include "logs/log_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/endpoint.h"

int log_socket_open(const char *address, int *out, bool *stream)
{
    struct endpoint t;
    int r = endpoint_parse(address, &t);
    auto_fd fd = r < 0 ? -1 : socket(t.at.any.sa_family, t.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (r < 0)
        return r;
    if (fd < 0)
        return -errno;
    if (connect(fd, &t.at.any, t.len) < 0 && errno != EINPROGRESS)
        return -errno;
    *stream = t.type == SOCK_STREAM;
    *out = take_fd(&fd);
    return 0;
}

int log_socket_send(int fd, bool stream, const char *message, size_t len, size_t *sent)
{
    while (*sent < len) {
        ssize_t n = send(fd, message + *sent, len - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EMSGSIZE && !stream)
            n = (ssize_t) len;
        /* a connection that is still being made */
        if (n < 0)
            return errno == ENOTCONN && stream ? -EAGAIN : -errno;
        *sent += (size_t) n;
    }
    return 0;
}
