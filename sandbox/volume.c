#include "sandbox/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

int volume_root(struct err *e)
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

int volume_open(const char *name, uid_t uid, gid_t gid, bool existing, struct err *e)
{
    static const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    auto_fd root = volume_root(e);
    int r;

    if (root < 0)
        return root;
    auto_fd fd = openat(root, name, flags);
    if (fd < 0 && errno == ENOENT && existing)
        return err_set(e, -ENOENT, "volume '%s' is external and does not exist", name);
    if (fd < 0 && errno == ENOENT) {
        r = create(root, name, uid, gid);
        if (r < 0)
            return err_set(e, r, "creating volume '%s': %s", name, strerror(-r));
        fd = openat(root, name, flags);
    }
    return fd < 0 ? err_set(e, -errno, "volume '%s': %s", name, strerror(errno)) : take_fd(&fd);
}

/* no volume is called so: a name does not begin with a dot */
int volume_retired(struct err *e)
{
    auto_fd root = volume_root(e);
    int fd;

    if (root < 0)
        return root;
    (void) mkdirat(root, ".retired", 0700);
    fd = openat(root, ".retired", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? err_set(e, -errno, "retired volumes: %s", strerror(errno)) : fd;
}

int volume_retire(int from, const char *name, char retired[VOLUME_NAME], struct err *e)
{
    auto_fd to = volume_retired(e);
    int r = -EEXIST;

    if (to < 0)
        return to;
    for (unsigned n = 0; r == -EEXIST; n++) {
        (void) snprintf(retired, VOLUME_NAME, "%s.%u", name, n);
        r = renameat2(from, name, to, retired, RENAME_NOREPLACE) < 0 ? -errno : 0;
    }
    return r < 0 ? err_set(e, r, "volume '%s': %s", name, strerror(-r)) : take_fd(&to);
}
