#include "sandbox/handover.h"

#include <errno.h>

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
    return fdpass_send(sock, "g", 1, fds, n);
}

int handover_receive(int sock, int fds[HANDOVER_FDS_MAX], size_t *n)
{
    size_t used = 0;

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
        for (size_t i = 0; i < n_got; i++)
            fds[used++] = got[i];
        if (kind == 'g')
            break;
    }
    *n = used;
    return 0;
}
