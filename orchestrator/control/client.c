#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdpass.h"
#include "base/fsio.h"
#include "base/moment.h"

struct client {
    int fd;
    int gift; /* -1: none */
    char *in;
    size_t used, room;
};

enum { READ_STEP = 64 * 1024 };

static int unreachable(struct err *e, int code, const char *what)
{
    err_set(e, code, "the manager %s", what);
    err_hint(e, "ipam-orch up");
    return err_classify(e, ERR_UNREACHABLE);
}

int client_open(const char *path, struct client **out, struct err *e)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct client *c;

    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, -ENAMETOOLONG, "socket path is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address) < 0)
        return unreachable(e, -errno, "is not running");
    c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->fd = take_fd(&fd);
    c->gift = -1;
    *out = c;
    return 0;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    close(c->fd);
    if (c->gift >= 0)
        close(c->gift);
    free(c->in);
    free(c);
}

void client_close_(struct client **c)
{
    client_close(*c);
}

int client_take_fd(struct client *c)
{
    return take_fd(&c->gift);
}

int client_fd(const struct client *c)
{
    return c->fd;
}

int client_send(struct client *c, json_t *message, struct err *e)
{
    return client_send_fds(c, message, NULL, 0, e);
}

int client_send_fds(struct client *c, json_t *message, const int *fds, size_t n, struct err *e)
{
    const char *op = json_string_value(json_object_get(message, "op"));
    auto_free char *text = json_dumps(message, JSON_COMPACT);
    int r;

    if (!text)
        abort();
    r = fdpass_send(c->fd, text, 1, fds, n); /* what has begun on a stream goes on without them */
    if (r == 0)
        r = fsio_write_all(c->fd, text + 1, strlen(text + 1));
    if (r == 0)
        r = fsio_write_all(c->fd, "\n", 1);
    MOMENT("asked", op ? op : "");
    json_decref(message);
    return r < 0 ? unreachable(e, r, "went away") : 0;
}

/* takes the first line out of the buffer; NULL if there is no whole line yet */
static json_t *take_line(struct client *c, json_error_t *where)
{
    char *end = c->used > 0 ? memchr(c->in, '\n', c->used) : NULL;
    size_t len = end ? (size_t) (end - c->in) : 0;
    json_t *message;

    if (!end)
        return NULL;
    message = json_loadb(c->in, len, JSON_ALLOW_NUL, where);
    c->used -= len + 1;
    memmove(c->in, end + 1, c->used);
    return message ? message : json_null();
}

static int read_more(struct client *c, int timeout_ms)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    int ready = poll(&p, 1, timeout_ms);
    int fds[FDPASS_MAX];
    size_t n_fds = 0;
    ssize_t n;

    if (ready < 0)
        return -errno;
    if (ready == 0)
        return -EAGAIN;
    if (c->room - c->used < READ_STEP) {
        char *grown = realloc(c->in, c->room += READ_STEP + c->used);
        if (!grown)
            abort();
        c->in = grown;
    }
    n = fdpass_recv(c->fd, c->in + c->used, READ_STEP, fds, &n_fds);
    if (n <= 0)
        return -EPIPE;
    if (n_fds > 0 && c->gift < 0)
        c->gift = take_fd(&fds[0]);
    fdpass_close(fds, n_fds);
    c->used += (size_t) n;
    return 0;
}

int client_receive(struct client *c, int timeout_ms, json_t **out, struct err *e)
{
    json_error_t where = { 0 };
    json_t *message;

    while (!(message = take_line(c, &where))) {
        int r = read_more(c, timeout_ms);
        if (r == -EPIPE)
            return unreachable(e, r, "went away");
        if (r < 0)
            return r;
    }
    if (json_is_null(message))
        return err_set(e, -EBADMSG, "answer of the manager: %s", where.text);
    *out = message;
    return 0;
}

int client_error(const json_t *message, struct err *e)
{
    const json_t *error = json_object_get(message, "error");
    const char *what, *next;

    if (!error)
        return 0;
    what = json_string_value(json_object_get(error, "what"));
    next = json_string_value(json_object_get(error, "next"));
    err_set(e, -EREMOTEIO, "%s", what ? what : "failed without a reason");
    err_classify(e, (enum err_class) json_integer_value(json_object_get(error, "exit")));
    if (next && next[0] != '\0')
        err_hint(e, "%s", next);
    return e->code;
}
