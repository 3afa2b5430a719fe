#include "sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdpass.h"
#include "base/paths.h"
#include "sandbox/failpoint.h"
#include "sandbox/handover.h"
#include "sandbox/nspaces.h"

/* So long without an order, then the next network namespace is made. */
enum { QUIET_MS = 20 };

#define NAME             "ipam-zygote"
#define NAME_OF_CHILDREN "ipam-init"

/* with the socket of the new process, its control group if it has one, and whose namespaces to
 * enter */
struct order {
    uint64_t namespaces;
    bool joining, has_cgroup;
    uint32_t n_enter;
    int enter[ZYGOTE_ENTERED];
};

/* with the pidfd of the new process, unless it is an error */
struct born {
    pid_t pid;
    int error;
};

/* ---- in the broker ---- */

static int open_image(struct err *e)
{
    auto_free char *path = paths_join("%s/ipam-init", paths_lib());
    int fd = open(path, O_PATH | O_CLOEXEC);

    return fd < 0 ? err_set(e, -errno, "%s: %s", path, strerror(errno)) : fd;
}

/* the child of fork does two things and no third */
static _Noreturn void become_zygote(int image, int socket)
{
    char name[] = NAME_OF_CHILDREN;
    char *argv[] = { name, NULL };
    char *env[] = { NULL };

    if (socket == HANDOVER_SOCKET ? fcntl(socket, F_SETFD, 0) == 0
                                  : dup3(socket, HANDOVER_SOCKET, 0) == HANDOVER_SOCKET)
        (void) syscall(SYS_execveat, image, "", argv, FAILPOINT_ENVIRON(env), AT_EMPTY_PATH);
    _exit(127);
}

int zygote_start(struct zygote *z, struct err *e)
{
    auto_fd image = open_image(e);
    int pair[2];
    pid_t pid;

    if (image < 0)
        return image;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set(e, -errno, "socket for init: %s", strerror(errno));
    auto_fd ours = pair[0], theirs = pair[1];
    pid = fork();
    if (pid < 0)
        return err_set(e, -errno, "fork: %s", strerror(errno));
    if (pid == 0)
        become_zygote(image, theirs);
    *z = (struct zygote){ .pid = pid, .socket = take_fd(&ours) };
    return 0;
}

void zygote_end(struct zygote *z)
{
    if (z->pid == 0)
        return;
    close(z->socket);
    (void) kill(z->pid, SIGKILL);
    (void) waitpid(z->pid, NULL, 0);
    *z = (struct zygote){ 0 };
}

/* -ECONNRESET when nobody is there */
static int ask(const struct zygote *z, const struct order *o, const int *fds, size_t n,
               struct born *b, int *pidfd)
{
    int got[FDPASS_MAX], r;
    size_t n_got = 0;
    ssize_t len;

    r = fdpass_send(z->socket, o, sizeof *o, fds, n);
    if (r < 0)
        return -ECONNRESET;
    len = fdpass_recv(z->socket, b, sizeof *b, got, &n_got);
    if (len != sizeof *b || n_got != (b->error == 0)) {
        fdpass_close(got, n_got);
        return -ECONNRESET;
    }
    *pidfd = n_got ? got[0] : -1;
    return 0;
}

/* -ECONNRESET: it may have forked before it was killed, and what it forked ends with the socket */
static int fork_once(const struct zygote *z, const struct zygote_wish *wish, struct launched *out)
{
    struct order o = { .namespaces = wish->namespaces,
                       .joining = wish->joining,
                       .has_cgroup = wish->cgroup >= 0,
                       .n_enter = (uint32_t) wish->n_enter };
    int pair[2], fds[2 + ZYGOTE_ENTERED], pidfd = -1, r;
    struct born b = { 0 };
    size_t n = 0;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    auto_fd ours = pair[0], theirs = pair[1];
    fds[n++] = theirs;
    if (o.has_cgroup)
        fds[n++] = wish->cgroup;
    for (size_t i = 0; i < wish->n_enter; i++) {
        o.enter[i] = wish->enter[i].which;
        fds[n++] = wish->enter[i].whose;
    }
    r = ask(z, &o, fds, n, &b, &pidfd);
    if (r < 0 || b.error != 0)
        return r < 0 ? r : -b.error;
    *out = (struct launched){ .pid = b.pid, .pidfd = pidfd, .socket = take_fd(&ours) };
    return 0;
}

int zygote_fork(struct zygote *z, const struct zygote_wish *wish, struct launched *out,
                struct err *e)
{
    int r = -ECONNRESET;

    for (int tries = 0; tries < 2 && r == -ECONNRESET; tries++) {
        if (tries > 0)
            zygote_end(z); /* somebody has killed it */
        if (z->pid == 0 && (r = zygote_start(z, e)) < 0)
            return r;
        r = fork_once(z, wish, out);
    }
    return r < 0 ? err_set(e, r, "a new process of ipam-init: %s", strerror(-r)) : 0;
}

/* ---- in the process that is forked from ---- */

/* A new network namespace takes the kernel longer than all others together: the next one is made
 * when nobody waits for it. */
struct networks {
    int home;  /* the broker's */
    int spare; /* nobody's yet; -1: there is none */
};

static int loopback_up(void)
{
    auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

    return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

static void make_spare(struct networks *n)
{
    if (unshare(CLONE_NEWNET) < 0)
        return;
    if (loopback_up() == 0)
        n->spare = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (setns(n->home, CLONE_NEWNET) < 0)
        abort(); /* what is forked would be in another's network */
}

/* Launches that follow each other at once would only wait for the same locks of the kernel. */
static void wait_for_order(struct networks *n)
{
    struct pollfd p = { .fd = HANDOVER_SOCKET, .events = POLLIN };

    if (n->spare < 0 && poll(&p, 1, QUIET_MS) == 0)
        make_spare(n);
}

/* where the new process is to be born; *flags loses what is there already */
static int enter(const struct networks *n, const struct order *o, const int *whose, uint64_t *flags,
                 struct nspaces *home)
{
    int r = 0;

    for (uint32_t i = 0; i < o->n_enter && r == 0; i++)
        r = nspaces_enter(whose[i], o->enter[i], home);
    if (r < 0 || !(o->namespaces & CLONE_NEWNET) || n->spare < 0)
        return r;
    *flags &= ~(uint64_t) CLONE_NEWNET;
    return nspaces_enter(n->spare, CLONE_NEWNET, home);
}

/* 0 in the new process, which holds nothing but its socket */
static int bear(const struct networks *n, const struct order *o, const int *fds, struct born *b,
                int *pidfd)
{
    struct clone_args args = { .flags = CLONE_PARENT | CLONE_PIDFD | o->namespaces,
                               .pidfd = (uintptr_t) pidfd };
    struct nspaces home = NSPACES_NONE;
    uint64_t flags = args.flags;
    int r = enter(n, o, fds + 1 + o->has_cgroup, &flags, &home);
    long pid = -1;

    args.flags = flags;
    if (o->has_cgroup) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t) fds[1];
    }
    if (r == 0)
        pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        (void) prctl(PR_SET_NAME, NAME_OF_CHILDREN);
        if (((args.flags & CLONE_NEWNET) && loopback_up() < 0) ||
            dup3(fds[0], HANDOVER_SOCKET, O_CLOEXEC) < 0 ||
            close_range(HANDOVER_SOCKET + 1, UINT_MAX, 0) < 0)
            _exit(127);
        return 0;
    }
    *b = (struct born){ .pid = (pid_t) pid, .error = r < 0 ? -r : pid < 0 ? errno : 0 };
    nspaces_leave(&home);
    return 1;
}

int zygote_run(int (*become)(bool joining))
{
    struct networks networks = { .home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
                                 .spare = -1 };

    (void) fcntl(HANDOVER_SOCKET, F_SETFD, FD_CLOEXEC); /* it came through execve */
    (void) prctl(PR_SET_NAME, NAME);
    for (;;) {
        int fds[FDPASS_MAX], pidfd = -1;
        struct born b = { .error = EBADMSG };
        struct order o;
        size_t n = 0;
        ssize_t len;

        wait_for_order(&networks);
        len = fdpass_recv(HANDOVER_SOCKET, &o, sizeof o, fds, &n);
        if (len <= 0) /* the broker is gone */
            return 0;
        if (len == sizeof o && o.n_enter <= ZYGOTE_ENTERED && n == 1u + o.has_cgroup + o.n_enter &&
            bear(&networks, &o, fds, &b, &pidfd) == 0)
            return become(o.joining);
        (void) fdpass_send(HANDOVER_SOCKET, &b, sizeof b, &pidfd, b.error == 0);
        if (pidfd >= 0)
            close(pidfd);
        fdpass_close(fds, n);
        if (o.namespaces & CLONE_NEWNET && networks.spare >= 0)
            close(take_fd(&networks.spare)); /* it has it */
    }
}
