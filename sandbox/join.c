#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/broker.h"
#include "sandbox/creds.h"
#include "sandbox/failpoint.h"
#include "sandbox/person.h"
#include "sandbox/policy.h"
#include "sandbox/rights.h"
#include "sandbox/rootfs.h"
#include "sandbox/seccomp.h"
#include "sandbox/setup.h"
#include "sandbox/setup_number.h"
#include "sandbox/stages.h"

enum { NOBODY = 65534 };

/* One command on its way through an instance. */
struct join {
    struct broker *broker;
    const struct connection *from;
    uint64_t tag;
    char *guest_id;
    pid_t pid;
    int pidfd, socket;
    bool timed_out; /* killed by the deadline */
    bool detached;  /* answered when it has begun; nobody's end is its end */
    struct report report;
    sd_event_source *source, *timer, *reports;
    struct join *prev, *next;
};

struct wish {
    const char *id, *scope, *workdir, *user;
    json_t *argv, *env;
    uint64_t deadline_us; /* 0 = none */
    bool inside;          /* scope "all", or */
    bool asking;          /* scope "unix" */
    bool terminal;        /* is what it reads from */
    int detached;
    gid_t gid; /* of `user` */
};

static void join_free(struct join *j)
{
    DL_DELETE(j->broker->joins, j);
    sd_event_source_disable_unref(j->source);
    sd_event_source_disable_unref(j->timer);
    sd_event_source_disable_unref(j->reports);
    if (j->pidfd >= 0)
        close(j->pidfd);
    if (j->socket >= 0)
        close(j->socket);
    free(j->guest_id);
    free(j);
}

/* The command made itself the leader of a session and thereby of a process group, unless it has not
 * come that far.  Nobody else can have its number before it was waited for. */
static void kill_all(const struct join *j)
{
    (void) kill(-j->pid, SIGKILL);
    (void) syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL, NULL, 0);
}

/* ---- the end ---- */

static json_t *result(const struct join *j, const struct report *r)
{
    if (r->kind == REPORT_FAILED)
        return json_pack("{s:{s:i,s:o}}", "error", "errno", r->error, "message",
                         json_sprintf("%s: %s", stages_text(r->stage), strerror(r->error)));
    return json_pack("{s:i,s:i,s:b}", "code", WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 0,
                     "signal", WIFSIGNALED(r->status) ? WTERMSIG(r->status) : 0, "timed_out",
                     (int) j->timed_out);
}

/* True when the socket has ended without a report: the command was executed. */
static bool has_begun(struct join *j)
{
    struct report got;
    ssize_t len = recv(j->socket, &got, sizeof got, MSG_DONTWAIT);

    if (len == sizeof got)
        j->report = got;
    return len == 0;
}

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct join *j = userdata;
    int status = SIGKILL;

    (void) s, (void) fd, (void) revents;
    (void) has_begun(j);
    kill_all(j); /* what it left in the background */
    (void) waitpid(j->pid, &status, 0);
    if (j->report.kind != REPORT_FAILED)
        j->report = (struct report){ .kind = REPORT_ENDED, .status = status };
    broker_answer(j->broker, j->from, j->tag, result(j, &j->report));
    join_free(j);
    return 0;
}

static int on_report(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct join *j = userdata;

    (void) fd, (void) revents;
    if (has_begun(j)) {
        broker_answer(j->broker, j->from, j->tag, json_pack("{s:i,s:i}", "code", 0, "signal", 0));
        j->from = NULL;
    }
    return sd_event_source_set_enabled(s, SD_EVENT_OFF); /* the rest is told by the end */
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
    struct join *j = userdata;

    (void) s, (void) usec;
    j->timed_out = true;
    kill_all(j);
    return 0;
}

/* ---- the beginning ---- */

/* never NULL: what is no string is as good as an empty one */
static const char *item(const json_t *list, size_t i)
{
    const char *text = json_string_value(json_array_get(list, i));

    return text ? text : "";
}

/* A directory would be a way out of the root, a file or a socket of the host a way to it: streams
 * are pipes, memory files, /dev/null and pseudo terminals. */
static bool is_stream(int fd)
{
    enum { PTS_FIRST = 136, PTS_LAST = 143 }; /* major numbers; Linux, devices.txt */
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || flags & O_PATH || fstat(fd, &st) < 0)
        return false;
    if (S_ISCHR(st.st_mode))
        return st.st_rdev == makedev(1, 3) ||
               (major(st.st_rdev) >= PTS_FIRST && major(st.st_rdev) <= PTS_LAST);
    return S_ISFIFO(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink == 0);
}

/* Who may write to /dev/stderr may also open it: the pipe itself must be the user's. */
static void give_pipes(const struct request *r, uid_t uid, gid_t gid)
{
    struct statfs fs;

    for (size_t i = 0; i < r->n_fds; i++)
        if (fstatfs(r->fds[i], &fs) == 0 && fs.f_type == PIPEFS_MAGIC)
            (void) !fchown(r->fds[i], uid, gid);
}

static int check_socket(const json_t *argv, struct err *e)
{
    const char *path = item(argv, 0);

    if (json_array_size(argv) != 1 || strlen(path) >= sizeof((struct sockaddr_un *) NULL)->sun_path)
        return err_set(e, -EINVAL, "join: a socket is one path of at most 107 bytes");
    return policy_path("socket", path, e);
}

static int check_wish(const struct wish *w, const struct request *r, struct err *e)
{
    size_t n_argv = json_array_size(w->argv);

    if (!w->inside && strcmp(w->scope, "net") != 0)
        return err_set(e, -EINVAL, "join: scope '%.16s' is none of all, unix and net", w->scope);
    if (r->n_fds != 2 && r->n_fds != 3)
        return err_set(e, -EINVAL, "join: %zu descriptors instead of stdin, stdout and stderr",
                       r->n_fds);
    for (size_t i = 0; i < r->n_fds; i++)
        if (!is_stream(r->fds[i]))
            return err_set(e, -EPERM, "join: descriptor %zu is no pipe, terminal or memory file",
                           i);
    if ((!w->inside || w->asking) &&
        (w->env || w->workdir || w->user || w->detached || w->deadline_us == 0))
        return err_set(e, -EINVAL, "join: a probe has a deadline, and nothing else of its own");
    if (w->workdir && policy_path("working directory", w->workdir, e) < 0)
        return e->code;
    if (json_array_size(w->env) > POLICY_ARGS_MAX)
        return err_set(e, -EINVAL, "join: %zu variables", json_array_size(w->env));
    for (size_t i = 0; i < json_array_size(w->env); i++)
        if (strcspn(item(w->env, i), "=") == strlen(item(w->env, i)) || item(w->env, i)[0] == '=')
            return err_set(e, -EINVAL, "join: variable %zu is not NAME=VALUE", i);
    if (n_argv == 0 || n_argv > POLICY_ARGS_MAX)
        return err_set(e, -EINVAL, "join: %zu arguments", n_argv);
    for (size_t i = 0; i < n_argv; i++)
        if (!json_is_string(json_array_get(w->argv, i)))
            return err_set(e, -EINVAL, "join: argument %zu is not a string", i);
    return w->asking ? check_socket(w->argv, e) : 0;
}

static int parse(const struct request *r, struct wish *w, struct err *e)
{
    json_error_t why;
    json_int_t deadline = 0;

    *w = (struct wish){ 0 };
    if (json_unpack_ex(r->fields, &why, JSON_STRICT, "{s:s,s:s,s:o,s:I,s?o,s?s,s?s,s?b}", "id",
                       &w->id, "scope", &w->scope, "argv", &w->argv, "deadline_us", &deadline,
                       "env", &w->env, "workdir", &w->workdir, "user", &w->user, "detached",
                       &w->detached) < 0)
        return err_set(e, -EINVAL, "join: %s", why.text);
    if (deadline < 0)
        return err_set(e, -EINVAL, "join: a deadline is not negative");
    w->deadline_us = (uint64_t) deadline;
    w->asking = strcmp(w->scope, "unix") == 0;
    w->inside = w->asking || strcmp(w->scope, "all") == 0;
    w->terminal = r->n_fds > 0 && isatty(r->fds[0]);
    return check_wish(w, r, e);
}

static void put_user(FILE *f, uid_t uid, gid_t gid)
{
    setup_put(f, SETUP_USER, setup_number(uid).text, setup_number(gid).text);
}

/* The fence of landlock.h is between a command and the program, which it would not see then. */
static void put_watchers(FILE *f)
{
    setup_put(f, SETUP_GROUP, setup_number(CREDS_WATCHERS_GID).text);
}

/* a variable of the service that the wish has too */
static bool is_replaced(const char *variable, const struct wish *w)
{
    size_t len = strcspn(variable, "=") + 1;

    for (size_t i = 0; i < json_array_size(w->env); i++)
        if (strncmp(item(w->env, i), variable, len) == 0)
            return true;
    return false;
}

static void write_inside(FILE *f, const struct guest *g, const struct wish *w,
                         const struct permit *permit)
{
    const char *workdir = w->workdir ? w->workdir : g->spec.workdir;
    bool named = !w->terminal || is_replaced("TERM=", w);

    setup_put(f, SETUP_JOIN, w->detached ? "detached" : "all");
    if (g->spec.own_users)
        setup_put(f, SETUP_USERS, "0", "0");
    rights_put(f, &g->spec, w->gid, permit);
    put_watchers(f);
    setup_put(f, SETUP_WORKDIR, workdir[0] ? workdir : "/");
    for (const char *const *env = g->spec.env; env && *env; env++) {
        if (!is_replaced(*env, w))
            setup_put(f, SETUP_ENV, *env);
        named |= strncmp(*env, "TERM=", strlen("TERM=")) == 0;
    }
    if (!named)
        setup_put(f, SETUP_ENV, ROOTFS_TERM);
    for (size_t i = 0; i < json_array_size(w->env); i++)
        setup_put(f, SETUP_ENV, item(w->env, i));
}

static void write_beside(FILE *f)
{
    auto_free char *worker = paths_join("%s/ipam-worker", paths_lib());
    const struct passwd *user = getpwnam("ipam-worker");

    setup_put(f, SETUP_JOIN, "net");
    put_user(f, user ? user->pw_uid : NOBODY, user ? user->pw_gid : NOBODY);
    setup_put(f, SETUP_ENV, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    setup_put(f, SETUP_ENV, "LC_ALL=C.UTF-8");
    setup_put(f, SETUP_PROGRAM, worker);
}

static int make_setup(const struct guest *g, const struct wish *w, const struct permit *permit,
                      struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    int fd;

    if (!f)
        return err_set(e, -ENOMEM, "out of memory");
    setup_begin(f);
    if (w->inside)
        write_inside(f, g, w, permit);
    else
        write_beside(f);
    for (size_t i = 0; i < json_array_size(w->argv); i++)
        setup_put(f, w->asking ? SETUP_CONNECT : SETUP_ARG,
                  json_string_value(json_array_get(w->argv, i)));
    if (fclose(f) != 0)
        return err_set(e, -ENOMEM, "out of memory");
    fd = fsio_memfd("setup", text, len);
    return fd < 0 ? err_set(e, fd, "memory file: %s", strerror(-fd)) : fd;
}

static int hand_over(struct join *j, const struct guest *g, const struct request *r,
                     const struct wish *w, struct err *e)
{
    int fds[JOIN_USERS + 1], result;
    auto_fd setup = make_setup(g, w, j->broker->permit, e);
    auto_fd filter = w->inside ? seccomp_of(&g->spec, e) : seccomp_of_worker(e);
    size_t n = JOIN_USERS;

    if (setup < 0 || filter < 0)
        return setup < 0 ? setup : filter;
    fds[JOIN_SETUP] = setup;
    fds[JOIN_FILTER] = filter;
    fds[JOIN_PIDFD] = g->pidfd;
    fds[JOIN_STDIN] = r->fds[0];
    fds[JOIN_STDOUT] = r->fds[1];
    fds[JOIN_STDERR] = r->fds[r->n_fds - 1];
    if (w->inside && g->spec.own_users)
        fds[n++] = g->users.fd;
    result = handover_send(j->socket, fds, n);
    return result < 0 ? err_set(e, result, "join: %s", strerror(-result)) : 0;
}

static int start(struct join *j, const struct guest *g, const struct wish *w, struct err *e)
{
    struct launched init;
    auto_fd cgroup = w->inside ? j->broker->cgroup->open(g->id) : -1;
    struct zygote_wish wish = { .joining = true,
                                .cgroup = cgroup,
                                .enter = { { .whose = g->pidfd, .which = CLONE_NEWPID } },
                                .n_enter = w->inside };
    int r = zygote_fork(&j->broker->zygote, &wish, &init, e);

    if (r < 0)
        return r;
    j->pid = init.pid;
    j->pidfd = init.pidfd;
    j->socket = init.socket;
    FAILPOINT(JOIN_CLONED);
    return w->inside ? launch_admit(j->broker, g->id, j->socket, e) : 0;
}

static int watch(struct join *j, uint64_t deadline_us, struct err *e)
{
    sd_event *loop = j->broker->loop;
    int r = sd_event_add_io(loop, &j->source, j->pidfd, EPOLLIN, on_end, j);

    if (r >= 0 && j->detached)
        r = sd_event_add_io(loop, &j->reports, j->socket, EPOLLIN, on_report, j);
    if (r >= 0 && deadline_us > 0)
        r = sd_event_add_time_relative(loop, &j->timer, CLOCK_MONOTONIC, deadline_us, 0,
                                       on_deadline, j);
    return r < 0 ? err_set(e, r, "join: %s", strerror(-r)) : 0;
}

static void abandon(struct join *j)
{
    if (j->pidfd >= 0) {
        (void) syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL, NULL, 0);
        (void) waitpid(j->pid, NULL, 0);
    }
    join_free(j);
}

int join_start(struct broker *b, struct request *r, struct err *e)
{
    struct guest *g = NULL;
    struct wish w;
    struct join *j;
    int result = parse(r, &w, e);

    if (result < 0)
        return result;
    HASH_FIND_STR(b->guests, w.id, g);
    if (!g || g->state != GUEST_RUNNING)
        return err_set(e, -ESRCH, "instance '%.128s' does not run", w.id);
    if (w.inside && b->cgroup->is_frozen(g->id))
        return err_set(e, -EBUSY, "instance '%s' is paused", g->id);
    w.gid = g->spec.gid;
    if (w.user && (result = person_group(&g->spec, w.user, &w.gid, e)) < 0)
        return result;
    j = calloc(1, sizeof *j);
    if (!j)
        return err_set(e, -ENOMEM, "out of memory");
    *j = (struct join){ .broker = b,
                        .from = r->from,
                        .tag = r->tag,
                        .pidfd = -1,
                        .socket = -1,
                        .detached = w.detached };
    j->guest_id = strdup(g->id);
    DL_APPEND(b->joins, j);
    if (w.inside)
        give_pipes(r, users_outside(&g->users, g->spec.uid), users_outside(&g->users, g->spec.gid));
    result = start(j, g, &w, e);
    if (result == 0)
        result = hand_over(j, g, r, &w, e);
    FAILPOINT(JOIN_HANDED_OVER);
    if (result == 0)
        result = watch(j, w.deadline_us, e);
    if (result < 0) {
        abandon(j);
        return result;
    }
    return REQUEST_LATER;
}

/* ---- killing ---- */

int join_kill(struct broker *b, const struct connection *from, uint64_t tag, struct err *e)
{
    struct join *j;

    DL_FOREACH (b->joins, j) {
        if (j->from == from && j->tag == tag) {
            kill_all(j);
            return 0;
        }
    }
    return err_set(e, -ESRCH, "there is no join with tag %llu", (unsigned long long) tag);
}

bool join_is_any(const struct broker *b, const struct guest *g)
{
    const struct join *j;

    DL_FOREACH (b->joins, j)
        if (j->guest_id && strcmp(j->guest_id, g->id) == 0)
            return true;
    return false;
}

void join_kill_of_guest(struct broker *b, const struct guest *g)
{
    struct join *j;

    DL_FOREACH (b->joins, j)
        if (j->guest_id && strcmp(j->guest_id, g->id) == 0)
            kill_all(j);
}

/* Nobody waits for the answer any more, and nobody could stop it. */
void join_forget_connection(struct broker *b, const struct connection *c)
{
    struct join *j;

    DL_FOREACH (b->joins, j) {
        if (j->from == c) {
            j->from = NULL;
            if (!j->detached)
                kill_all(j);
        }
    }
}

void join_close(struct broker *b)
{
    while (b->joins) {
        if (!b->joins->detached)
            kill_all(b->joins);
        join_free(b->joins);
    }
}
