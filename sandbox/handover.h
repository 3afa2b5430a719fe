/* handover.h -- what the broker gives to ipam-init, and what ipam-init says back.
 * Runs in: broker, init.
 * A new init is born with one descriptor: a SEQPACKET socket as number 3.  The broker sends it all
 * other descriptors, in the order below, in messages of one byte: first 'c' with the control groups
 * it enters at once (cgroup.h, `entrances`), then 'm' more follows, 'e' the last of them.  A new
 * instance then builds its root while the broker makes its links, and waits for 'g', go, before
 * anything of the service runs and before kernel parameters, which may be those of a link.  The
 * end of the connection before that means the launch was given up, and init ends.  On the same
 * socket init sends `struct report`s.  When the broker restarts the connection is gone: the last
 * report is also in the instance's record file.
 */
#ifndef IPAM_SANDBOX_HANDOVER_H
#define IPAM_SANDBOX_HANDOVER_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum { HANDOVER_SOCKET = 3, HANDOVER_FDS_MAX = 512 };

/* A stream of an instance is two pipes: the program writes into `source`; `staging` is where the
 * supervisor keeps what it has taken but not yet written to a file (see client.h, `fds`). */
enum {
    STREAM_SOURCE_READ,
    STREAM_SOURCE_WRITE,
    STREAM_STAGING_READ,
    STREAM_STAGING_WRITE,
    STREAM_ENDS
};
enum { STREAM_OUT, STREAM_ERR, STREAM_COUNT };
enum { HANDOVER_STREAM_FDS = STREAM_COUNT * STREAM_ENDS };

/* order of the descriptors given to a new init */
enum {
    HANDOVER_SETUP,                                          /* memfd, see setup.h */
    HANDOVER_RECORD,                                         /* file for the final report */
    HANDOVER_FILTER,                                         /* memfd: filter of the program */
    HANDOVER_INIT_FILTER,                                    /* memfd: filter of init itself */
    HANDOVER_STREAMS,                                        /* HANDOVER_STREAM_FDS of them */
    HANDOVER_TREES = HANDOVER_STREAMS + HANDOVER_STREAM_FDS, /* what setup operations refer to */
};

enum { HANDOVER_LISTEN_FDS = 16 };

/* order of the descriptors given to a joining init */
enum {
    JOIN_SETUP,
    JOIN_FILTER,
    JOIN_PIDFD,
    JOIN_STDIN,
    JOIN_STDOUT,
    JOIN_STDERR,
    JOIN_USERS /* the user namespace of the instance, see SETUP_USERS; may be missing */
};

/* Where init keeps the streams, so that a new broker finds them with pidfd_getfd; then what is
 * written to be read by the program, if it reads: the pipe of its stdin, the master of its
 * terminal; and its user namespace and the sockets of SETUP_NOTIFY and SETUP_LISTEN, if it has
 * them. */
enum {
    HANDOVER_STREAMS_KEPT = 20,
    HANDOVER_INPUT_KEPT = HANDOVER_STREAMS_KEPT + HANDOVER_STREAM_FDS,
    HANDOVER_USERS_KEPT,
    HANDOVER_NOTIFY_KEPT,
    HANDOVER_LISTEN_KEPT, /* HANDOVER_LISTEN_FDS of them */
    HANDOVER_LISTEN_LAST = HANDOVER_LISTEN_KEPT + HANDOVER_LISTEN_FDS - 1,
    HANDOVER_KEPT_END
};

enum report_kind { REPORT_NONE, REPORT_STARTED, REPORT_FAILED, REPORT_ENDED };

struct report {
    uint32_t kind;
    uint32_t stage;   /* REPORT_FAILED: enum stage */
    int32_t error;    /* REPORT_FAILED: positive errno */
    int32_t pid;      /* as init sees it */
    int32_t status;   /* REPORT_ENDED: as from wait(2) */
    uint32_t alone;   /* REPORT_ENDED: no other process of the service was left */
    uint64_t time_us; /* wall clock */
};
static_assert(sizeof(struct report) == 32, "the record file's format is 32 bytes");

int handover_send(int sock, const int *fds, size_t n);
int handover_send_groups(int sock, const int *fds, size_t n);
int handover_send_go(int sock);
/* Receives until 'e'; the descriptors belong to the caller.  -ECONNRESET when it was given up.
 * *entered: 0, or why a control group could not be entered; nothing of a service may run then. */
int handover_receive(int sock, int fds[HANDOVER_FDS_MAX], size_t *n, int *entered);
/* Waits for 'g'; -ECONNRESET when the launch was given up. */
int handover_receive_go(int sock);

#endif
