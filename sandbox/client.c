#include "sandbox/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/moment.h"

struct sandbox_client {
    int fd;
    char packet[LIMIT_SANDBOX_PACKET];
};

int sandbox_client_open(const char *socket_path, struct sandbox_client **out, struct err *e)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    /* the socket's default buffer holds one packet of the largest size, not two */
    const int room = 4 * LIMIT_SANDBOX_PACKET;
    struct sandbox_client *c;

    if (strlen(socket_path) >= sizeof address.sun_path)
        return err_set(e, -ENAMETOOLONG, "socket path '%s' is longer than %zu bytes", socket_path,
                       sizeof address.sun_path - 1);
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof address) < 0)
        return err_set(e, -errno, "cannot reach the sandbox broker at %s: %s", socket_path,
                       strerror(errno));
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, -ENOMEM, "out of memory");
    c->fd = take_fd(&fd);
    *out = c;
    return 0;
}

void sandbox_client_close(struct sandbox_client *c)
{
    if (!c)
        return;
    close(c->fd);
    free(c);
}

int sandbox_client_fd(const struct sandbox_client *c)
{
    return c->fd;
}

int sandbox_client_send(struct sandbox_client *c, const char *op, uint64_t tag, json_t *fields,
                        const int *fds, size_t n_fds, struct err *e)
{
    json_t *request = fields ? fields : json_object();
    size_t len;
    int r;

    (void) json_object_set_new(request, "op", json_string(op));
    (void) json_object_set_new(request, "tag", json_integer((json_int_t) tag));
    len = json_dumpb(request, c->packet, sizeof c->packet, JSON_COMPACT);
    json_decref(request);
    if (len == 0 || len > sizeof c->packet)
        return err_set(e, -E2BIG, "request '%s' is too large (%zu bytes, limit %d)", op, len,
                       LIMIT_SANDBOX_PACKET);
    r = fdpass_send(c->fd, c->packet, len, fds, n_fds);
    MOMENT("told", op);
    return r < 0 ? err_set(e, r, "sending '%s' to the sandbox broker: %s", op, strerror(-r)) : 0;
}

int sandbox_client_receive(struct sandbox_client *c, struct sandbox_message *out, struct err *e)
{
    struct sandbox_message m = { 0 };
    json_error_t why;
    ssize_t len = fdpass_recv(c->fd, c->packet, sizeof c->packet, m.fds, &m.n_fds);

    if (len < 0)
        return err_set(e, (int) len, "receiving from the sandbox broker: %s", strerror((int) -len));
    if (len == 0)
        return err_set(e, -EPIPE, "the sandbox broker has closed the connection");
    m.json = json_loadb(c->packet, (size_t) len, JSON_REJECT_DUPLICATES, &why);
    if (!m.json) {
        fdpass_close(m.fds, m.n_fds);
        return err_set(e, -EBADMSG, "the sandbox broker sent no JSON: %s", why.text);
    }
    *out = m;
    return 0;
}

void sandbox_message_clear(struct sandbox_message *m)
{
    json_decref(m->json);
    fdpass_close(m->fds, m->n_fds);
    *m = (struct sandbox_message){ 0 };
}
