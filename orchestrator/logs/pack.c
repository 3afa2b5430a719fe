#include "logs/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/paths.h"
#include "logs/rotation.h"

struct pack {
    sd_event *loop;
    char *path;
    int source, result, child; /* -1 = none; `child` is a descriptor of the process */
    sd_event_source *event;
};

struct pack *pack_new(sd_event *loop, const char *path)
{
    struct pack *p = calloc(1, sizeof *p);

    if (!p || !(p->path = strdup(path)))
        abort();
    p->loop = loop;
    p->source = p->result = p->child = -1;
    return p;
}

static void forget(struct pack *p)
{
    p->event = sd_event_source_disable_unref(p->event);
    for (size_t i = 0; i < 3; i++) {
        int *fd = (int *[]){ &p->source, &p->result, &p->child }[i];

        if (*fd >= 0)
            close(take_fd(fd));
    }
}

void pack_free(struct pack *p)
{
    if (!p)
        return;
    if (p->child >= 0) {
        siginfo_t how;

        (void) pidfd_send_signal(p->child, SIGKILL, NULL, 0);
        (void) waitid(P_PIDFD, (id_t) p->child, &how, WEXITED);
    }
    forget(p);
    free(p->path);
    free(p);
}

/* the name of the source, whose number may have grown meanwhile; NULL: it was old enough to go */
static char *name_of_source(const struct pack *p, unsigned *n)
{
    struct stat ours, there;

    if (fstat(p->source, &ours) < 0)
        return NULL;
    for (*n = rotation_oldest(p->path); *n > 0; --*n) {
        char *name = rotation_name(p->path, *n);

        if (stat(name, &there) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev)
            return name;
        free(name);
    }
    return NULL;
}

static int put_in_place(struct pack *p)
{
    unsigned n = 0;
    auto_free char *source = name_of_source(p, &n);
    auto_free char *packed = source ? rotation_packed_name(p->path, n) : NULL;
    auto_free char *result = paths_join("/proc/self/fd/%d", p->result);

    if (!source)
        return 0;
    if (linkat(AT_FDCWD, result, AT_FDCWD, packed, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
        return -errno;
    return unlink(source) < 0 ? -errno : 0;
}

static int on_end(sd_event_source *event, int fd, uint32_t revents, void *userdata)
{
    struct pack *p = userdata;
    siginfo_t how = { 0 };
    int r;

    (void) event, (void) revents;
    if (waitid(P_PIDFD, (id_t) fd, &how, WEXITED | WNOHANG) < 0 || how.si_pid == 0)
        return 0;
    r = how.si_code == CLD_EXITED && how.si_status == 0 ? put_in_place(p) : -EIO;
    forget(p);
    if (r == 0)
        pack_start(p);
    else
        log_line(LOG_WARN, "compressing %s: %s", p->path, strerror(-r));
    return 0;
}

static int spawn(struct pack *p, pid_t *pid)
{
    auto_free char *program = paths_join("%s/ipam-worker", paths_lib());
    auto_free char *comment = rotation_comment(p->source);
    char *argv[] = { (char[]){ "ipam-worker" }, (char[]){ "pack" }, comment, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int r;

    (void) sigemptyset(&none);
    (void) posix_spawnattr_init(&attributes);
    (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    (void) posix_spawnattr_setsigmask(&attributes, &none);
    (void) posix_spawn_file_actions_init(&actions);
    r = posix_spawn_file_actions_adddup2(&actions, p->source, STDIN_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, p->result, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawn(pid, program, &actions, &attributes, argv, environ);
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attributes);
    return -r;
}

static int launch(struct pack *p)
{
    const struct sched_param param = { 0 };
    auto_free char *dir = paths_join("%.*s", (int) (strrchr(p->path, '/') - p->path), p->path);
    pid_t pid = 0;
    int r;

    p->result = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
    if (p->result < 0)
        return -errno;
    if ((r = spawn(p, &pid)) < 0)
        return r;
    (void) sched_setscheduler(pid, SCHED_IDLE, &param);
    (void) setpriority(PRIO_PROCESS, (id_t) pid, 19);
    p->child = pidfd_open(pid, 0);
    if (p->child >= 0)
        return sd_event_add_io(p->loop, &p->event, p->child, EPOLLIN, on_end, p);
    r = -errno;
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);
    return r;
}

void pack_start(struct pack *p)
{
    int r;

    if (p->child >= 0)
        return;
    rotation_settle(p->path);
    for (unsigned n = rotation_oldest(p->path); p->source < 0 && n > 0; n--) {
        auto_free char *name = rotation_name(p->path, n);

        p->source = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (p->source < 0 || (r = launch(p)) == 0)
        return;
    log_line(LOG_WARN, "compressing %s: %s", p->path, strerror(-r));
    forget(p);
}
