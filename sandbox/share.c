#include "sandbox/share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/landlock.h"
#include "sandbox/listener.h"

#define SHARED_MEMORY "/dev/shm"

enum { NETWORK, IPC, PID, SHARED };

static const struct {
    int flag;
    const char *what;
} shared[SHARED] = { [NETWORK] = { CLONE_NEWNET, "network" },
                     [IPC] = { CLONE_NEWIPC, "IPC namespace" },
                     [PID] = { CLONE_NEWPID, "PID namespace" } };

/* whose it is, as the specification says it */
static const char *home_of(const struct spec *s, size_t k)
{
    const char *const of[SHARED] = {
        [NETWORK] = s->network_of, [IPC] = s->ipc_of, [PID] = s->pid_of
    };

    return of[k];
}

/* the running instance of the same project whose namespace `g` is to live in; NULL: `e` says why */
static const struct guest *find_landlord(const struct broker *b, const struct guest *g, size_t k,
                                         struct err *e)
{
    const char *what = shared[k].what, *id = home_of(&g->spec, k);
    struct guest *with = NULL;

    HASH_FIND_STR(b->guests, id, with);
    /* before its program runs its mounts may still be the host's */
    if (!with || with->state != GUEST_RUNNING || home_of(&with->spec, k)[0] != '\0' ||
        (k != NETWORK && with->pid <= 0)) {
        err_set(e, -ENOENT, "there is no instance '%.128s' whose %s '%s' could use", id, what,
                g->id);
        return NULL;
    }
    if (strcmp(with->spec.project, g->spec.project) != 0) {
        err_set(e, -EPERM, "%s: '%s' belongs to project '%s'", what, with->id, with->spec.project);
        return NULL;
    }
    if (k != NETWORK && with->spec.own_users) {
        err_set(e, -EPERM, "%s: '%s' has users of its own, which '%s' has not", what, with->id,
                g->id);
        return NULL;
    }
    return with;
}

int share_plan(const struct broker *b, const struct guest *g, struct zygote_wish *wish,
               struct err *e)
{
    if (g->spec.pid_of[0] && !landlock_is_there())
        return err_set(e, -ENOTSUP,
                       "PID namespace of '%.128s': this kernel has no Landlock, and nothing else"
                       " keeps services of one user from each other's memory",
                       g->spec.pid_of);
    wish->namespaces = CLONE_NEWNS | (g->spec.host_uts ? 0 : CLONE_NEWUTS);
    for (size_t k = 0; k < SHARED; k++) {
        const char *of = home_of(&g->spec, k);
        const struct guest *with;

        if (of[0] == '\0')
            wish->namespaces |= (uint64_t) shared[k].flag;
        if (of[0] == '\0' || strcmp(of, SPEC_HOST) == 0)
            continue;
        with = find_landlord(b, g, k, e);
        if (!with)
            return e->code;
        wish->enter[wish->n_enter].whose = with->pidfd;
        wish->enter[wish->n_enter++].which = shared[k].flag;
    }
    return 0;
}

struct guest *share_evicts(const struct broker *b, const struct guest *g)
{
    struct guest *with = NULL;

    if (g->spec.pid_of[0] != '\0')
        HASH_FIND_STR(b->guests, g->spec.pid_of, with);
    return with && with->state == GUEST_RUNNING && guest_is_ending(with) ? with : NULL;
}

/* ---- shared memory ---- */

/* A detached copy of the mount, on which nothing is executed. */
static int copy_mount(void)
{
    const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                  .resolve = RESOLVE_NO_SYMLINKS };
    struct mount_attr attr = { .attr_set =
                                   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
    auto_fd at = (int) syscall(SYS_openat2, AT_FDCWD, SHARED_MEMORY, &how, sizeof how);
    auto_fd tree =
        at < 0 ? -1 : open_tree(at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        return -errno;
    return take_fd(&tree);
}

/* Whoever enters a mount namespace loses its root directory: that is for a process of its own. */
static _Noreturn void copy_there(int target, int socket)
{
    int tree = setns(target, CLONE_NEWNS) < 0 ? -errno : copy_mount();
    int error = tree < 0 ? -tree : 0;

    (void) fdpass_send(socket, &error, sizeof error, &tree, tree < 0 ? 0 : 1);
    _exit(0);
}

static int copy_mount_of(int target)
{
    int pair[2], fds[FDPASS_MAX], error = EIO;
    size_t n = 0;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    auto_fd ours = pair[0], theirs = pair[1];
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        copy_there(target, theirs);
    close(take_fd(&theirs));
    if (fdpass_recv(ours, &error, sizeof error, fds, &n) != sizeof error || n > 1)
        error = EIO;
    (void) waitpid(pid, NULL, 0);
    if (error == 0 && n == 1)
        return fds[0];
    fdpass_close(fds, n);
    return error ? -error : -EIO;
}

int share_memory(const struct broker *b, const struct guest *g, int *tree, struct err *e)
{
    const char *of = home_of(&g->spec, IPC);
    const struct guest *with;
    int copy;

    *tree = -1;
    if (of[0] == '\0')
        return 0;
    if (strcmp(of, SPEC_HOST) == 0) {
        copy = copy_mount();
    } else {
        with = find_landlord(b, g, IPC, e);
        if (!with)
            return e->code;
        copy = with->spec.no_shm ? -ENOENT : copy_mount_of(with->pidfd);
    }
    if (copy < 0)
        return err_set(e, copy, SHARED_MEMORY " of '%.128s': %s", of, strerror(-copy));
    *tree = copy;
    return 0;
}

int share_sockets(const struct broker *b, const struct guest *g, int *sockets,
                  const struct guest **holder, struct err *e)
{
    const struct guest *with = g->spec.inherits ? find_landlord(b, g, NETWORK, e) : NULL;
    int r;

    *holder = NULL;
    if (!with)
        return g->spec.inherits ? e->code : 0;
    r = listener_fetch(with, sockets, e);
    if (r == 0)
        *holder = with;
    return r;
}
