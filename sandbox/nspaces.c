#include "sandbox/nspaces.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"

static const struct {
    int flag;
    const char *path;
} kinds[] = {
    { CLONE_NEWNET, "/proc/self/ns/net" },
    { CLONE_NEWIPC, "/proc/self/ns/ipc" },
    { CLONE_NEWPID, "/proc/self/ns/pid" },
};
static_assert(ARRAY_LEN(kinds) == NSPACES_KINDS, "a kind has no place");

static void forget(struct nspaces *n)
{
    for (size_t i = 0; i < NSPACES_KINDS; i++)
        if (n->fd[i] >= 0)
            close(take_fd(&n->fd[i]));
}

int nspaces_enter(int target, int mask, struct nspaces *home)
{
    struct nspaces here = NSPACES_NONE;
    int r = 0;

    for (size_t i = 0; i < NSPACES_KINDS && r == 0; i++) {
        if (mask & kinds[i].flag && home->fd[i] < 0)
            here.fd[i] = open(kinds[i].path, O_RDONLY | O_CLOEXEC);
        if (mask & kinds[i].flag && home->fd[i] < 0 && here.fd[i] < 0)
            r = -errno;
    }
    if (r == 0 && setns(target, mask) < 0)
        r = -errno;
    for (size_t i = 0; i < NSPACES_KINDS && r == 0; i++)
        if (here.fd[i] >= 0)
            home->fd[i] = take_fd(&here.fd[i]);
    forget(&here);
    return r;
}

void nspaces_leave(struct nspaces *home)
{
    for (size_t i = 0; i < NSPACES_KINDS; i++)
        if (home->fd[i] >= 0 && setns(home->fd[i], kinds[i].flag) < 0)
            abort();
    forget(home);
}
