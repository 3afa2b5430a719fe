#include "cli/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"

enum { BLOCK = 512, ROOM = 64 * 1024, TRAILER_MAX = 1024 * 1024, SHOWN = 128 };

/* tar(5): offsets in a header */
enum {
    AT_NAME = 0,
    AT_MODE = 100,
    AT_UID = 108,
    AT_GID = 116,
    AT_SIZE = 124,
    AT_MTIME = 136,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_LINK = 157,
    AT_MAGIC = 257,
    ID_LEN = 8,
    LONG_LEN = 12,
    NAME_LEN = 100
};

struct entry {
    char type;
    char name[PATH_MAX], link[PATH_MAX];
    uint64_t size, mode, uid, gid, mtime;
};

struct state {
    const struct unpack *plan;
    struct err *e;
    mode_t mask;
    size_t n, made;
    struct entry entry;
    char shown[SHOWN]; /* its name, as it may be printed */
};

static int fail(struct state *s, int code, const char *why)
{
    return err_set(s->e, code, "%s: %s", s->shown[0] ? s->shown : "the archive", why);
}

/* ---- the stream ---- */

static int read_block(struct state *s, unsigned char *block)
{
    return fread(block, 1, BLOCK, s->plan->from) == BLOCK
               ? 0
               : fail(s, -EPIPE, "the archive ends in the middle");
}

static uint64_t padded(uint64_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* Hands the content of the present entry on, to nobody if `to` is negative. */
static int read_content(struct state *s, int to)
{
    char block[ROOM];
    uint64_t left = s->entry.size, skip = padded(left) - left;

    while (left > 0) {
        size_t want = left < sizeof block ? (size_t) left : sizeof block;

        if (fread(block, 1, want, s->plan->from) != want)
            return fail(s, -EPIPE, "the archive ends in the middle");
        if (to >= 0 && fsio_write_all(to, block, want) < 0)
            return fail(s, -errno, strerror(errno));
        left -= want;
    }
    return fread(block, 1, (size_t) skip, s->plan->from) == skip
               ? 0
               : fail(s, -EPIPE, "the archive ends in the middle");
}

/* octal digits, or a binary number for what they cannot hold */
static int read_number(const unsigned char *field, size_t len, uint64_t *out)
{
    uint64_t n = 0;
    size_t i = 0;

    if (field[0] & 0x80) {
        if (field[0] != 0x80)
            return -EINVAL; /* negative, or far too large */
        for (i = 1; i < len; i++) {
            if (n >> 56)
                return -ERANGE;
            n = n << 8 | field[i];
        }
        *out = n;
        return n > INT64_MAX ? -ERANGE : 0;
    }
    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        n = n << 3 | (uint64_t) (field[i] - '0');
    *out = n;
    return i == len || field[i] == ' ' || field[i] == '\0' ? 0 : -EINVAL;
}

static bool sum_is_right(const unsigned char *block)
{
    uint64_t said = 0, sum = 0;

    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= AT_SUM && i < AT_SUM + ID_LEN ? ' ' : block[i];
    return read_number(block + AT_SUM, ID_LEN, &said) == 0 && said == sum;
}

static void show(struct state *s, const char *name)
{
    size_t n = strnlen(name, SHOWN - 1);

    memcpy(s->shown, name, n);
    s->shown[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char) s->shown[i] < ' ' || s->shown[i] == 0x7f)
            s->shown[i] = '?';
}

static int parse(struct state *s, const unsigned char *block)
{
    struct entry *n = &s->entry;
    uint64_t time = 0;

    if (!sum_is_right(block) || memcmp(block + AT_MAGIC, "ustar", 5) != 0)
        return fail(s, -EBADMSG, "this is no tar archive");
    if (read_number(block + AT_MODE, ID_LEN, &n->mode) < 0 ||
        read_number(block + AT_UID, ID_LEN, &n->uid) < 0 ||
        read_number(block + AT_GID, ID_LEN, &n->gid) < 0 ||
        read_number(block + AT_SIZE, LONG_LEN, &n->size) < 0)
        return fail(s, -EBADMSG, "a number in the archive is not readable");
    n->mtime = read_number(block + AT_MTIME, LONG_LEN, &time) == 0 ? time : 0;
    n->type = (char) block[AT_TYPE];
    if (n->name[0] == '\0')
        memcpy(n->name, block + AT_NAME, NAME_LEN);
    if (n->link[0] == '\0')
        memcpy(n->link, block + AT_LINK, NAME_LEN);
    show(s, n->name);
    return 0;
}

/* a name that has no room in a header comes before it, as a content of its own */
static int read_long(struct state *s, char *out)
{
    size_t len = (size_t) s->entry.size;

    if (s->entry.size >= PATH_MAX)
        return fail(s, -ENAMETOOLONG, "a name in the archive is too long");
    memset(out, 0, PATH_MAX);
    if (fread(out, 1, len, s->plan->from) != len)
        return fail(s, -EPIPE, "the archive ends in the middle");
    for (size_t i = len; i < padded(len); i++)
        if (getc(s->plan->from) == EOF)
            return fail(s, -EPIPE, "the archive ends in the middle");
    return 0;
}

/* 1 with an entry, 0 at the end */
static int next(struct state *s)
{
    static const unsigned char zero[BLOCK];
    unsigned char block[BLOCK];
    char name[PATH_MAX] = "", link[PATH_MAX] = "";
    int r;

    for (;;) {
        s->entry = (struct entry){ 0 };
        memcpy(s->entry.name, name, sizeof name);
        memcpy(s->entry.link, link, sizeof link);
        if ((r = read_block(s, block)) < 0)
            return r;
        if (memcmp(block, zero, BLOCK) == 0)
            return 0;
        if ((r = parse(s, block)) < 0)
            return r;
        if (s->entry.type != 'L' && s->entry.type != 'K')
            return 1;
        if ((r = read_long(s, s->entry.type == 'L' ? name : link)) < 0)
            return r;
    }
}

/* ---- the disk ---- */

/* the name without its first part, below `top`; "" = dir itself */
static int place_of(struct state *s, char out[PATH_MAX])
{
    const char *name = s->entry.name, *slash = strchr(name, '/');
    const char *rest = slash ? slash + 1 : "";
    size_t used = strlen(s->plan->top);

    if (name[0] == '\0' || name[0] == '/' ||
        (strcspn(name, "/") == 2 && strncmp(name, "..", 2) == 0))
        return fail(s, -EPERM, "a name that leads elsewhere");
    memcpy(out, s->plan->top, used + 1);
    while (*rest) {
        size_t len = strcspn(rest, "/");

        if ((len == 2 && strncmp(rest, "..", 2) == 0) || used + len + 2 > PATH_MAX)
            return fail(s, -EPERM, "a name that leads elsewhere");
        if (len > 0 && !(len == 1 && rest[0] == '.')) {
            if (used > 0)
                out[used++] = '/';
            memcpy(out + used, rest, len);
            used += len;
            out[used] = '\0';
        }
        rest += len + (rest[len] == '/');
    }
    return 0;
}

/* the directory a place is in; *name points into `place` */
static int open_parent(struct state *s, char *place, const char **name)
{
    struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
    char *slash = strrchr(place, '/');
    int fd;

    *name = slash ? slash + 1 : place;
    if (slash)
        *slash = '\0';
    fd = (int) syscall(SYS_openat2, s->plan->dir, slash ? place : ".", &how, sizeof how);
    if (fd < 0)
        return fail(s, -errno, errno == ELOOP ? "a symbolic link is in its way" : strerror(errno));
    return fd;
}

static int check_room(struct state *s)
{
    enum { SPARE = 64 * 1024 * 1024 };
    struct statvfs fs;

    if (fstatvfs(s->plan->dir, &fs) < 0)
        return fail(s, -errno, strerror(errno));
    uint64_t room = (uint64_t) fs.f_bavail * fs.f_frsize;
    if (s->entry.size <= (room > SPARE ? room - SPARE : 0))
        return 0;
    return err_set(s->e, -ENOSPC,
                   "%s: it has %" PRIu64 " bytes, the disk has %" PRIu64
                   " left and %d of them are kept free",
                   s->shown, s->entry.size, room, SPARE);
}

static int make_file(struct state *s, int parent, const char *name)
{
    const struct entry *n = &s->entry;
    const struct timespec times[] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = (time_t) n->mtime } };
    int r = check_room(s);

    if (r < 0)
        return r;
    /* what was there is replaced, not written through */
    if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
        return fail(s, -errno, strerror(errno));
    auto_fd fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(s, -errno, strerror(errno));
    if ((r = read_content(s, fd)) < 0)
        return r;
    if ((s->plan->owners && fchown(fd, (uid_t) n->uid, (gid_t) n->gid) < 0) ||
        fchmod(fd, (mode_t) n->mode & 0777 & ~s->mask) < 0)
        return fail(s, -errno, strerror(errno));
    (void) futimens(fd, times);
    return 0;
}

static int make_dir(struct state *s, int parent, const char *name)
{
    const struct entry *n = &s->entry;
    bool fresh = mkdirat(parent, name, 0700) == 0;

    if (!fresh && errno != EEXIST)
        return fail(s, -errno, strerror(errno));
    auto_fd fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(s, -errno, "there is something that is no directory");
    if (!fresh)
        return 0;
    if ((s->plan->owners && fchown(fd, (uid_t) n->uid, (gid_t) n->gid) < 0) ||
        fchmod(fd, ((mode_t) n->mode & 0777 & ~s->mask) | S_IRWXU) < 0)
        return fail(s, -errno, strerror(errno));
    return 0;
}

static int make_link(struct state *s, int parent, const char *name)
{
    const struct entry *n = &s->entry;

    if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
        return fail(s, -errno, strerror(errno));
    if (symlinkat(n->link, parent, name) < 0 ||
        (s->plan->owners &&
         fchownat(parent, name, (uid_t) n->uid, (gid_t) n->gid, AT_SYMLINK_NOFOLLOW) < 0))
        return fail(s, -errno, strerror(errno));
    return 0;
}

static int make(struct state *s)
{
    char type = s->entry.type == '\0' ? '0' : s->entry.type, place[PATH_MAX];
    const char *name = NULL;
    int r = place_of(s, place);

    if (r < 0)
        return r;
    if (s->n++ == 0 && s->plan->directory && type != '5')
        return fail(s, -ENOTDIR, "it is not a directory, and its target is none either");
    if (type != '0' && type != '2' && type != '5') {
        fprintf(stderr, "%s: left out, it is no file, directory or symbolic link\n", s->shown);
        return read_content(s, -1);
    }
    s->made++;
    if (place[0] == '\0')
        return type == '5' ? 0 : fail(s, -ENOTDIR, "it is not a directory");
    auto_fd parent = open_parent(s, place, &name);
    if (parent < 0)
        return parent;
    if (type == '0')
        return make_file(s, parent, name);
    r = type == '5' ? make_dir(s, parent, name) : make_link(s, parent, name);
    return r < 0 ? r : read_content(s, -1);
}

int unpack_run(const struct unpack *u, struct err *e)
{
    struct state s = { .plan = u, .e = e };
    int r, left = TRAILER_MAX;

    s.mask = umask(0);
    (void) umask(s.mask);
    while ((r = next(&s)) > 0) {
        if (s.n == LIMIT_COPY_FILES)
            return err_set(e, -E2BIG, "more than %d files", LIMIT_COPY_FILES);
        if ((r = make(&s)) < 0)
            return r;
    }
    if (r == 0 && s.made == 0)
        return err_set(e, -ENOENT, "nothing was copied");
    while (r == 0 && left-- > 0 && getc(u->from) != EOF)
        ; /* whoever writes the padding is not to find a closed pipe */
    return r;
}
