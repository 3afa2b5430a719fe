#include "sandbox/users.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

/* FNV-1a, 32 bits */
enum { HASH_PRIME = 16777619 };
static const uint32_t hash_basis = 2166136261U;

uint32_t users_outside(const struct users *u, uint32_t id)
{
    return u->first + id;
}

/* ---- which range ---- */

static uint32_t hash(const char *text)
{
    uint32_t h = hash_basis;

    for (; *text; text++)
        h = (h ^ (unsigned char) *text) * HASH_PRIME;
    return h;
}

int users_choose(const char *owner, uint32_t first, uint32_t last, users_taken *taken,
                 void *userdata, uint32_t *out, struct err *e)
{
    uint32_t n = (last - first + 1) / USERS_IDS, begin = n ? hash(owner) % n : 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t one = first + (begin + i) % n * USERS_IDS;

        if (!taken(one, userdata)) {
            *out = one;
            return 0;
        }
    }
    return err_set(e, -EUSERS, "user namespace: all %u ranges of user-namespaces = %u-%u are taken",
                   n, first, last);
}

/* ---- the namespace ---- */

/* holds the namespace until the other end of the pipe is closed, or the broker ends */
static _Noreturn void hold(int rd, int wr)
{
    char c;

    close(wr);
    while (read(rd, &c, 1) < 0 && errno == EINTR)
        ;
    _exit(0);
}

static int write_map(pid_t pid, const char *file, uint32_t first)
{
    auto_free char *path = paths_join("/proc/%d/%s", (int) pid, file);
    char map[64];

    (void) snprintf(map, sizeof map, "0 %u %d\n", first, USERS_IDS);
    return fsio_write_pseudo(AT_FDCWD, path, map);
}

static int open_of(pid_t pid, uint32_t first)
{
    auto_free char *path = paths_join("/proc/%d/ns/user", (int) pid);
    int r = write_map(pid, "uid_map", first);
    int fd;

    if (r == 0)
        r = write_map(pid, "gid_map", first);
    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int no_namespace(int error, struct err *e)
{
    switch (error) {
    case ENOSYS:
    case EINVAL: return err_set(e, -error, "user namespace: this kernel has none (CONFIG_USER_NS)");
    case ENOSPC:
        err_set(e, -error, "user namespace: the host allows no more of them");
        err_hint(e, "sysctl user.max_user_namespaces");
        return -error;
    default: return err_set(e, -error, "user namespace: %s", strerror(error));
    }
}

int users_open(uint32_t first, struct err *e)
{
    struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    int ends[2], fd;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(e, -errno, "user namespace: %s", strerror(errno));
    auto_fd rd = ends[0], wr = ends[1];
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        return no_namespace(errno, e);
    if (pid == 0)
        hold(rd, wr);
    fd = open_of((pid_t) pid, first);
    close(take_fd(&wr));
    (void) waitpid((pid_t) pid, NULL, 0);
    return fd < 0 ? err_set(e, fd, "ids of a user namespace from %u: %s", first, strerror(-fd))
                  : fd;
}

int users_map(const struct users *u, int tree, bool below)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) u->fd };

    if (u->fd < 0)
        return 0;
    return mount_setattr(tree, "", AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0), &attr, sizeof attr) <
                   0
               ? -errno
               : 0;
}
