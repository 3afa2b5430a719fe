#include "sandbox/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

static int open_root(struct err *e)
{
    auto_free char *path = paths_join("%s/volumes", paths_state());
    struct stat st;
    int r = fsio_mkdir_p(path, 0755);

    if (r < 0)
        return err_set(e, r, "creating %s: %s", path, strerror(-r));
    auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return err_set(e, -EPERM, "%s must belong to root and be writable for nobody else", path);
    return take_fd(&fd);
}

static int create(int root, const char *name, uid_t uid, gid_t gid)
{
    if (mkdirat(root, name, 0700) < 0)
        return -errno;
    auto_fd fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, uid, gid) < 0)
        return -errno;
    return 0;
}

int volume_open(const char *name, uid_t uid, gid_t gid, struct err *e)
{
    static const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    auto_fd root = open_root(e);
    int r;

    if (root < 0)
        return root;
    auto_fd fd = openat(root, name, flags);
    if (fd < 0 && errno == ENOENT) {
        r = create(root, name, uid, gid);
        if (r < 0)
            return err_set(e, r, "creating volume '%s': %s", name, strerror(-r));
        fd = openat(root, name, flags);
    }
    return fd < 0 ? err_set(e, -errno, "volume '%s': %s", name, strerror(errno)) : take_fd(&fd);
}
