#include "base/successor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/paths.h"

enum { FD_LIMIT = 1 << 20, TEXT_ROOM = 16 * (SUCCESSOR_CONNECTIONS + 2), NOT_EXECUTED = 127 };

/* the words of the command line, and the room they stand in */
struct command {
    char ready[32], heritage[TEXT_ROOM];
    char *argv[5];
};

static int close_on_exec(int fd, bool on)
{
    return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int successor_inherit(const char *text, struct heritage *out, struct err *e)
{
    auto_free char *copy = strdup(text);
    struct heritage h = HERITAGE_NONE;
    char *rest = copy, *word;
    size_t n = 0;

    for (; (word = strsep(&rest, ",")); n++) {
        uint64_t fd = 0;

        if (n == 1 && strcmp(word, "-") == 0)
            continue;
        if (n >= SUCCESSOR_CONNECTIONS + 2 || num_u64(word, FD_LIMIT, &fd) < 0 ||
            close_on_exec((int) fd, true) < 0)
            return err_set(e, -EINVAL, "--heritage: '%s' is no descriptor that is open", word);
        if (n == 0)
            h.lock = (int) fd;
        else if (n == 1)
            h.listener = (int) fd;
        else
            h.connections[h.n_connections++] = (int) fd;
    }
    if (n < 2)
        return err_set(e, -EINVAL, "--heritage needs a lock and a listening socket");
    *out = h;
    /* one that came back is called "exe" */
    return prctl(PR_SET_NAME, program_invocation_short_name) < 0 ? err_set(e, -errno, "prctl") : 0;
}

static void compose(struct command *c, const char *name, const struct heritage *h, bool exit_idle,
                    int ready)
{
    int used =
        h->listener >= 0
            ? snprintf(c->heritage, sizeof c->heritage, "--heritage=%d,%d", h->lock, h->listener)
            : snprintf(c->heritage, sizeof c->heritage, "--heritage=%d,-", h->lock);
    size_t n = 0;

    for (size_t i = 0; i < h->n_connections; i++)
        used += snprintf(c->heritage + used, sizeof c->heritage - (size_t) used, ",%d",
                         h->connections[i]);
    c->argv[n++] = (char *) (size_t) name;
    c->argv[n++] = c->heritage;
    if (exit_idle)
        c->argv[n++] = (char *) (size_t) "--exit-idle";
    if (ready >= 0) {
        (void) snprintf(c->ready, sizeof c->ready, "--ready-fd=%d", ready);
        c->argv[n++] = c->ready;
    }
    c->argv[n] = NULL;
}

/* of a process that is about to become another program: what passes on stays open */
static void keep_heritage(const struct heritage *h)
{
    sigset_t none;

    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    (void) close_on_exec(h->lock, false);
    (void) close_on_exec(h->listener, false);
    for (size_t i = 0; i < h->n_connections; i++)
        (void) close_on_exec(h->connections[i], false);
}

/* the first word of the new program: 0; -EPIPE: it closed its end, -ETIMEDOUT */
static int await(int pipe)
{
    uint64_t end = clock_now_us() + SUCCESSOR_PATIENCE_US, now;
    struct pollfd p = { .fd = pipe, .events = POLLIN };
    char byte;

    while ((now = clock_now_us()) < end) {
        int r = poll(&p, 1, (int) ((end - now) / USEC_PER_MSEC) + 1);

        if (r > 0)
            return read(pipe, &byte, 1) == 1 ? 0 : -EPIPE;
        if (r < 0 && errno != EINTR)
            break;
    }
    return -ETIMEDOUT;
}

/* ends it if it has not ended */
static int say_why(const char *path, pid_t pid, int silence, struct err *e)
{
    int status = 0;

    (void) kill(pid, SIGKILL); /* one that ends already keeps its own status */
    (void) waitpid(pid, &status, 0);
    if (silence == -ETIMEDOUT) {
        err_set(e, -ETIMEDOUT, "%s did not get ready within %d s", path,
                (int) (SUCCESSOR_PATIENCE_US / USEC_PER_SEC));
    } else if (WIFSIGNALED(status)) {
        err_set(e, -ECHILD, "%s was killed by signal %d before it was ready", path,
                WTERMSIG(status));
    } else if (WEXITSTATUS(status) == NOT_EXECUTED) {
        err_set(e, -ENOEXEC, "%s cannot be executed", path);
    } else {
        err_set(e, -ECHILD, "%s ended with status %d before it was ready", path,
                WEXITSTATUS(status));
    }
    return err_hint(e, "the old program goes on; install one that works, then: ipam-orch daemon "
                       "reexec");
}

/* before the caller ends: the service manager must not take it for the end of the unit */
static void tell_service_manager(pid_t pid)
{
    if (sd_notifyf(0, "MAINPID=%d", (int) pid) > 0)
        (void) sd_notify_barrier(0, SUCCESSOR_PATIENCE_US);
}

int successor_start(const char *name, const struct heritage *h, bool exit_idle, pid_t *pid,
                    struct err *e)
{
    auto_free char *path = paths_join("%s/%s", paths_lib(), name);
    struct command c;
    int ready[2], r;
    pid_t child;

    if (access(path, X_OK) < 0) {
        err_set(e, -errno, "%s: %s", path, strerror(errno));
        return err_hint(e, "reinstall the package ipam-orch");
    }
    if (pipe2(ready, O_CLOEXEC) < 0)
        return err_set(e, -errno, "pipe: %s", strerror(errno));
    auto_fd read_end = ready[0];
    auto_fd write_end = ready[1];
    compose(&c, name, h, exit_idle, ready[1]);
    child = fork();
    if (child == 0) {
        keep_heritage(h);
        (void) close_on_exec(ready[1], false);
        (void) execv(path, c.argv);
        _exit(NOT_EXECUTED);
    }
    if (child < 0)
        return err_set(e, -errno, "starting %s: %s", path, strerror(errno));
    close(take_fd(&write_end));
    r = await(read_end);
    if (r < 0)
        return say_why(path, child, r, e);
    tell_service_manager(child);
    *pid = child;
    return 0;
}

void successor_leave(void)
{
    _exit(EXIT_SUCCESS);
}

void successor_come_back(const char *name, const struct heritage *h, const char *socket,
                         bool exit_idle)
{
    struct heritage mine = *h;
    struct command c;

    /* the program that failed may have tidied up behind itself */
    if (access(socket, F_OK) < 0)
        mine.listener = -1;
    compose(&c, name, &mine, exit_idle, -1);
    keep_heritage(&mine);
    (void) execv("/proc/self/exe", c.argv);
    _exit(EXIT_FAILURE); /* the service manager, or the next command, starts what is installed */
}
