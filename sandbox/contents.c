#include "sandbox/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "sandbox/place.h"

struct content {
    const struct spec_file *file;
    int source, tree;
};

/* nothing of it reaches the host: the child is in a mount namespace of its own */
static int open_room(const char *where, int *room)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", where, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700,size=64m") < 0)
        return -errno;
    *room = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *room < 0 ? -errno : 0;
}

static int prepare(const struct guest *g, int room, size_t n, struct content *c)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                           MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
    char name[24];
    int r;

    (void) snprintf(name, sizeof name, "%zu", n);
    auto_fd fd = openat(room, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if ((r = fsio_copy(c->source, fd)) < 0)
        return r;
    if (fchown(fd, users_outside(&g->users, c->file->uid), users_outside(&g->users, c->file->gid)) <
            0 ||
        fchmod(fd, c->file->mode) < 0)
        return -errno;
    c->tree = open_tree(room, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (c->tree < 0 || mount_setattr(c->tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        return -errno;
    return 0;
}

/* The instance may have done what it can to the place: only what is still a mounted file of ours
 * is covered. */
static int put(int root, const struct content *c)
{
    auto_fd at = place_open(root, c->file->target, PLACE_EXISTING);
    struct statx s = { 0 };

    if (at < 0)
        return at;
    if (statx(at, "", AT_EMPTY_PATH, STATX_TYPE, &s) < 0)
        return -errno;
    if (!S_ISREG(s.stx_mode) || !(s.stx_attributes & STATX_ATTR_MOUNT_ROOT))
        return -ESTALE;
    return move_mount(c->tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
               ? -errno
               : 0;
}

static int change(const struct guest *g, struct content *list, size_t n, const char *where)
{
    auto_fd room = -1, root = -1;
    int r = open_room(where, &room);

    for (size_t i = 0; i < n && r == 0; i++)
        r = prepare(g, room, i, &list[i]);
    if (r < 0)
        return r;
    if (setns(g->pidfd, CLONE_NEWNS) < 0 ||
        (root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -errno;
    for (size_t i = 0; i < n && r == 0; i++)
        r = put(root, &list[i]);
    return r;
}

static int change_in_child(const struct guest *g, struct content *list, size_t n)
{
    auto_free char *where = guest_path(g, "root");
    int status = 0;
    pid_t child = fork();

    if (child < 0)
        return -errno;
    if (child == 0)
        _exit(-change(g, list, n, where));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* A file that cannot be read at once, or changes meanwhile, would be a way to hold up the broker.
 */
static int check_source(const char *target, int fd, struct err *e)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat st;

    if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
        return err_set(e, -EPERM, "file: '%s' needs a sealed memory file", target);
    if (fstat(fd, &st) < 0 || st.st_size > LIMIT_SECRET)
        return err_set(e, -E2BIG, "file: '%s' has more than %d bytes", target, LIMIT_SECRET);
    return 0;
}

static const struct spec_file *find(const struct spec *s, const char *target)
{
    for (size_t i = 0; i < s->n_files; i++)
        if (strcmp(s->files[i].target, target) == 0)
            return &s->files[i];
    return NULL;
}

static int read_one(const struct guest *g, json_t *json, const int *fds, size_t n_fds,
                    struct content *out, struct err *e)
{
    const char *target = NULL;
    json_error_t why;
    int fd = -1;

    if (json_unpack_ex(json, &why, JSON_STRICT, "{s:s,s:i}", "target", &target, "fd", &fd) < 0)
        return err_set(e, -EINVAL, "files: %s", why.text);
    if (!(out->file = find(&g->spec, target)))
        return err_set(e, -ENOENT, "'%s' has no file '%.128s'", g->id, target);
    if (fd < 0 || (size_t) fd >= n_fds)
        return err_set(e, -EINVAL, "file: '%s' names descriptor %d of %zu", out->file->target, fd,
                       n_fds);
    out->source = fds[fd];
    out->tree = -1;
    return check_source(out->file->target, out->source, e);
}

int contents_change(struct guest *g, const json_t *files, const int *fds, size_t n_fds,
                    struct err *e)
{
    size_t n = json_array_size(files);
    auto_free struct content *list = calloc(n + 1, sizeof *list);
    int r = 0;

    if (!list)
        abort();
    if (n == 0 || n > g->spec.n_files)
        return err_set(e, -EINVAL, "files: 'files' names one to %zu of them", g->spec.n_files);
    if (g->covered + n > LIMIT_COVERED) {
        err_set(e, -EDQUOT, "files of '%s' were renewed %u times, the limit is %d", g->id,
                g->covered, LIMIT_COVERED);
        return err_hint(e, "a restart of the service makes room");
    }
    for (size_t i = 0; i < n && r == 0; i++)
        r = read_one(g, json_array_get(files, i), fds, n_fds, &list[i], e);
    if (r < 0)
        return r;
    g->covered += (unsigned) n;
    if ((r = guest_save_state(g, e)) < 0)
        return r;
    r = change_in_child(g, list, n);
    if (r == -ESTALE)
        return err_set(e, r, "files of '%s': a place where one was is another one now", g->id);
    return r < 0 ? err_set(e, r, "files of '%s': %s", g->id, strerror(-r)) : 0;
}
