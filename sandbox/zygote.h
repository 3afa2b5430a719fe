/* zygote.h -- a process of ipam-init that waits to be forked: what it forks has nothing left to
 * load, and shares its pages. Runs in: broker (start, fork, end) and in that process (run), which
 * ends with its broker. Owns: the socket.  What is forked is a child of the broker, and not of the
 * zygote. Source: clone(2), CLONE_PARENT; the idea is that of Android and Chromium. What it costs:
 * instances of one broker have the same layout of their inits' memory, which is of use to nobody
 * who cannot read or write it in the first place. */
#ifndef IPAM_SANDBOX_ZYGOTE_H
#define IPAM_SANDBOX_ZYGOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct zygote {
    pid_t pid; /* 0: none is there */
    int socket;
};

enum { ZYGOTE_ENTERED = 4 };

struct zygote_wish {
    bool joining;        /* the way of a command into an instance, instead of an instance */
    uint64_t namespaces; /* new ones, CLONE_NEW* */
    int cgroup;          /* a directory to be born in; -1: where the broker is */
    /* of others, in which it is to be born: whose, by pidfd, and which, CLONE_NEW* */
    struct {
        int whose, which;
    } enter[ZYGOTE_ENTERED];
    size_t n_enter;
};

/* A process with one end of a socket as HANDOVER_SOCKET. */
struct launched {
    pid_t pid;
    int pidfd, socket;
};

int zygote_start(struct zygote *z, struct err *e);
/* Starts it first if it is not there. */
int zygote_fork(struct zygote *z, const struct zygote_wish *wish, struct launched *out,
                struct err *e);
void zygote_end(struct zygote *z);

/* The life of ipam-init: `become` runs in what is forked, and its result is the exit status. */
int zygote_run(int (*become)(bool joining));

#endif
