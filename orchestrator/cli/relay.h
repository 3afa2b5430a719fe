/* relay.h -- the streams of a command that runs elsewhere: ours on this side, the command's on the
 * other, bytes carried between them.
 * Runs in: CLI.  Owns: its descriptors, and the mode of the caller's terminal until relay_close.
 * The command never gets a descriptor of the caller: it gets pipes or, on a terminal, a pseudo
 * terminal of its own, so that it can neither read nor steer what belongs to the caller.
 * Fails: negative errno.
 * Source: pipe(7), pty(7), termios(3). */
#ifndef IPAM_CLI_RELAY_H
#define IPAM_CLI_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/detach_keys.h"

enum { RELAY_STREAMS = 3, RELAY_ROOM = 64 * 1024 };

struct relay {
    int theirs[RELAY_STREAMS]; /* stdin, stdout, stderr of the command */
    int ours[RELAY_STREAMS];   /* the other ends; on a terminal the first two are one */
    int local[RELAY_STREAMS];  /* where bytes come from and go to: 0, 1 and 2 unless changed */
    bool tame;                 /* errors may not steer the caller's terminal */
    int signals;               /* signalfd */
    bool terminal;
    struct termios before;
    char in[RELAY_ROOM];
    size_t in_used, in_sent;
    bool in_ended;
    bool keeps;              /* the end of the caller's stdin is not that of the far one */
    struct detach_keys keys; /* that end it all; none unless set */
    bool detached;
};

/* what relay_close may be called for before anything was opened */
#define RELAY_CLOSED                                                                               \
    (struct relay)                                                                                 \
    {                                                                                              \
        .theirs = { -1, -1, -1 }, .ours = { -1, -1, -1 }, .signals = -1, .local = {                \
            STDIN_FILENO,                                                                          \
            STDOUT_FILENO,                                                                         \
            STDERR_FILENO                                                                          \
        }                                                                                          \
    }

int relay_open(struct relay *r, bool terminal, struct err *e);
/* For a command nobody listens to: its ends are /dev/null, and nothing is carried. */
int relay_open_nothing(struct relay *r, struct err *e);
/* For what runs already and is only written to: `input` (taken, -1 = nothing is) is a pipe, or the
 * master of its terminal, which gets the caller's size and, if it is `typed`, the caller's keys. */
int relay_open_input(struct relay *r, int input, bool terminal, bool typed, struct err *e);
/* The command has its ends: ours of them are closed, and the terminal is put into raw mode. */
void relay_begin(struct relay *r);
/* Carries bytes until `other` is readable: 0.  Positive: a signal that asks us to end.  -EPIPE: our
 * own output is closed.  -ECANCELED: the keys that detach. */
int relay_run(struct relay *r, int other);
/* What the command had written when it ended. */
void relay_drain(struct relay *r);
void relay_close(struct relay *r);

#endif
