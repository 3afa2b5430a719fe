#include "sandbox/handover.h"

#include <errno.h>
#include <unistd.h>

#include "base/fdpass.h"

int handover_send(int sock, const int *fds, size_t n)
{
    while (n > FDPASS_MAX) {
        int r = fdpass_send(sock, "m", 1, fds, FDPASS_MAX);

        if (r < 0)
            return r;
        fds += FDPASS_MAX;
        n -= FDPASS_MAX;
    }
    return fdpass_send(sock, "e", 1, fds, n);
}

int handover_send_groups(int sock, const int *fds, size_t n)
{
    return fdpass_send(sock, "c", 1, fds, n);
}

int handover_send_go(int sock)
{
    return fdpass_send(sock, "g", 1, NULL, 0);
}

static int enter_groups(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (write(fds[i], "0", 1) != 1)
            return -errno;
    return 0;
}

int handover_receive(int sock, int fds[HANDOVER_FDS_MAX], size_t *n, int *entered)
{
    size_t used = 0;

    *entered = 0;
    for (;;) {
        int got[FDPASS_MAX];
        size_t n_got = 0;
        char kind = 0;
        ssize_t len = fdpass_recv(sock, &kind, 1, got, &n_got);

        if (len <= 0 || used + n_got > HANDOVER_FDS_MAX) {
            fdpass_close(got, n_got);
            fdpass_close(fds, used);
            return len < 0 ? (int) len : len == 0 ? -ECONNRESET : -E2BIG;
        }
        if (kind == 'c') {
            *entered = enter_groups(got, n_got);
            fdpass_close(got, n_got);
            continue;
        }
        for (size_t i = 0; i < n_got; i++)
            fds[used++] = got[i];
        if (kind == 'e')
            break;
    }
    *n = used;
    return 0;
}

int handover_receive_go(int sock)
{
    int fds[FDPASS_MAX];
    size_t n = 0;
    char kind = 0;
    ssize_t len = fdpass_recv(sock, &kind, 1, fds, &n);

    fdpass_close(fds, n);
    if (len <= 0)
        return len < 0 ? (int) len : -ECONNRESET;
    return kind == 'g' ? 0 : -EBADMSG;
}
