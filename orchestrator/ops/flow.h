/* flow.h -- bytes through stages: counted, compressed, sealed, written.  Each stage takes bytes and
 * hands on to the next one; what is handed a chain owns it from then on.
 * Runs in: CLI.  Owns: its stages, not the descriptors.
 * Fails: negative errno; -EBADMSG for what is damaged. */
#ifndef IPAM_OPS_FLOW_H
#define IPAM_OPS_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum compression { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_ZSTD, COMPRESS_COUNT };
extern const char *const compression_text[COMPRESS_COUNT];   /* none, gzip, zstd */
extern const char *const compression_suffix[COMPRESS_COUNT]; /* "", .gz, .zst */

enum { FLOW_SUM_TEXT = 65 };

/* what came through */
struct flow_sum {
    uint64_t bytes;
    char sha256[FLOW_SUM_TEXT];
};

struct flow;

/* what a stage does; `self` is its own, `next` is NULL for the last */
struct flow_kind {
    int (*write)(void *self, struct flow *next, const void *data, size_t len, struct err *e);
    int (*finish)(void *self, struct flow *next, struct err *e); /* may be NULL; not next's */
    void (*free)(void *self);                                    /* may be NULL */
};

struct flow *flow_new(const struct flow_kind *kind, void *self, struct flow *next);
int flow_write(struct flow *f, const void *data, size_t len, struct err *e);
int flow_finish(struct flow *f, struct err *e); /* of all stages, once */
void flow_free(struct flow *f);                 /* of all stages; accepts NULL */
static inline void flow_free_(struct flow **f)
{
    flow_free(*f);
}
#define auto_flow __attribute__((cleanup(flow_free_))) struct flow *

/* the last stage: a descriptor, memory of at most `max` bytes (*out is malloc'd and ends with NUL,
 * when finished), a function, nothing */
struct flow *flow_to_fd(int fd);
struct flow *flow_to_memory(size_t max, char **out, size_t *len);
struct flow *flow_to(int (*take)(void *owner, const void *data, size_t len, struct err *e),
                     void *owner);
struct flow *flow_to_nothing(void);
/* *sum is there when it is finished */
struct flow *flow_summed(struct flow_sum *sum, struct flow *next);
/* *bytes is what came through so far */
struct flow *flow_counted(uint64_t *bytes, struct flow *next);
/* NONE is `next` itself */
struct flow *flow_compress(enum compression how, struct flow *next);
struct flow *flow_expand(enum compression how, struct flow *next);

/* Two ends of a pipe with as much room as may be had, so that neither side waits for the other one
 * after every page; {-1, -1} on failure. */
int flow_pipe(int ends[2], struct err *e);

/* All that comes from `fd` until its end, in large pieces: none is handed on before it is full;
 * -ETIMEDOUT when nothing comes for ten minutes. */
int flow_pump(int fd, struct flow *to, struct err *e);

#endif
