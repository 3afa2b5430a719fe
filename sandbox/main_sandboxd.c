/* ipam-sandboxd -- the sandbox broker: the only long-lived program of ipam-orch that is root.
 * Wiring only: options, directories, lock, loop.  What it does for whom is in client.h. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/paths.h"
#include "sandbox/broker.h"
#include "sandbox/confine.h"
#include "sandbox/seccomp.h"

/* per instance: six log pipe ends, pidfd, socket, and two per published port */
enum { FDS_PER_INSTANCE = 16, FD_MAX = 1 << 20 };

struct options {
    int ready_fd;
    bool exit_idle;
    const char *heritage;
};

static const struct argp_option option_table[] = {
    { "ready-fd", 'r', "N", 0, "Write a newline to descriptor N when listening", 0 },
    { "exit-idle", 'i', NULL, 0, "End when nothing is left to do", 0 },
    { "heritage", 'h', "N,...", 0, "Go on with these descriptors of an earlier process", 0 },
    { 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    uint64_t n = 0;

    switch (key) {
    case 'r':
        if (num_u64(arg, FD_MAX, &n) < 0)
            argp_error(state, "'%s' is not a descriptor", arg);
        o->ready_fd = (int) n;
        return 0;
    case 'i': o->exit_idle = true; return 0;
    case 'h': o->heritage = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int make_directory(const char *path, mode_t mode, struct err *e)
{
    struct stat st;
    int r = fsio_mkdir_p(path, mode);

    if (r < 0)
        return err_set(e, r, "creating %s: %s", path, strerror(-r));
    if (lstat(path, &st) < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode) || st.st_uid != 0)
        return err_set(e, -EPERM, "%s must be a directory that belongs to root", path);
    return 0;
}

static int make_directories(struct err *e)
{
    auto_free char *instances = paths_join("%s/instances", paths_run());
    auto_free char *networks = paths_join("%s/networks", paths_run());
    int r = make_directory(paths_run(), 0755, e);

    if (r == 0)
        r = make_directory(instances, 0700, e);
    return r < 0 ? r : make_directory(networks, 0700, e);
}

/* a descriptor; held until the process ends, also by SIGKILL */
static int lock(struct err *e)
{
    auto_free char *path = paths_join("%s/sandboxd.lock", paths_run());
    auto_fd fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(e, -EBUSY, "another ipam-sandboxd is running (it holds %s)", path);
    return take_fd(&fd);
}

static int take_heritage(const struct options *o, struct heritage *h, struct err *e)
{
    int r = 0;

    if (o->heritage)
        return successor_inherit(o->heritage, h, e);
    r = lock(e);
    h->lock = r;
    return r < 0 ? r : 0;
}

static void raise_limits(void)
{
    const rlim_t wanted = (rlim_t) LIMIT_INSTANCES * FDS_PER_INSTANCE;
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return;
    r.rlim_cur = wanted;
    r.rlim_max = r.rlim_max > wanted ? r.rlim_max : wanted; /* never down: guests may want more */
    if (setrlimit(RLIMIT_NOFILE, &r) < 0)
        log_line(LOG_WARN, "descriptor limit not raised reason=\"%s\"", strerror(errno));
}

static uid_t supervisor_uid(void)
{
    const struct passwd *p = getpwnam("ipam-orch");

    return p ? p->pw_uid : 0;
}

/* policy.conf again; a bad one leaves what was */
static int on_reload(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
    struct broker *b = userdata;
    struct permit *fresh = NULL;
    struct err e = ERR_INIT;

    (void) s, (void) si;
    if (permit_load(&fresh, &e) < 0 || confine_check(fresh, &e) < 0) {
        permit_free(fresh);
        log_err(&e, "the policy stays as it was");
        return 0;
    }
    permit_free(b->permit);
    b->permit = fresh;
    network_refresh(b); /* who may reach ports is in the packet rules */
    log_line(LOG_NOTE, "policy read again file=%s", fresh->path);
    return 0;
}

static int watch_signals(struct broker *b, struct err *e)
{
    static const int ending[] = { SIGTERM, SIGINT };
    sd_event *loop = b->loop;
    sigset_t set;
    int r = 0;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGHUP);
    for (size_t i = 0; i < ARRAY_LEN(ending); i++)
        (void) sigaddset(&set, ending[i]);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ending) && r >= 0; i++)
        r = sd_event_add_signal(loop, NULL, ending[i], NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(loop, NULL, SIGHUP, on_reload, b);
    return r < 0 ? err_set(e, r, "watching signals: %s", strerror(-r)) : 0;
}

static int prepare(struct broker *b, const struct options *o, struct err *e)
{
    int r = permit_load(&b->permit, e);

    if (r == 0)
        r = confine_broker(b->permit, e);
    if (r == 0)
        r = make_directories(e);
    if (r == 0)
        r = take_heritage(o, &b->heritage, e);
    if (r == 0)
        r = cgroup_detect(&b->cgroup, e);
    if (r == 0 && (r = sd_event_default(&b->loop)) < 0)
        err_set(e, r, "event loop: %s", strerror(-r));
    if (r >= 0)
        r = watch_signals(b, e);
    if (r == 0)
        r = publish_open(b, e);
    if (r == 0)
        r = lifecycle_adopt(b, e);
    if (r == 0)
        retire_rest(b);
    return r < 0 ? r : broker_listen(b, e);
}

/* while the lock is still held: the socket cannot be a successor's yet */
static void remove_socket(void)
{
    auto_free char *path = broker_socket();

    (void) unlink(path);
}

static void tell_ready(int fd)
{
    if (fd < 0)
        return;
    (void) !write(fd, "\n", 1);
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct argp argp = { .options = option_table,
                                      .parser = parse_option,
                                      .doc = "The sandbox broker of ipam-orch." };
    struct options o = { .ready_fd = -1 };
    struct broker b = { .heritage = HERITAGE_NONE };
    struct err e = ERR_INIT;
    int r;

    (void) argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (geteuid() != 0) {
        log_line(LOG_ERROR, "ipam-sandboxd must be started as root");
        return EXIT_FAILURE;
    }
    (void) umask(022);
    (void) signal(SIGPIPE, SIG_IGN);
    (void) setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    (void) close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC); /* what the starter forgot */
    raise_limits();
    b.exit_idle = o.exit_idle;
    b.supervisor = supervisor_uid();
    r = prepare(&b, &o, &e);
    if (r < 0) {
        log_err(&e, "ipam-sandboxd cannot start");
    } else {
        log_line(LOG_NOTE, "ipam-sandboxd listening version=%s cgroup=%s run=%s", VERSION,
                 b.cgroup->name, paths_run());
        tell_ready(o.ready_fd);
        (void) zygote_start(&b.zygote, NULL); /* again at the first launch, with the error */
        broker_check_idle(&b);
        r = sd_event_loop(b.loop);
        remove_socket();
    }
    broker_close(&b);
    seccomp_clear();
    permit_free(b.permit);
    sd_event_unref(b.loop);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
