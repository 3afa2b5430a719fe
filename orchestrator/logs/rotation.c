#include "logs/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/paths.h"

char *rotation_name(const char *path, unsigned n)
{
    return n > 0 ? paths_join("%s.%u", path, n) : paths_join("%s", path);
}

/* a file that is not there was moved by whoever was killed before it made the next one */
static int move(const char *from, const char *to)
{
    return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

int rotation_shift(const char *path, unsigned files)
{
    int r = 0;

    for (unsigned n = files - 1; n > 0 && r == 0; n--) {
        auto_free char *older = rotation_name(path, n), *newer = rotation_name(path, n - 1);

        r = move(newer, older);
    }
    if (r == 0 && files < 2 && unlink(path) < 0 && errno != ENOENT)
        r = -errno;
    /* of a time when more were kept */
    for (unsigned n; r == 0 && (n = rotation_oldest(path)) >= files;) {
        auto_free char *old = rotation_name(path, n);

        r = unlink(old) < 0 ? -errno : 0;
    }
    return r;
}

/* 0 = it is none of `base` */
static unsigned number_of(const char *name, const char *base)
{
    size_t len = strlen(base);
    uint64_t n = 0;

    if (strncmp(name, base, len) != 0 || name[len] != '.' ||
        num_u64(name + len + 1, LIMIT_LOG_FILES, &n) < 0)
        return 0;
    return (unsigned) n;
}

unsigned rotation_oldest(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    auto_free char *dir_path = paths_join("%.*s.", (int) (base - path), path);
    auto_dir dir = opendir(dir_path);
    unsigned oldest = 0;

    for (struct dirent *d; dir && (d = readdir(dir));) {
        unsigned n = number_of(d->d_name, base);

        oldest = n > oldest ? n : oldest;
    }
    return oldest;
}
