#include "sandbox/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "sandbox/handover.h"
#include "sandbox/program.h"

/* what is received moves clear of the streams of the program */
enum { ABOVE_STREAMS = 64 };

/* the process was born in that of processes */
static const int other_namespaces =
    CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/* by write(2), which a filter that is loaded already refuses last */
static int fail(enum stage stage, int error)
{
    struct report r = {
        .kind = REPORT_FAILED, .stage = stage, .error = error, .time_us = clock_wall_us()
    };

    (void) !write(HANDOVER_SOCKET, &r, sizeof r);
    return 1;
}

static int read_setup(int fd, char **text, struct program *p, int *namespaces, bool *tied)
{
    struct setup_reader reader;
    struct setup_op op;
    size_t len = 0;
    int r = fsio_read_fd(fd, SETUP_TEXT_MAX, text, &len);

    if (r < 0 || (r = setup_read_begin(&reader, *text, len)) < 0)
        return r;
    while ((r = setup_read(&reader, &op)) > 0) {
        if (op.code == SETUP_JOIN) {
            *namespaces = strcmp(op.arg[0], "net") == 0 ? CLONE_NEWNET : other_namespaces;
            /* whoever asked hears of it through the broker: without that nobody could end it */
            *tied = strcmp(op.arg[0], "detached") != 0;
        } else if ((r = program_take(p, &op)) < 0) {
            return r;
        }
    }
    return r;
}

static int raise_fds(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = fcntl(fds[i], F_DUPFD_CLOEXEC, ABOVE_STREAMS);

        if (high < 0)
            return -errno;
        close(fds[i]);
        fds[i] = high;
    }
    return 0;
}

int enter_run(void)
{
    auto_free char *text = NULL;
    struct program p = { 0 };
    enum stage stage = STAGE_NONE;
    int fds[HANDOVER_FDS_MAX], namespaces = 0, entered = 0, r;
    bool tied = true;
    size_t n = 0;
    sigset_t all;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, NULL);
    r = handover_receive(HANDOVER_SOCKET, fds, &n, &entered);
    if (r == 0)
        r = n < JOIN_USERS || n > JOIN_USERS + 1 ? -EBADMSG : raise_fds(fds, n);
    if (r == 0)
        r = read_setup(fds[JOIN_SETUP], &text, &p, &namespaces, &tied);
    if (r == 0 && p.own_users && n == JOIN_USERS)
        r = -EBADMSG;
    if (r < 0)
        return fail(STAGE_RECEIVE, -r);
    if (entered < 0)
        return fail(STAGE_GROUP, -entered);
    if (namespaces == 0 || setns(fds[JOIN_PIDFD], namespaces) < 0)
        return fail(STAGE_NAMESPACE, namespaces ? errno : EINVAL);
    struct program_start how = { .std = { fds[JOIN_STDIN], fds[JOIN_STDOUT], fds[JOIN_STDERR] },
                                 .users = p.own_users ? fds[JOIN_USERS] : -1,
                                 .filter = fds[JOIN_FILTER],
                                 .parent = tied ? HANDOVER_SOCKET : -1 };
    r = program_become(&p, &how, &stage);
    return fail(stage, -r);
}
