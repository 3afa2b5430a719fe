#include "sandbox/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "sandbox/etc.h"
#include "sandbox/policy.h"

/* The root of an instance is read-only for everybody in it; a copy of that mount, which nobody
 * else sees, need not be. */
static int write_inside(int pidfd, const char *text)
{
    struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY };
    const char *name = etc_path(ETC_HOSTS) + 1;
    size_t len = strlen(text);
    auto_fd root = -1, file = -1;

    if (setns(pidfd, CLONE_NEWNS) < 0 ||
        (root = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) < 0 ||
        mount_setattr(root, "", AT_EMPTY_PATH, &writable, sizeof writable) < 0 ||
        (file = openat(root, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        return -errno;
    if (fsio_write_all(file, text, len) < 0 || ftruncate(file, (off_t) len) < 0)
        return -errno;
    return 0;
}

/* a mount namespace can only be left by ending */
static int write_in_child(int pidfd, const char *text)
{
    int status = 0;
    pid_t child = fork();

    if (child < 0)
        return -errno;
    if (child == 0)
        _exit(-write_inside(pidfd, text));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int names_change(struct guest *g, const json_t *hosts, struct err *e)
{
    auto_arena arena = arena_new();
    struct spec now = g->spec;
    auto_free char *text = NULL;
    int r = spec_change_hosts(hosts, arena, &now, e);

    if (r == 0)
        r = policy_hosts(&now, e);
    if (r < 0)
        return r;
    text = etc_text(ETC_HOSTS, &now);
    r = write_in_child(g->pidfd, text);
    if (r < 0)
        return err_set(e, r, "names of '%s': %s", g->id, strerror(-r));
    g->spec.hosts = now.hosts;
    g->spec.n_hosts = now.n_hosts;
    arena_free(g->names_arena);
    g->names_arena = take_ptr(arena);
    return guest_save_spec(g, e);
}
