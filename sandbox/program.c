#include "sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"
#include "sandbox/creds.h"
#include "sandbox/failpoint.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/rlimits.h"

/* the report pipe must not be where a passed descriptor goes */
enum { ABOVE_PASSED = 600, FDS_SEALED = 1024, STRINGS_STEP = 64 };

struct failure {
    int error;
    enum stage stage;
};

/* two places behind the last stay NULL: the end, and room for add_pid() */
static int append(char ***list, size_t *n, const char *s)
{
    if (*n + 2 >= PROGRAM_STRINGS_MAX)
        return -E2BIG;
    if (*n % STRINGS_STEP == 0) {
        char **more = reallocarray(*list, *n + STRINGS_STEP + 2, sizeof *more);

        if (!more)
            return -ENOMEM;
        *list = more;
    }
    (*list)[*n] = (char *) (uintptr_t) s; /* execve(2) wants char *, and does not write */
    (*list)[++*n] = NULL;
    (*list)[*n + 1] = NULL;
    return 0;
}

static int take_group(struct program *p, const char *text)
{
    uint64_t gid = 0;

    if (p->n_groups == PROGRAM_GROUPS_MAX || num_u64(text, UINT32_MAX - 1, &gid) < 0 || gid == 0)
        return -EINVAL;
    p->groups[p->n_groups++] = (gid_t) gid;
    return 0;
}

static int take_ulimit(struct program *p, const struct setup_op *op)
{
    struct rlimits_one one = { .resource = rlimits_resource(op->arg[0]) };

    if (one.resource < 0 || p->limits.n == ARRAY_LEN(p->limits.one) ||
        num_u64(op->arg[1], INT64_MAX, &one.soft) < 0 ||
        num_u64(op->arg[2], INT64_MAX, &one.hard) < 0)
        return -EINVAL;
    p->limits.one[p->limits.n++] = one;
    return 0;
}

int program_take(struct program *p, const struct setup_op *op)
{
    uint64_t uid = 0, gid = 0;

    switch ((int) op->code) {
    case SETUP_USER:
        if (num_u64(op->arg[0], UINT32_MAX - 1, &uid) < 0 ||
            num_u64(op->arg[1], UINT32_MAX - 1, &gid) < 0 || uid == 0 || gid == 0)
            return -EINVAL;
        p->uid = (uid_t) uid;
        p->gid = (gid_t) gid;
        p->n_groups = 0;
        return take_group(p, op->arg[1]);
    case SETUP_NOFILE: return num_u64(op->arg[0], UINT32_MAX, &p->limits.nofile);
    case SETUP_GROUP: return take_group(p, op->arg[0]);
    case SETUP_ULIMIT: return take_ulimit(p, op);
    case SETUP_FENCE:
        p->fenced = true;
        p->host_network = strcmp(op->arg[0], "host") == 0;
        return 0;
    case SETUP_LOG: p->log_denied = true; return 0;
    case SETUP_USERS: p->own_users = true; return 0;
    case SETUP_CAPS: return num_u64(op->arg[0], UINT64_MAX, &p->capabilities);
    case SETUP_APPARMOR: p->apparmor = op->arg[0]; return 0;
    case SETUP_OOM: p->oom_score_adj = op->arg[0]; return 0;
    case SETUP_WORKDIR: p->workdir = op->arg[0]; return 0;
    case SETUP_ARG: return append(&p->argv, &p->n_argv, op->arg[0]);
    case SETUP_ENV: return append(&p->env, &p->n_env, op->arg[0]);
    case SETUP_PROGRAM: p->host_path = op->arg[0]; return 0;
    case SETUP_HOLD: p->hold = true; return 0;
    case SETUP_CONNECT: p->connect = op->arg[0]; return 0;
    default: return -EINVAL;
    }
}

void program_clear(struct program *p)
{
    free(p->argv);
    free(p->env);
    *p = (struct program){ 0 };
}

static int move_streams(const struct program_start *how)
{
    /* none of the sources is below 3, so no move overwrites one that is still needed */
    for (int i = 0; i < 3; i++)
        if (dup2(how->std[i], i) < 0)
            return -errno;
    for (size_t i = 0; i < how->n_pass; i++)
        if (dup2(how->pass[i], 3 + (int) i) < 0)
            return -errno;
    return 0;
}

/* Whatever a forgetful caller left open ends here; 0, 1, 2 and the passed ones go on. */
static void seal_others(unsigned first)
{
    if (close_range(first, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (int fd = (int) first; fd < FDS_SEALED; fd++) /* before Linux 5.11 */
        (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void default_signals(void)
{
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void) signal(s, SIG_DFL);
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* what only the process itself knows; there is room, see append() */
static void add_pid(const struct program *p)
{
    static char text[32];

    if (!p->env)
        return;
    (void) snprintf(text, sizeof text, "LISTEN_PID=%d", (int) getpid());
    p->env[p->n_env] = text;
}

/* After the ids were changed, which makes the kernel forget it; execve(2) does not. */
static int end_with(int parent)
{
    struct pollfd p = { .fd = parent };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -errno;
    return poll(&p, 1, 0) > 0 ? -ECONNRESET : 0; /* it had ended before */
}

static _Noreturn void hold(void)
{
    (void) close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    for (;;)
        (void) pause();
}

static int execute(const struct program *p, int image)
{
    static char *no_env[] = { NULL };

    environ = p->env ? p->env : no_env;
    if (image >= 0)
        (void) fexecve(image, p->argv, environ);
    else
        (void) execvp(p->argv[0], p->argv); /* looks into PATH of the new environment */
    return -errno;
}

/* With the service's ids, root and fence, but before its filter: what is asked is whether others
 * are served, not what its own program may call.  0 means yes. */
static _Noreturn void ask(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd, r = 0;

    /* whoever waits for the execution waits no longer */
    (void) close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    (void) snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *) &at, sizeof at) < 0)
        r = errno;
    if (r != 0)
        (void) dprintf(STDOUT_FILENO, "%s: %s\n", path,
                       r == EPROTOTYPE ? "it is no stream socket" : strerror(r));
    _exit(r != 0);
}

/* in order */
int program_become(const struct program *p, const struct program_start *how, enum stage *stage)
{
    auto_fd image = p->host_path ? open(p->host_path, O_PATH | O_CLOEXEC) : -1;
    int r;

    *stage = STAGE_FORK;
    if ((p->n_argv == 0 && !p->connect && !p->hold) || p->uid == 0)
        return -EINVAL;
    *stage = STAGE_EXEC;
    if (p->host_path && image < 0)
        return -errno;
    FAILPOINT(PROGRAM_FORKED);
    *stage = STAGE_STREAMS;
    (void) setsid();
    (void) umask(022);
    default_signals();
    if ((r = move_streams(how)) < 0)
        return r;
    if (isatty(STDIN_FILENO)) /* setsid(2) has left it without one */
        (void) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    seal_others((unsigned) (3 + how->n_pass));
    *stage = STAGE_RLIMITS;
    if ((r = rlimits_apply(&p->limits)) < 0)
        return r;
    if (p->oom_score_adj &&
        (r = fsio_write_pseudo(AT_FDCWD, "/proc/self/oom_score_adj", p->oom_score_adj)) < 0)
        return r;
    /* The kernel changes it in execve(2).  Said before the fence: then /proc is read-only.  Leaving
     * `unconfined` is allowed with no-new-privileges too. */
    *stage = STAGE_APPARMOR;
    if (p->apparmor &&
        (r = fsio_write_pseudo(AT_FDCWD, "/proc/self/attr/apparmor/exec", p->apparmor)) < 0)
        return r;
    *stage = STAGE_LANDLOCK;
    auto_fd fence = p->fenced ? landlock_prepare(p->host_network) : -ENOSYS;
    if (fence < 0 && fence != -ENOSYS)
        return fence;
    *stage = STAGE_NAMESPACE;
    if (how->users >= 0 && setns(how->users, CLONE_NEWUSER) < 0)
        return -errno;
    *stage = STAGE_IDS;
    if ((r = creds_become(p->uid, p->groups, p->n_groups, p->capabilities)) < 0)
        return r;
    if (how->parent >= 0 && (r = end_with(how->parent)) < 0)
        return r;
    *stage = STAGE_WORKDIR;
    if (chdir(p->workdir && p->workdir[0] ? p->workdir : "/") < 0)
        return -errno;
    *stage = STAGE_LANDLOCK;
    if ((r = landlock_enter(fence)) < 0)
        return r;
    if (p->connect)
        ask(p->connect);
    *stage = STAGE_SECCOMP;
    if ((r = filter_load(how->filter, p->log_denied)) < 0)
        return r;
    *stage = STAGE_EXEC;
    if (p->hold)
        hold();
    if (how->listening)
        add_pid(p);
    return execute(p, image);
}

int program_start(const struct program *p, const struct program_start *how, enum stage *stage)
{
    struct failure f = { 0 };
    int fd[2];

    *stage = STAGE_FORK;
    if (pipe2(fd, O_CLOEXEC) < 0)
        return -errno;
    auto_fd rd = fd[0], wr = fcntl(fd[1], F_DUPFD_CLOEXEC, ABOVE_PASSED);
    close(fd[1]);
    if (wr < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        f.error = -program_become(p, how, &f.stage);
        (void) !write(wr, &f, sizeof f);
        _exit(127);
    }
    close(take_fd(&wr));
    ssize_t got = read(rd, &f, sizeof f); /* the end of the pipe: it was closed by execve */
    if (got == 0)
        return pid;
    (void) waitpid(pid, NULL, 0);
    *stage = got == sizeof f ? f.stage : STAGE_FORK;
    return got == sizeof f ? -f.error : -EIO;
}
