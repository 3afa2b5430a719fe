/* operation.h -- a request that takes time: up, down, start, stop, restart, update.  One per
 * project at a time; it ends when its goal is reached or cannot be reached any more. Runs in:
 * supervisor.  Owns: its description of the failure.  The watcher is told events as they happen and
 * the end exactly once; it may leave earlier, the operation goes on. */
#ifndef IPAM_ENGINE_OPERATION_H
#define IPAM_ENGINE_OPERATION_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "engine/deployment.h"

enum operation_kind { OP_UP, OP_DOWN, OP_START, OP_STOP, OP_RESTART, OP_UPDATE, OP_KIND_COUNT };

extern const char *const operation_text[OP_KIND_COUNT];

struct operation_failure {
    struct err why;
    char service[128]; /* "" = the project as a whole */
    char phase[16];    /* sandbox, exec, ready, deadline */
    json_t *details;   /* of the service: how it ended, what its health checks said; NULL = none */
};

struct watcher {
    void *owner;                               /* NULL: nobody watches any more */
    void (*event)(void *owner, json_t *event); /* borrowed */
    void (*done)(void *owner, const struct operation_failure *failure); /* NULL = success */
};

struct operation {
    enum operation_kind kind;
    struct watcher watcher;
    bool keep;           /* leave what was started when it fails */
    bool no_wait;        /* do not wait for readiness */
    bool volumes;        /* OP_DOWN: the project's volumes go too... */
    uint64_t volume_tag; /* ...with this tag and those after it, in their order */
    bool has_grace;      /* grace_us instead of their own */
    uint64_t grace_us;
    uint64_t ready_us; /* 0 = no deadline */
    struct timer deadline;
    bool fresh;    /* the project was unknown before: a failed start leaves nothing behind */
    bool stopping; /* undoing a failed start */
    bool failed;
    struct operation_failure failure; /* why.code: also what went wrong without stopping it */
};

/* Services that end before they were ever ready get this many chances within one operation. */
enum { OPERATION_FALSE_STARTS = 3 };

/* Sets what the marked instances should be for the operation's present half. */
void operation_apply(struct deployment *d);
/* What makes it impossible that `i` becomes ready; false: nothing does, so far. */
bool operation_cannot_start(struct deployment *d, const struct instance *i, const char **phase,
                            struct err *why);
bool operation_is_ready(const struct instance *i);
/* Looks whether the operation failed, changes halves or is over; true = it is over. */
bool operation_advance(struct deployment *d);
/* The time for getting ready is over. */
void operation_expire(struct deployment *d, uint64_t after_us);
void operation_fail(struct deployment *d, const struct instance *i, const char *phase,
                    const struct err *why);

#endif
