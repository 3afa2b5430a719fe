/* terminal.h -- the terminal of an instance, and the way from it to its log.
 * Runs in: init; opened as root before the root is sealed, used as the service's user.
 * Owns: both ends of the terminal, a signalfd, one block of bytes; borrows the log pipe.
 * The program has the slave as 0, 1 and 2 and as /dev/console.  Init reads the master and writes
 * the log pipe, one block at a time: while the pipe is full the master is not read, and then the
 * program waits in write(2) as it would for a pipe.  Neither daemon takes part in this, so none of
 * them can take a byte with it.  Init has the slave open too: the terminal is never hung up behind
 * a program that closes it for a while.
 * Fails: negative errno.
 * Source: pty(7), ioctl_tty(2), signalfd(2). */
#ifndef IPAM_SANDBOX_TERMINAL_H
#define IPAM_SANDBOX_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { TERMINAL_ROWS = 24, TERMINAL_COLUMNS = 80, TERMINAL_ROOM = 4096 };

struct terminal {
    int master, slave; /* -1: the instance has no terminal */
    int log, signals;
    size_t used, sent; /* of `block` */
    char *block;       /* of TERMINAL_ROOM; most instances have none */
};
#define TERMINAL_NONE                                                                              \
    {                                                                                              \
        .master = -1, .slave = -1, .log = -1, .signals = -1                                        \
    }

/* A terminal of the devpts that is mounted below `root`, which also becomes /dev/console there. */
int terminal_open(struct terminal *t, int root);
/* `log` is written from now on, and does not block any more; signals are blocked. */
int terminal_begin(struct terminal *t, int log, uid_t uid, gid_t gid);
/* Carries bytes until a signal comes, as sigwaitinfo(2) waits for one; the signal. */
int terminal_wait(struct terminal *t);
/* The program has ended: what it wrote before is in the log pipe afterwards, however long that
 * takes. */
void terminal_drain(struct terminal *t);

#endif
