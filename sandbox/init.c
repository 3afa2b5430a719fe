#include "sandbox/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/securebits.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdpass.h"
#include "base/fsio.h"
#include "base/num.h"
#include "sandbox/creds.h"
#include "sandbox/failpoint.h"
#include "sandbox/filter.h"
#include "sandbox/handover.h"
#include "sandbox/listener.h"
#include "sandbox/mounts.h"
#include "sandbox/pre_start.h"
#include "sandbox/program.h"
#include "sandbox/setup.h"
#include "sandbox/stages.h"
#include "sandbox/terminal.h"
#include "sandbox/users.h"

enum { STACK_USED = 256 * 1024 }; /* by setting up, at most */

struct init {
    int fds[HANDOVER_FDS_MAX];
    size_t n_fds;
    int streams[HANDOVER_STREAM_FDS];
    char *text; /* of the setup; strings of `program` point into it */
    size_t text_len;
    struct mounts mounts;
    struct program program;
    struct pre_start pre_start;
    int sockets[HANDOVER_LISTEN_FDS]; /* that the program is handed */
    size_t n_sockets, n_held;
    bool stdin_open;
    struct terminal terminal;
    struct users users;
    pid_t pid;
    bool told; /* "go" was said */
};

static void send_report(const struct init *i, const struct report *r)
{
    /* the record first: who hears the message may look there */
    if (i->n_fds > HANDOVER_RECORD)
        (void) !pwrite(i->fds[HANDOVER_RECORD], r, sizeof *r, 0);
    (void) fdpass_send(HANDOVER_SOCKET, r, sizeof *r, NULL, 0);
}

static void report(const struct init *i, enum report_kind kind, enum stage stage, int error,
                   int status)
{
    struct report r = { .kind = kind,
                        .stage = stage,
                        .error = error,
                        .pid = i->pid,
                        .status = status,
                        .time_us = clock_wall_us() };

    send_report(i, &r);
}

/* All that the program has left behind are children of init now. */
static void report_end(const struct init *i, int status)
{
    struct report r = { .kind = REPORT_ENDED,
                        .pid = i->pid,
                        .status = status,
                        .alone = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
                        .time_us = clock_wall_us() };

    send_report(i, &r);
}

/* The end of an instance whose set-up failed; its log says what the 32 bytes cannot. */
static int give_up(const struct init *i, enum stage stage, int code, const char *detail)
{
    int log = i->streams[STREAM_ERR * STREAM_ENDS + STREAM_SOURCE_WRITE];

    if (log >= 0)
        (void) dprintf(log, "ipam-init: %s: %s\n", stages_text(stage),
                       detail[0] ? detail : strerror(-code));
    report(i, REPORT_FAILED, stage, i->pre_start.status ? 0 : -code, i->pre_start.status);
    return 1;
}

/* Puts the log pipes where a later broker looks for them. */
static int keep_streams(struct init *i)
{
    for (int s = 0; s < HANDOVER_STREAM_FDS; s++) {
        int kept = HANDOVER_STREAMS_KEPT + s;

        i->streams[s] = dup3(i->fds[HANDOVER_STREAMS + s], kept, O_CLOEXEC);
        if (i->streams[s] < 0)
            return -errno;
        close(take_fd(&i->fds[HANDOVER_STREAMS + s]));
    }
    return 0;
}

static int receive(struct init *i, int *entered)
{
    int r = handover_receive(HANDOVER_SOCKET, i->fds, &i->n_fds, entered);

    if (r < 0)
        return r;
    if (i->n_fds < HANDOVER_TREES)
        return -EBADMSG;
    /* clear the numbers the streams are kept at: nothing received may be lost there */
    for (size_t n = 0; n < i->n_fds; n++) {
        int high = fcntl(i->fds[n], F_DUPFD_CLOEXEC, HANDOVER_KEPT_END);

        if (high < 0)
            return -errno;
        close(i->fds[n]);
        i->fds[n] = high;
    }
    r = keep_streams(i);
    return r < 0 ? r : fsio_read_fd(i->fds[HANDOVER_SETUP], SETUP_TEXT_MAX, &i->text, &i->text_len);
}

static enum stage stage_of(enum setup_code code)
{
    switch (code) {
    case SETUP_HOSTNAME:
    case SETUP_DOMAIN: return STAGE_HOSTNAME;
    case SETUP_CGROUP: return STAGE_NAMESPACE;
    case SETUP_LOW_PORTS:
    case SETUP_SYSCTL: return STAGE_SYSCTL;
    case SETUP_ROOT: return STAGE_ROOT;
    case SETUP_PIVOT: return STAGE_PIVOT;
    case SETUP_TEXT:
    case SETUP_NOTIFY:
    case SETUP_FILE: return STAGE_FILES;
    case SETUP_DIR:
    case SETUP_LINK:
    case SETUP_BIND:
    case SETUP_TMPFS:
    case SETUP_PROC:
    case SETUP_DEV:
    case SETUP_SHM:
    case SETUP_NODE:
    case SETUP_TTY:
    case SETUP_DEV_DONE: return STAGE_MOUNTS;
    case SETUP_USER:
    case SETUP_NOFILE:
    case SETUP_GROUP:
    case SETUP_ULIMIT:
    case SETUP_OOM:
    case SETUP_FENCE:
    case SETUP_STDIN:
    case SETUP_LOG:
    case SETUP_CAPS:
    case SETUP_APPARMOR:
    case SETUP_WORKDIR:
    case SETUP_ARG:
    case SETUP_ENV:
    case SETUP_PROGRAM:
    case SETUP_CONNECT:
    case SETUP_HOOK:
    case SETUP_LISTEN:
    case SETUP_HOLD:
    case SETUP_SOCKET:
    case SETUP_JOIN:
    case SETUP_USERS:
    case SETUP_COUNT: break;
    }
    return STAGE_RECEIVE;
}

/* of the namespaces that init is in: the kernel looks at who opens the file */
static int set_sysctl(const char *name, const char *value, struct err *e)
{
    char path[PATH_MAX];
    int r;

    if (snprintf(path, sizeof path, "/proc/sys/%s", name) >= PATH_MAX)
        return err_set(e, -ENAMETOOLONG, "%s: %s", name, strerror(ENAMETOOLONG));
    for (char *dot = strchr(path, '.'); dot; dot = strchr(dot, '.'))
        *dot = '/';
    r = fsio_write_pseudo(AT_FDCWD, path, value);
    return r < 0 ? err_set(e, r, "%s=%s: %s", name, value, strerror(-r)) : 0;
}

/* What init makes from here on belongs to root inside, also on mounts that show ids of the disk:
 * there the host's root has no id.  All else is still done with the rights of the host's root. */
static int take_users(struct init *i, const struct setup_op *op)
{
    uint64_t tree = 0, first = 0;

    if (num_u64(op->arg[0], HANDOVER_FDS_MAX, &tree) < 0 || tree >= i->mounts.n_trees ||
        num_u64(op->arg[1], UINT32_MAX - USERS_IDS, &first) < 0)
        return -EINVAL;
    i->users.first = (uint32_t) first;
    i->users.fd = dup3(i->mounts.trees[tree], HANDOVER_USERS_KEPT, O_CLOEXEC);
    if (i->users.fd < 0 || prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
        return -errno;
    (void) setfsuid(i->users.first);
    (void) setfsgid(i->users.first);
    return (uid_t) setfsuid((uid_t) -1) == i->users.first &&
                   (gid_t) setfsgid((gid_t) -1) == i->users.first
               ? 0
               : -EPERM;
}

/* the socket goes on listening here whoever else may be killed */
static int keep_notify(const struct init *i, const struct setup_op *op)
{
    uint64_t tree = 0;

    if (num_u64(op->arg[0], HANDOVER_FDS_MAX, &tree) < 0 || tree >= i->mounts.n_trees)
        return -EINVAL;
    return dup3(i->mounts.trees[tree], HANDOVER_NOTIFY_KEPT, O_CLOEXEC) < 0 ? -errno : 0;
}

static int await_go(struct init *i)
{
    int r = i->told ? 0 : handover_receive_go(HANDOVER_SOCKET);

    i->told = r == 0;
    return r;
}

/* Opened when the network is there; a broker finds it where it is kept. */
static int take_listener(struct init *i, const struct setup_op *op, struct err *e)
{
    int r = await_go(i);

    if (r < 0)
        return r;
    if (i->n_held == HANDOVER_LISTEN_FDS)
        return err_set(e, -E2BIG, "more than %d sockets", HANDOVER_LISTEN_FDS);
    auto_fd fd = listener_open(op, e);
    if (fd < 0)
        return fd;
    if (dup3(fd, HANDOVER_LISTEN_KEPT + (int) i->n_held, O_CLOEXEC) < 0)
        return err_set(e, -errno, "a socket: %s", strerror(errno));
    i->n_held++;
    return 0;
}

/* what the last program made of it is not what the next one expects: blocking, as it was made */
static int take_socket(struct init *i, const struct setup_op *op)
{
    uint64_t tree = 0;

    if (num_u64(op->arg[0], HANDOVER_FDS_MAX, &tree) < 0 || tree >= i->mounts.n_trees ||
        i->n_sockets == HANDOVER_LISTEN_FDS)
        return -EINVAL;
    i->sockets[i->n_sockets++] = i->mounts.trees[tree];
    return fcntl(i->mounts.trees[tree], F_SETFL, 0) < 0 ? -errno : 0;
}

/* It has addresses of its own, and the program gets no capability. */
static int open_low_ports(void)
{
    return fsio_write_pseudo(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
}

static int execute(struct init *i, const struct setup_op *op, struct err *e)
{
    int r;

    if (op->code == SETUP_CGROUP)
        return unshare(CLONE_NEWCGROUP) < 0 ? -errno : 0;
    if (op->code == SETUP_LOW_PORTS)
        return open_low_ports();
    if (op->code == SETUP_HOSTNAME || op->code == SETUP_DOMAIN) {
        r = op->code == SETUP_HOSTNAME ? sethostname(op->arg[0], strlen(op->arg[0]))
                                       : setdomainname(op->arg[0], strlen(op->arg[0]));
        return r < 0 ? err_set(e, -errno, "%s: %s", op->arg[0], strerror(errno)) : 0;
    }
    if (op->code == SETUP_SYSCTL && (r = await_go(i)) < 0)
        return r;
    if (op->code == SETUP_SYSCTL)
        return set_sysctl(op->arg[0], op->arg[1], e);
    if (op->code == SETUP_TTY) {
        r = terminal_open(&i->terminal, i->mounts.root);
        return r < 0 ? err_set(e, r, "a terminal: %s", strerror(-r)) : 0;
    }
    if (op->code == SETUP_NOTIFY && (r = keep_notify(i, op)) < 0)
        return err_set(e, r, "notify socket: %s", strerror(-r));
    if (op->code <= SETUP_PIVOT)
        return mounts_apply(&i->mounts, op, e);
    if (op->code == SETUP_USERS) {
        r = take_users(i, op);
        return r < 0 ? err_set(e, r, "user namespace: %s", strerror(-r)) : 0;
    }
    if (op->code == SETUP_LISTEN)
        return take_listener(i, op, e);
    i->stdin_open |= op->code == SETUP_STDIN;
    r = op->code == SETUP_STDIN    ? 0
        : op->code == SETUP_HOOK   ? pre_start_take(&i->pre_start, &i->program, op)
        : op->code == SETUP_SOCKET ? take_socket(i, op)
                                   : program_take(&i->program, op);
    return r < 0 ? err_set(e, r, "an unreadable operation") : 0;
}

static int execute_all(struct init *i, enum stage *stage, struct err *e)
{
    struct setup_reader reader;
    struct setup_op op;
    int r = setup_read_begin(&reader, i->text, i->text_len);

    *stage = STAGE_RECEIVE;
    if (r < 0)
        return err_set(e, r, "this is not a set-up of ipam-orch %s", VERSION);
    while ((r = setup_read(&reader, &op)) > 0) {
        *stage = stage_of(op.code);
        if ((r = execute(i, &op, e)) < 0)
            return r;
    }
    return r < 0 ? err_set(e, r, "an unknown operation") : 0;
}

/* the end that others write to stays here, where a broker finds it */
static int keep_input(int fd)
{
    return dup3(fd, HANDOVER_INPUT_KEPT, O_CLOEXEC) < 0 ? -errno : 0;
}

/* what a program reads: nothing, or what comes only when somebody attaches */
static int open_stdin(const struct init *i)
{
    int fd[2];

    if (!i->stdin_open)
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    if (pipe2(fd, O_CLOEXEC) < 0)
        return -1;
    auto_fd rd = fd[0], wr = fd[1];
    if (keep_input(wr) < 0)
        return -1;
    (void) !fchown(rd, users_outside(&i->users, i->program.uid),
                   users_outside(&i->users, i->program.gid)); /* it may open /dev/stdin */
    return take_fd(&rd);
}

/* std[] of the program; *made is closed by the caller */
static int open_std(struct init *i, int std[3], int *made)
{
    int out = i->streams[STREAM_OUT * STREAM_ENDS + STREAM_SOURCE_WRITE], r = 0;

    if (i->terminal.master < 0) {
        *made = std[0] = open_stdin(i);
        std[1] = out;
        std[2] = i->streams[STREAM_ERR * STREAM_ENDS + STREAM_SOURCE_WRITE];
        return *made < 0 ? -errno : 0;
    }
    std[0] = std[1] = std[2] = i->terminal.slave;
    r = keep_input(i->terminal.master);
    return r < 0 ? r
                 : terminal_begin(&i->terminal, out, users_outside(&i->users, i->program.uid),
                                  users_outside(&i->users, i->program.gid));
}

static int start(struct init *i, enum stage *stage, struct err *e)
{
    auto_fd in = -1;
    struct program_start how = {
        .filter = i->fds[HANDOVER_FILTER],
        .users = i->users.fd,
        .parent = -1,
    };
    int r;

    FAILPOINT(INIT_BUILT);
    *stage = STAGE_FORK;
    if ((r = await_go(i)) < 0)
        return r;
    *stage = STAGE_PRE_START;
    r = pre_start_run(&i->pre_start, how,
                      i->streams[STREAM_OUT * STREAM_ENDS + STREAM_SOURCE_WRITE],
                      i->streams[STREAM_ERR * STREAM_ENDS + STREAM_SOURCE_WRITE], e);
    if (r < 0)
        return r;
    *stage = STAGE_FORK;
    if ((r = open_std(i, how.std, &in)) < 0)
        return err_set(e, r, "stdin: %s", strerror(-r));
    how.pass = i->sockets;
    how.n_pass = i->n_sockets;
    how.listening = i->n_sockets > 0;
    r = program_start(&i->program, &how, stage);
    if (r < 0)
        return err_set(e, r, "%s: %s",
                       *stage == STAGE_WORKDIR ? i->program.workdir
                       : i->program.n_argv     ? i->program.argv[0]
                                               : "no program",
                       strerror(-r));
    i->pid = r;
    return 0;
}

/* It lives as long as the service, and there are many of it: what setting up has used goes back,
 * also pages of the stack below the frame of this function, which must be one of its own and no
 * deeper than it has to be. */
__attribute__((noinline)) static void release_memory(struct init *i)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);
    uintptr_t here = (uintptr_t) __builtin_frame_address(0) / page * page;

    program_clear(&i->program);
    pre_start_clear(&i->pre_start);
    free(take_ptr(i->text));
    (void) malloc_trim(0);
    (void) madvise((void *) (here - page - STACK_USED), STACK_USED, MADV_DONTNEED);
}

/* From here on init is as weak as the program it watches, but for its filter. */
static int drop(struct init *i)
{
    int r;

    if (i->users.fd >= 0 && setns(i->users.fd, CLONE_NEWUSER) < 0)
        return -errno;
    r = creds_become(i->program.uid, &i->program.gid, 1, 0);
    if (r < 0)
        return r;
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return -errno;
    for (size_t n = HANDOVER_TREES; n < i->n_fds; n++)
        close(take_fd(&i->fds[n]));
    return 0;
}

/* true when the main program was among the ended */
static bool reap(pid_t main_pid, int *main_status)
{
    bool ended = false;
    int status = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == main_pid) {
            *main_status = status;
            ended = true;
        }
    }
    return ended;
}

static int watch(struct init *i)
{
    int status = 0;
    sigset_t all;

    (void) sigfillset(&all);
    for (;;) {
        int signo = i->terminal.master < 0 ? sigwaitinfo(&all, NULL) : terminal_wait(&i->terminal);

        if (signo == SIGCHLD && reap(i->pid, &status))
            break;
        if (signo > 0 && signo != SIGCHLD)
            (void) kill(i->pid, signo);
    }
    FAILPOINT(INIT_REAPED);
    if (i->terminal.master >= 0)
        terminal_drain(&i->terminal);
    report_end(i, status);
    FAILPOINT(INIT_RECORDED);
    return 0; /* the kernel kills what is left in its pid namespace, the broker what is in others */
}

/* Everything up to the running program; what it returns is not 0 when this is over.  Its frame is
 * many times that of what is left afterwards. */
__attribute__((noinline)) static int set_up(struct init *i)
{
    struct err e = ERR_INIT;
    enum stage stage = STAGE_NONE;
    int entered = 0, r;

    r = receive(i, &entered);
    if (r == -ECONNRESET)
        return 1; /* the broker gave this launch up, or died: nobody to tell */
    if (r < 0)
        return give_up(i, STAGE_RECEIVE, r, "");
    if (entered < 0)
        return give_up(i, STAGE_GROUP, entered, "");
    FAILPOINT(INIT_RECEIVED);
    i->mounts.trees = i->fds + HANDOVER_TREES;
    i->mounts.n_trees = i->n_fds - HANDOVER_TREES;
    if ((r = execute_all(i, &stage, &e)) < 0 || (r = start(i, &stage, &e)) < 0)
        return r == -ECONNRESET && !i->told ? 1 : give_up(i, stage, r, e.msg);
    FAILPOINT(PROGRAM_EXECUTED);
    report(i, REPORT_STARTED, STAGE_NONE, 0, 0);
    FAILPOINT(INIT_REPORTED);
    r = drop(i);
    return r < 0 ? give_up(i, STAGE_INIT, r, "") : 0;
}

int init_run(void)
{
    struct init i = { .mounts.root = -1, .terminal = TERMINAL_NONE, .users = USERS_HOST };
    sigset_t all;
    int r;

    memset(i.streams, -1, sizeof i.streams);
    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, NULL);
    (void) umask(0);
    /* in the PID namespace of another instance orphans would be that one's otherwise */
    (void) prctl(PR_SET_CHILD_SUBREAPER, 1);
    if ((r = set_up(&i)) != 0)
        return r;
    release_memory(&i);
    if ((r = filter_load(i.fds[HANDOVER_INIT_FILTER], false)) < 0)
        return give_up(&i, STAGE_INIT, r, "");
    FAILPOINT(INIT_DROPPED);
    return watch(&i);
}
