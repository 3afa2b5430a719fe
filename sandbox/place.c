#include "sandbox/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

/* Something was renamed or mounted while a ".." was looked at: openat2(2) says to ask again. */
static int resolve(int dir, const char *path, struct open_how *how)
{
    enum { TRIES = 64 };
    long fd = -1;

    for (int i = 0; i < TRIES && fd < 0 && (i == 0 || errno == EAGAIN); i++)
        fd = syscall(SYS_openat2, dir, path, how, sizeof *how);
    return fd < 0 ? -errno : (int) fd;
}

static int open_inside(int root, const char *path, unsigned flags)
{
    struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC,
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

    return resolve(root, path, &how);
}

/* opens the directory `path[0..len)`, whose parent is `parent`; creates it if missing */
static int enter(int root, int parent, const char *path, size_t len)
{
    char prefix[PATH_MAX];
    int fd;

    (void) snprintf(prefix, sizeof prefix, "%.*s", (int) len, path);
    fd = open_inside(root, prefix, O_DIRECTORY);
    if (fd != -ENOENT)
        return fd;
    if (mkdirat(parent, strrchr(prefix, '/') + 1, 0755) < 0)
        return -errno;
    return open_inside(root, prefix, O_DIRECTORY);
}

int place_parent(int root, const char *path, const char **name)
{
    auto_fd dir = open_inside(root, "/", O_DIRECTORY);

    if (dir < 0)
        return dir;
    if (path[0] != '/' || strlen(path) >= PATH_MAX)
        return -EINVAL;
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int next = enter(root, dir, path, (size_t) (slash - path));

        if (next < 0)
            return next;
        close(dir);
        dir = next;
    }
    *name = strrchr(path, '/') + 1;
    return take_fd(&dir);
}

int place_open(int root, const char *path, enum place_want want)
{
    int fd = open_inside(root, path, want == PLACE_DIR ? O_DIRECTORY : 0);
    const char *name = NULL;

    if (fd != -ENOENT || want == PLACE_EXISTING)
        return fd;
    auto_fd parent = place_parent(root, path, &name);
    if (parent < 0)
        return parent;
    if (want == PLACE_DIR) {
        if (mkdirat(parent, name, 0755) < 0)
            return -errno;
    } else {
        auto_fd file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (file < 0)
            return -errno;
    }
    return open_inside(root, path, 0);
}

int place_below(int dir, const char *path)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
    auto_fd fd = resolve(dir, path, &how);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? take_fd(&fd) : -ENOTSUP;
}

struct place_name place_name(int fd)
{
    struct place_name p;

    (void) snprintf(p.text, sizeof p.text, "/proc/self/fd/%d", fd);
    return p;
}
