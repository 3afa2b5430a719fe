#include "cli/daemons.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/pidstat.h"
#include "cli/options.h"

#define MANAGER_USER "ipam-orch"
#define SYSTEMD_UNIT "ipam-orchd.service"

enum { LOOK_AGAIN_MS = 10, END_MAX_US = 10 * 1000 * 1000 };

/* what a started program needs to know */
struct program {
    const char *name;
    uid_t uid;
    gid_t gid;
    const char *user; /* NULL: stays root */
};

/* Whoever called listen() is known by its pid.  A process that was killed accepts connections in
 * its backlog until the last of its memory is gone, and answers none of them. */
static bool is_answered_for(int fd)
{
    struct ucred who = { 0 };
    socklen_t len = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && !pidstat_is_exiting(who.pid);
}

static bool is_listening(const char *path, int type)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    auto_fd fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect(fd, (struct sockaddr *) &address, sizeof address) == 0 && is_answered_for(fd);
}

/* the lock of a program is free when none of it lives */
static bool is_free(const char *lock_path)
{
    auto_fd fd = open(lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* True when nobody serves the socket and a program may be started for it.  One that is dying holds
 * its lock to the end, and the next would not get it; one that is starting has the lock and no
 * socket yet. */
static bool is_missing(const char *socket, int type, const char *lock)
{
    uint64_t until = clock_read_us(CLOCK_MONOTONIC) + END_MAX_US;

    while (!is_listening(socket, type)) {
        if (is_free(lock) || clock_read_us(CLOCK_MONOTONIC) > until)
            return true;
        (void) poll(NULL, 0, LOOK_AGAIN_MS); /* flock(2) knows no deadline */
    }
    return false;
}

static int make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *e)
{
    int r = fsio_mkdir_p(path, 0755);

    if (r < 0 || chmod(path, mode) < 0 || chown(path, uid, gid) < 0)
        return err_set(e, r < 0 ? r : -errno, "directory %s: %s", path,
                       strerror(r < 0 ? -r : errno));
    return 0;
}

static int make_dirs(const struct passwd *pw, struct err *e)
{
    auto_free char *run = paths_join("%s/manager", paths_run());
    auto_free char *state = paths_join("%s/manager", paths_state());
    auto_free char *operations = paths_join("%s/operations", paths_state());
    const struct group *adm = getgrnam("adm");
    gid_t readers = adm ? adm->gr_gid : pw->pw_gid;
    int r;

    if ((r = make_dir(paths_run(), 0755, 0, 0, e)) < 0 ||
        (r = make_dir(paths_state(), 0755, 0, 0, e)) < 0 ||
        (r = make_dir(run, 0755, pw->pw_uid, pw->pw_gid, e)) < 0 ||
        (r = make_dir(state, 0700, pw->pw_uid, pw->pw_gid, e)) < 0 ||
        (r = make_dir(operations, 02770, pw->pw_uid, pw->pw_gid, e)) < 0)
        return r;
    /* set-group-id: log files inherit the group that may read them */
    return make_dir(paths_log(), 02750, pw->pw_uid, readers, e);
}

/* in the child: become the program; the parent reads why not from the ready pipe's silence */
static _Noreturn void become(const struct program *p, const char *path, int log, int ready)
{
    char fd_text[16];
    char *const argv[] = { (char *) (size_t) p->name, (char[]){ "--exit-idle" },
                           (char[]){ "--ready-fd" }, fd_text, NULL };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void) snprintf(fd_text, sizeof fd_text, "%d", ready);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0 || fcntl(ready, F_SETFD, 0) < 0 || setsid() < 0)
        _exit(126);
    if (p->user && (initgroups(p->user, p->gid) < 0 || setgid(p->gid) < 0 || setuid(p->uid) < 0))
        _exit(126);
    /* not to keep a file system of the caller busy */
    if (chdir("/") == 0)
        execv(path, argv);
    _exit(127);
}

static int start_program(const struct program *p, struct err *e)
{
    auto_free char *path = paths_join("%s/%s", paths_lib(), p->name);
    auto_free char *log_path = paths_join("%s/%s.log", paths_log(), p->name);
    auto_fd log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    int ready[2];
    char byte;
    pid_t pid;

    if (access(path, X_OK) < 0) {
        err_set(e, -errno, "%s: %s", path, strerror(errno));
        err_hint(e, "reinstall the package ipam-orch");
        return err_classify(e, ERR_MISSING);
    }
    if (log < 0 || pipe2(ready, O_CLOEXEC) < 0)
        return err_set(e, -errno, "%s: %s", log_path, strerror(errno));
    pid = fork();
    if (pid == 0)
        become(p, path, log, ready[1]);
    close(ready[1]);
    auto_fd rd = ready[0];
    if (pid < 0)
        return err_set(e, -errno, "starting %s: %s", p->name, strerror(errno));
    if (read(rd, &byte, 1) == 1)
        return 0;
    err_set(e, -ECHILD, "%s did not start", p->name);
    return err_hint(e, "tail %s", log_path);
}

static int start_missing(bool supervisor_too, struct err *e)
{
    auto_free char *broker_socket = paths_join("%s/sandbox.sock", paths_run());
    auto_free char *broker_lock = paths_join("%s/sandboxd.lock", paths_run());
    auto_free char *control_socket = paths_join("%s/manager/control.sock", paths_run());
    auto_free char *control_lock = paths_join("%s/manager/orchd.lock", paths_run());
    auto_free char *lock_path = paths_join("%s/start.lock", paths_run());
    const struct passwd *pw = getpwnam(MANAGER_USER);
    struct program broker = { .name = "ipam-sandboxd" }, supervisor = { .name = "ipam-orchd" };
    int r;

    if (!pw) {
        err_set(e, -ENOENT, "the user '%s' does not exist", MANAGER_USER);
        err_hint(e, "useradd --system --user-group --no-create-home %s", MANAGER_USER);
        return err_classify(e, ERR_MISSING);
    }
    supervisor.user = MANAGER_USER;
    supervisor.uid = pw->pw_uid;
    supervisor.gid = pw->pw_gid;
    r = make_dirs(pw, e);
    if (r < 0)
        return r;
    /* two `up` at once: the second waits here and then finds everything running */
    auto_fd lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        return err_set(e, -errno, "%s: %s", lock_path, strerror(errno));
    if (is_missing(broker_socket, SOCK_SEQPACKET, broker_lock) &&
        (r = start_program(&broker, e)) < 0)
        return r;
    if (supervisor_too && is_missing(control_socket, SOCK_STREAM, control_lock))
        r = start_program(&supervisor, e);
    return r;
}

/* systemd as process 1 and our unit installed: it starts and keeps them */
static bool start_by_systemd(void)
{
    char *const argv[] = { (char[]){ "systemctl" }, (char[]){ "start" }, (char[]){ SYSTEMD_UNIT },
                           NULL };
    int status = -1;
    pid_t pid;

    if (access("/run/systemd/system", F_OK) < 0 || paths_tag()[0] != '\0' ||
        (access("/lib/systemd/system/" SYSTEMD_UNIT, F_OK) < 0 &&
         access("/etc/systemd/system/" SYSTEMD_UNIT, F_OK) < 0))
        return false;
    return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

static int need_root(struct err *e)
{
    if (geteuid() == 0)
        return 0;
    err_set(e, -EPERM, "permission denied: the manager is not running and starting it needs root");
    err_hint(e, "sudo ipam-orch up");
    return err_classify(e, ERR_DENIED);
}

static int start(const struct cli *cli, struct err *e)
{
    int r = need_root(e);

    if (r < 0)
        return r;
    if (start_by_systemd()) {
        if (!cli->quiet)
            fprintf(stderr, "started %s\n", SYSTEMD_UNIT);
        return 0;
    }
    r = start_missing(true, e);
    if (r == 0 && !cli->quiet)
        fprintf(stderr, "started the manager (no service unit runs it)\n");
    return r;
}

/* -ENOTCONN when the supervisor answers but has no broker; *operator tells what the caller may do
 */
static int greet(const struct cli *cli, struct client **out, bool *operator, struct err * e)
{
    auto_free char *path = options_socket(cli);
    auto_client client = NULL;
    json_t *answer = NULL, *hello;
    const char *role;
    bool runtime;
    int r = client_open(path, &client, e);

    if (r == 0)
        r = client_send(client, json_pack("{s:s,s:i}", "op", "hello", "protocol", 1), e);
    if (r == 0)
        r = client_receive(client, -1, &answer, e);
    if (r < 0)
        return r;
    hello = json_object_get(answer, "hello");
    runtime = json_is_true(json_object_get(hello, "runtime"));
    role = json_string_value(json_object_get(hello, "role"));
    *operator= role && strcmp(role, "operator") == 0;
    json_decref(answer);
    *out = take_ptr(client);
    return runtime ? 0 : -ENOTCONN;
}

int daemons_may_change(const struct cli *cli, struct err *e)
{
    auto_client client = NULL;
    bool operator= false;
    int r = greet(cli, &client, &operator, NULL);

    if (r < 0 && r != -ENOTCONN)
        return need_root(e);
    if (operator)
        return 0;
    err_set(e, -EPERM, "permission denied: changing a project needs an operator");
    err_hint(e, "run it as root or as a member of the group " MANAGER_USER);
    return err_classify(e, ERR_DENIED);
}

int daemons_connect(const struct cli *cli, struct client **out, struct err *e)
{
    bool operator;
    int r = greet(cli, out, &operator, e);

    /* twice: what answered the first time may have been about to end */
    for (int tries = 0; r < 0 && tries < 2; tries++) {
        client_close(*out);
        *out = NULL;
        r = start(cli, e);
        if (r < 0)
            return r;
        r = greet(cli, out, &operator, e);
    }
    return r == -ENOTCONN ? err_set(e, r, "the sandbox broker does not answer") : r;
}

int daemons_revive(struct err *e)
{
    int r = geteuid() != 0 || start_by_systemd() ? 0 : start_missing(false, e);

    return r < 0 ? err_wrap(e, "the sandbox broker went away and cannot be started again") : 0;
}

/* The manager that ran last has saved something and not forgotten it, or its broker did not come to
 * its end, where it removes its socket: there may be networks of nobody. */
static bool is_unfinished(void)
{
    auto_free char *projects = paths_join("%s/manager/projects/*", paths_state());
    auto_free char *socket = paths_join("%s/sandbox.sock", paths_run());
    glob_t found = { 0 };
    bool any = glob(projects, GLOB_NOSORT, NULL, &found) == 0 || access(socket, F_OK) == 0;

    globfree(&found);
    return any;
}

int daemons_attach(const struct cli *cli, struct client **out, struct err *e)
{
    bool operator;
    int r = greet(cli, out, &operator, e);

    if (r == -ENOTCONN && geteuid() == 0) {
        client_close(*out);
        *out = NULL;
        return daemons_connect(cli, out, e);
    }
    if (r == -ENOTCONN)
        return 0; /* good enough to look at */
    /* services may be running although no manager does: it is brought back to find them */
    return r < 0 && geteuid() == 0 && is_unfinished() ? daemons_connect(cli, out, e) : r;
}

void daemons_wait_end(struct client *c)
{
    auto_free char *path = paths_join("%s/sandboxd.lock", paths_run());
    auto_fd lock = open(path, O_RDWR | O_CLOEXEC);
    json_t *more = NULL;

    while (client_receive(c, -1, &more, NULL) == 0)
        json_decref(more);
    /* the broker holds this lock for as long as it lives */
    if (lock >= 0)
        (void) flock(lock, LOCK_SH);
}
