#include "base/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/moment.h"

int fsio_read_fd(int fd, size_t max, char **out, size_t *len)
{
    auto_free char *buf = NULL;
    size_t used = 0, room = 0;

    for (;;) {
        if (used == room) {
            char *grown = realloc(buf, (room = room ? room * 2 : 4096) + 1);

            if (!grown)
                return -ENOMEM;
            buf = grown;
        }
        ssize_t n = read(fd, buf + used, room - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t) n;
        if (used > max)
            return -EFBIG;
    }
    buf[used] = '\0';
    if (len)
        *len = used;
    *out = take_ptr(buf);
    return 0;
}

int fsio_read(int dir, const char *path, size_t max, char **out, size_t *len)
{
    struct stat st;
    /* O_NONBLOCK: opening a FIFO without a writer must not hang */
    auto_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_size > 0 && (size_t) st.st_size > max)
        return -EFBIG;
    return fsio_read_fd(fd, max, out, len);
}

int fsio_read_pseudo(int dir, const char *path, size_t max, char **out)
{
    auto_fd fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fsio_read_fd(fd, max, out, NULL);
}

int fsio_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t) n;
    }
    return 0;
}

/* how a file is to be, and how soon on disk */
struct manner {
    mode_t mode;
    bool sync;
    uid_t uid; /* (uid_t) -1: the caller's */
    gid_t gid;
};

static int fill(int fd, const void *data, size_t len, const struct manner *m)
{
    int r = fsio_write_all(fd, data, len);

    if (r < 0)
        return r;
    if (m->uid != (uid_t) -1 && fchown(fd, m->uid, m->gid) < 0)
        return -errno;
    return fchmod(fd, m->mode) < 0 || (m->sync && fsync(fd) < 0) ? -errno : 0;
}

/* the directory of `path`: what was renamed there stays so when the machine stops at once */
static int sync_parent(int dir, const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash ? snprintf(parent, sizeof parent, "%.*s", (int) (slash - path) + 1, path)
                  : snprintf(parent, sizeof parent, ".");
    auto_fd fd = -1;

    if (n < 0 || (size_t) n >= sizeof parent)
        return -ENAMETOOLONG;
    fd = openat(dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int replace(int dir, const char *path, const void *data, size_t len, const struct manner *m)
{
    char temp[PATH_MAX];
    int n = snprintf(temp, sizeof temp, "%s.%d" FSIO_TEMPORARY, path, (int) getpid());

    if (n < 0 || (size_t) n >= sizeof temp)
        return -ENAMETOOLONG;
    auto_fd fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int r = fill(fd, data, len, m);
    MOMENT("writing", path);
    if (r == 0 && renameat(dir, temp, dir, path) < 0)
        r = -errno;
    if (r < 0)
        (void) unlinkat(dir, temp, 0);
    if (r == 0 && m->sync)
        r = sync_parent(dir, path);
    MOMENT("wrote", path);
    return r;
}

int fsio_write_atomic(int dir, const char *path, const void *data, size_t len, mode_t mode)
{
    return replace(dir, path, data, len,
                   &(struct manner){ .mode = mode, .sync = true, .uid = (uid_t) -1 });
}

int fsio_write_owned(int dir, const char *path, const void *data, size_t len,
                     const struct stat *like)
{
    return replace(dir, path, data, len,
                   &(struct manner){ .mode = like->st_mode & 07777u,
                                     .sync = true,
                                     .uid = geteuid() == 0 ? like->st_uid : (uid_t) -1,
                                     .gid = like->st_gid });
}

int fsio_write_volatile(int dir, const char *path, const void *data, size_t len, mode_t mode)
{
    return replace(dir, path, data, len, &(struct manner){ .mode = mode, .uid = (uid_t) -1 });
}

int fsio_sync_entry(const char *path)
{
    return sync_parent(AT_FDCWD, path);
}

int fsio_end_line(int fd)
{
    struct stat st;
    char last = '\n';

    if (fstat(fd, &st) < 0 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1))
        return -errno;
    return last == '\n' ? 0 : fsio_write_all(fd, "\n", 1);
}

int fsio_write_pseudo(int dir, const char *path, const char *text)
{
    auto_fd fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
    size_t len = strlen(text);

    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text, len);
    if (n < 0)
        return -errno;
    return (size_t) n == len ? 0 : -EIO;
}

int fsio_mkdir_p(const char *path, mode_t mode)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof copy)
        return -ENAMETOOLONG;
    memcpy(copy, path, len + 1);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int fsio_memfd(const char *name, const void *data, size_t len)
{
    auto_fd fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int r;

    if (fd < 0)
        return -errno;
    r = fsio_write_all(fd, data, len);
    if (r < 0)
        return r;
    if (lseek(fd, 0, SEEK_SET) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return -errno;
    return take_fd(&fd);
}

int fsio_copy(int from, int to)
{
    struct stat st;
    off_t at = 0;

    if (fstat(from, &st) < 0)
        return -errno;
    while (at < st.st_size) {
        ssize_t n = sendfile(to, from, &at, (size_t) (st.st_size - at));

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
    }
    return 0;
}

int fsio_remove_files(const char *path, const char *suffix)
{
    auto_dir dir = opendir(path);
    size_t end = strlen(suffix);

    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *d; (d = readdir(dir));) {
        size_t len = strlen(d->d_name);

        if (len >= end && strcmp(d->d_name + len - end, suffix) == 0 &&
            unlinkat(dirfd(dir), d->d_name, 0) < 0 && errno != EISDIR)
            return -errno;
    }
    return 0;
}
