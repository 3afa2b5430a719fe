#include "logs/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/paths.h"

#define PACKED  ".gz"
#define COMMENT "inode "

char *rotation_name(const char *path, unsigned n)
{
    return n > 0 ? paths_join("%s.%u", path, n) : paths_join("%s", path);
}

char *rotation_packed_name(const char *path, unsigned n)
{
    return paths_join("%s.%u" PACKED, path, n);
}

void rotation_settle(const char *path)
{
    for (unsigned n = rotation_oldest(path); n > 0; n--) {
        auto_free char *plain = rotation_name(path, n), *packed = rotation_packed_name(path, n);

        if (access(packed, F_OK) == 0)
            (void) unlink(plain);
    }
}

char *rotation_comment(int source)
{
    struct stat st = { 0 };

    (void) fstat(source, &st);
    return paths_join(COMMENT "%" PRIu64, (uint64_t) st.st_ino);
}

uint64_t rotation_source(const char *packed)
{
    /* magic, deflate, a comment and no other field, time, flags, system; RFC 1952 */
    static const char magic[] = { 0x1f, (char) 0x8b, 8, 0x10 };
    enum { FIXED = 10 };
    auto_fd fd = open(packed, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char head[64] = { 0 };
    uint64_t inode = 0;

    if (fd < 0 || pread(fd, head, sizeof head - 1, 0) < FIXED ||
        memcmp(head, magic, sizeof magic) != 0 ||
        strncmp(head + FIXED, COMMENT, strlen(COMMENT)) != 0 ||
        num_u64(head + FIXED + strlen(COMMENT), UINT64_MAX, &inode) < 0)
        return 0;
    return inode;
}

/* a file that is not there was moved by whoever was killed before it made the next one */
static int move(const char *from, const char *to)
{
    return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

/* what has the number n - 1 gets n; what had n before goes, in whichever form it is */
static int step(const char *path, unsigned n)
{
    auto_free char *older = rotation_name(path, n), *newer = rotation_name(path, n - 1);
    auto_free char *older_packed = rotation_packed_name(path, n);
    auto_free char *newer_packed = rotation_packed_name(path, n - 1);

    if (n > 1 && access(newer_packed, F_OK) == 0) {
        (void) unlink(older);
        return move(newer_packed, older_packed);
    }
    if (access(newer, F_OK) == 0)
        (void) unlink(older_packed);
    return move(newer, older);
}

int rotation_shift(const char *path, unsigned files)
{
    int r = 0;

    rotation_settle(path);
    for (unsigned n = files - 1; n > 0 && r == 0; n--)
        r = step(path, n);
    if (r == 0 && files < 2 && unlink(path) < 0 && errno != ENOENT)
        r = -errno;
    /* of a time when more were kept */
    for (unsigned n; r == 0 && (n = rotation_oldest(path)) >= files;) {
        auto_free char *old = rotation_name(path, n), *packed = rotation_packed_name(path, n);

        r = unlink(old) < 0 && unlink(packed) < 0 ? -errno : 0;
    }
    return r;
}

/* 0 = it is none of `base` */
static unsigned number_of(const char *name, const char *base)
{
    size_t len = strlen(base), digits;
    uint64_t n = 0;
    char number[16];

    if (strncmp(name, base, len) != 0 || name[len] != '.')
        return 0;
    name += len + 1;
    digits = strspn(name, "0123456789");
    (void) snprintf(number, sizeof number, "%.*s", (int) digits, name);
    if ((name[digits] != '\0' && strcmp(name + digits, PACKED) != 0) ||
        num_u64(number, LIMIT_LOG_FILES, &n) < 0)
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
