#include "ops/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"

enum {
    PIECE = 256 * 1024,
    PIPE_ROOM = 1024 * 1024,
    STALL_MS = 600 * 1000,
    STALL_S = STALL_MS / 1000
};

struct flow {
    const struct flow_kind *kind;
    void *self;
    struct flow *next;
};

static void *room(size_t size)
{
    void *p = calloc(1, size);

    if (!p)
        abort();
    return p;
}

struct flow *flow_new(const struct flow_kind *kind, void *self, struct flow *next)
{
    struct flow *f = room(sizeof *f);

    *f = (struct flow){ .kind = kind, .self = self, .next = next };
    return f;
}

int flow_write(struct flow *f, const void *data, size_t len, struct err *e)
{
    return f->kind->write(f->self, f->next, data, len, e);
}

int flow_finish(struct flow *f, struct err *e)
{
    int r = 0;

    for (; f && r == 0; f = f->next)
        if (f->kind->finish)
            r = f->kind->finish(f->self, f->next, e);
    return r;
}

void flow_free(struct flow *f)
{
    while (f) {
        struct flow *next = f->next;

        if (f->kind->free)
            f->kind->free(f->self);
        free(f);
        f = next;
    }
}

/* ---- the last stage ---- */

static int write_fd(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    int r = fsio_write_all(*(const int *) self, data, len);

    (void) next;
    return r < 0 ? err_set(e, r, "writing: %s", strerror(-r)) : 0;
}

struct flow *flow_to_fd(int fd)
{
    static const struct flow_kind kind = { .write = write_fd, .free = free };
    int *self = room(sizeof *self);

    *self = fd;
    return flow_new(&kind, self, NULL);
}

struct memory {
    char *text, **out;
    size_t len, max, *out_len;
};

static int write_memory(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct memory *m = self;

    (void) next;
    if (len > m->max - m->len)
        return err_set(e, -EFBIG, "it has more than %zu bytes", m->max);
    m->text = realloc(m->text, m->len + len + 1);
    if (!m->text)
        abort();
    memcpy(m->text + m->len, data, len);
    m->len += len;
    return 0;
}

static int finish_memory(void *self, struct flow *next, struct err *e)
{
    struct memory *m = self;

    (void) next;
    (void) e;
    if (!m->text)
        m->text = room(1);
    m->text[m->len] = '\0';
    *m->out = take_ptr(m->text);
    *m->out_len = m->len;
    return 0;
}

static void free_memory(void *self)
{
    struct memory *m = self;

    free(m->text);
    free(m);
}

struct flow *flow_to_memory(size_t max, char **out, size_t *len)
{
    static const struct flow_kind kind = { .write = write_memory,
                                           .finish = finish_memory,
                                           .free = free_memory };
    struct memory *m = room(sizeof *m);

    *m = (struct memory){ .out = out, .max = max, .out_len = len };
    return flow_new(&kind, m, NULL);
}

struct call {
    int (*take)(void *owner, const void *data, size_t len, struct err *e);
    void *owner;
};

static int write_call(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct call *c = self;

    (void) next;
    return c->take(c->owner, data, len, e);
}

struct flow *flow_to(int (*take)(void *owner, const void *data, size_t len, struct err *e),
                     void *owner)
{
    static const struct flow_kind kind = { .write = write_call, .free = free };
    struct call *c = room(sizeof *c);

    *c = (struct call){ .take = take, .owner = owner };
    return flow_new(&kind, c, NULL);
}

static int write_nothing(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    (void) self;
    (void) next;
    (void) data;
    (void) len;
    (void) e;
    return 0;
}

struct flow *flow_to_nothing(void)
{
    static const struct flow_kind kind = { .write = write_nothing };

    return flow_new(&kind, NULL, NULL);
}

/* ---- sums ---- */

struct summed {
    EVP_MD_CTX *ctx;
    uint64_t bytes;
    struct flow_sum *out;
};

static int write_summed(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    struct summed *s = self;

    s->bytes += len;
    if (EVP_DigestUpdate(s->ctx, data, len) != 1)
        return err_set(e, -EIO, "SHA-256 is not available");
    return flow_write(next, data, len, e);
}

static int finish_summed(void *self, struct flow *next, struct err *e)
{
    struct summed *s = self;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    (void) next;
    if (EVP_DigestFinal_ex(s->ctx, sum, &n) != 1)
        return err_set(e, -EIO, "SHA-256 is not available");
    for (unsigned i = 0; i < n && 2 * i + 2 < FLOW_SUM_TEXT; i++)
        (void) snprintf(s->out->sha256 + 2 * (size_t) i, 3, "%02x", sum[i]);
    s->out->bytes = s->bytes;
    return 0;
}

static void free_summed(void *self)
{
    struct summed *s = self;

    EVP_MD_CTX_free(s->ctx);
    free(s);
}

struct flow *flow_summed(struct flow_sum *sum, struct flow *next)
{
    static const struct flow_kind kind = { .write = write_summed,
                                           .finish = finish_summed,
                                           .free = free_summed };
    struct summed *s = room(sizeof *s);

    s->ctx = EVP_MD_CTX_new();
    s->out = sum;
    if (!s->ctx || EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) != 1)
        abort();
    return flow_new(&kind, s, next);
}

static int write_counted(void *self, struct flow *next, const void *data, size_t len, struct err *e)
{
    *(uint64_t *) self += len;
    return flow_write(next, data, len, e);
}

struct flow *flow_counted(uint64_t *bytes, struct flow *next)
{
    static const struct flow_kind kind = { .write = write_counted };

    *bytes = 0;
    return flow_new(&kind, bytes, next);
}

/* ---- in ---- */

int flow_pipe(int ends[2], struct err *e)
{
    if (pipe2(ends, O_CLOEXEC) < 0) {
        int code = -errno;

        ends[0] = ends[1] = -1;
        return err_set(e, code, "a pipe: %s", strerror(-code));
    }
    (void) fcntl(ends[1], F_SETPIPE_SZ, PIPE_ROOM); /* more than the user may have: as it is */
    return 0;
}

int flow_pump(int fd, struct flow *to, struct err *e)
{
    auto_free char *piece = room(PIECE);
    size_t have = 0;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, STALL_MS), r = 0;
        ssize_t n;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return err_set(e, -ETIMEDOUT, "nothing came for %d s", STALL_S);
        n = read(fd, piece + have, PIECE - have);
        if (n < 0 && errno != EINTR)
            return err_set(e, -errno, "reading: %s", strerror(errno));
        have += n > 0 ? (size_t) n : 0;
        if (have == PIECE || (n == 0 && have > 0)) {
            r = flow_write(to, piece, have, e);
            have = 0;
        }
        if (n == 0 || r < 0)
            return r;
    }
}
