#include "logs/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/paths.h"
#include "logs/pack.h"
#include "logs/rotation.h"

static int create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);

    return fd < 0 ? -errno : fd;
}

int log_file_open(struct log_file *f, sd_event *loop, const char *path)
{
    struct stat st;

    f->path = strdup(path);
    f->pack = pack_new(loop, path);
    f->looked_at = UINT64_MAX;
    f->fd = create(path);
    if (f->fd < 0)
        return f->fd;
    if (fstat(f->fd, &st) < 0)
        return -errno;
    f->size = (uint64_t) st.st_size;
    return 0;
}

void log_file_close(struct log_file *f)
{
    pack_free(f->pack);
    if (f->fd >= 0)
        close(f->fd);
    free(f->path);
    *f = LOG_FILE_NONE;
}

void log_file_limit(struct log_file *f, const struct log_spec *spec)
{
    f->spec = *spec;
    if (spec->compress)
        pack_start(f->pack);
}

void log_file_measure(struct log_file *f)
{
    struct stat st;

    if (fstat(f->fd, &st) == 0)
        f->size = (uint64_t) st.st_size;
}

int log_file_cut(struct log_file *f, uint64_t size)
{
    f->looked_at = UINT64_MAX;
    if (ftruncate(f->fd, (off_t) size) < 0)
        return -errno;
    f->size = size;
    return 0;
}

int log_file_check_space(struct log_file *f)
{
    enum { STEP = 1024 * 1024 };
    struct statvfs fs;

    if (f->spec.silent || f->spec.reserve == 0 ||
        (f->size >= f->looked_at && f->size - f->looked_at < STEP))
        return 0;
    f->looked_at = UINT64_MAX;
    if (fstatvfs(f->fd, &fs) < 0)
        return -errno;
    if ((uint64_t) fs.f_bavail * fs.f_frsize < f->spec.reserve)
        return -ENOSPC;
    f->looked_at = f->size;
    return 0;
}

size_t log_file_portion(const struct log_file *f, size_t most)
{
    enum { LEAST = 4096 };
    uint64_t left = f->spec.max_size > f->size ? (f->spec.max_size - f->size) / 2 : 0;

    if (f->spec.max_size == 0 || left > most)
        return most;
    return left > LEAST ? (size_t) left : LEAST;
}

/* the next file is made before the others move: without room for it the present one grows on */
static int replace(const struct log_file *f)
{
    auto_free char *next = paths_join("%s.next", f->path);
    int fd = create(next), r = fd < 0 ? fd : rotation_shift(f->path, f->spec.files);

    if (r == 0 && rename(next, f->path) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        close(fd);
    return r < 0 ? r : fd;
}

bool log_file_rotate(struct log_file *f)
{
    bool was_stuck = f->stuck;
    int fd;

    if (f->spec.max_size == 0 || f->size < f->spec.max_size)
        return false;
    fd = replace(f);
    f->stuck = fd < 0;
    if (fd < 0 && !was_stuck)
        log_line(LOG_WARN, "%s grows beyond its limit, it cannot be rotated: %s", f->path,
                 strerror(-fd));
    if (fd < 0)
        return false;
    close(f->fd);
    f->fd = fd;
    f->size = 0;
    f->looked_at = UINT64_MAX;
    if (f->spec.compress)
        pack_start(f->pack);
    return true;
}
