#include "sandbox/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fdpass.h"
#include "base/fsio.h"
#include "sandbox/handover.h"
#include "sandbox/program.h"

/* what is received moves clear of the streams of the program */
enum { ABOVE_STREAMS = 64 };

static const int all_namespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

static int report(enum report_kind kind, enum stage stage, int error, int status)
{
    struct report r = {
        .kind = kind, .stage = stage, .error = error, .status = status, .time_us = clock_wall_us()
    };

    (void) fdpass_send(HANDOVER_SOCKET, &r, sizeof r, NULL, 0);
    return kind == REPORT_ENDED ? 0 : 1;
}

static int read_setup(int fd, char **text, struct program *p, int *namespaces)
{
    struct setup_reader reader;
    struct setup_op op;
    size_t len = 0;
    int r = fsio_read_fd(fd, SETUP_TEXT_MAX, text, &len);

    if (r < 0 || (r = setup_read_begin(&reader, *text, len)) < 0)
        return r;
    while ((r = setup_read(&reader, &op)) > 0) {
        if (op.code == SETUP_JOIN) {
            *namespaces = strcmp(op.arg[0], "net") == 0 ? CLONE_NEWNET : all_namespaces;
            /* whoever asked hears of it through the broker: without that nobody could end it */
            if (strcmp(op.arg[0], "all") == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                return -errno;
        } else if ((r = program_take(p, &op)) < 0) {
            return r;
        }
    }
    return r;
}

static int watch(pid_t pid)
{
    int status = 0;
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGCHLD);
    (void) sigaddset(&set, SIGTERM);
    for (;;) {
        int signo = sigwaitinfo(&set, NULL);

        /* the command made itself the leader of a session and thereby of a process group */
        if (signo == SIGTERM)
            (void) kill(-pid, SIGKILL);
        if (signo == SIGCHLD && waitpid(pid, &status, WNOHANG) == pid)
            break;
    }
    (void) kill(-pid, SIGKILL); /* what it left in the background */
    return report(REPORT_ENDED, STAGE_NONE, 0, status);
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
    size_t n = 0;
    sigset_t all;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, NULL);
    r = handover_receive(HANDOVER_SOCKET, fds, &n, &entered);
    if (r == 0)
        r = n < JOIN_USERS || n > JOIN_USERS + 1 ? -EBADMSG : raise_fds(fds, n);
    if (r == 0)
        r = read_setup(fds[JOIN_SETUP], &text, &p, &namespaces);
    if (r == 0 && p.own_users && n == JOIN_USERS)
        r = -EBADMSG;
    if (r < 0)
        return report(REPORT_FAILED, STAGE_RECEIVE, -r, 0);
    if (entered < 0)
        return report(REPORT_FAILED, STAGE_GROUP, -entered, 0);
    if (namespaces == 0 || setns(fds[JOIN_PIDFD], namespaces) < 0)
        return report(REPORT_FAILED, STAGE_NAMESPACE, namespaces ? errno : EINVAL, 0);
    struct program_start how = { .std = { fds[JOIN_STDIN], fds[JOIN_STDOUT], fds[JOIN_STDERR] },
                                 .users = p.own_users ? fds[JOIN_USERS] : -1,
                                 .floor = fds[JOIN_FLOOR],
                                 .filter = fds[JOIN_FILTER] };
    pid_t pid = program_start(&p, &how, &stage);
    if (pid < 0)
        return report(REPORT_FAILED, stage, -pid, 0);
    (void) report(REPORT_STARTED, STAGE_NONE, 0, 0);
    return watch(pid);
}
