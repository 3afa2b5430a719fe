#include "ops/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "ops/workdir.h"

/* A bind that holds more is data, not a release. */
#define BYTES_MAX (UINT64_C(8) * 1024 * 1024 * 1024)
enum { FILES_MAX = 200000, DEPTH_MAX = 64, CHUNK = 128 * 1024, PERMISSIONS = 07777 };

struct walk {
    struct tree *out;
    const struct tree_copy *copy; /* NULL: it is only read */
    EVP_MD_CTX *sum;
    struct err *e;
};

static int fail(const struct walk *w, const char *path, int code)
{
    return err_set(w->e, code, "%s: %s", path, strerror(-code));
}

static void note(const struct walk *w, const char *text)
{
    (void) EVP_DigestUpdate(w->sum, text, strlen(text) + 1);
}

static void hex(const unsigned char *bytes, unsigned n, char out[TREE_DIGEST])
{
    for (unsigned i = 0; i < n && 2 * i + 2 < TREE_DIGEST; i++)
        (void) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* what a copy is to have besides its content; a service reads it with these */
static int dress(const struct walk *w, const char *path, int fd, const struct stat *st)
{
    const struct timespec times[] = { st->st_atim, st->st_mtim };
    bool readable = st->st_mode & S_IROTH;

    if (fchown(fd, st->st_uid, st->st_gid) < 0 && (errno != EPERM || !readable)) {
        fail(w, path, -errno);
        return err_hint(w->e, "its owner cannot be kept: run it as root");
    }
    if (fchmod(fd, st->st_mode & PERMISSIONS) < 0 || futimens(fd, times) < 0)
        return fail(w, path, -errno);
    return 0;
}

/* ---- files ---- */

static int read_content(struct walk *w, int from, const char *path, char digest[TREE_DIGEST])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    auto_free char *chunk = malloc(CHUNK);
    EVP_MD_CTX *one = EVP_MD_CTX_new();
    ssize_t n = 0;

    if (!chunk || !one || EVP_DigestInit_ex(one, EVP_sha256(), NULL) != 1)
        abort();
    while ((n = read(from, chunk, CHUNK)) > 0) {
        (void) EVP_DigestUpdate(one, chunk, (size_t) n);
        w->out->bytes += (uint64_t) n;
        if (w->out->bytes > BYTES_MAX)
            break;
    }
    (void) EVP_DigestFinal_ex(one, sum, &len);
    EVP_MD_CTX_free(one);
    hex(sum, len, digest);
    if (n < 0)
        return fail(w, path, -errno);
    return n > 0 ? err_set(w->e, -E2BIG, "%s: more than %llu bytes are to be copied", path,
                           (unsigned long long) BYTES_MAX)
                 : 0;
}

static int copy_content(const struct walk *w, int from, int to, const char *path)
{
    ssize_t n;

    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    if (lseek(from, 0, SEEK_SET) < 0)
        return fail(w, path, -errno);
    while ((n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX, 0)) > 0)
        ;
    if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP)) {
        auto_free char *chunk = malloc(CHUNK);

        if (!chunk)
            abort();
        while ((n = read(from, chunk, CHUNK)) > 0)
            if (fsio_write_all(to, chunk, (size_t) n) < 0)
                return fail(w, path, -errno);
    }
    return n < 0 ? fail(w, path, -errno) : 0;
}

/* the same file of an earlier release, if it looks the same to whoever opens it */
static bool link_known(struct walk *w, const char *digest, const struct stat *st, int dir,
                       const char *name)
{
    const struct tree_copy *c = w->copy;
    const char *known = json_string_value(json_object_get(c->known, digest));
    struct stat there;

    if (!known || fstatat(c->known_dir, known, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(there.st_mode) || there.st_mode != st->st_mode || there.st_uid != st->st_uid ||
        there.st_gid != st->st_gid || there.st_size != st->st_size ||
        there.st_mtim.tv_sec != st->st_mtim.tv_sec ||
        there.st_mtim.tv_nsec != st->st_mtim.tv_nsec ||
        linkat(c->known_dir, known, dir, name, 0) < 0)
        return false;
    w->out->shared++;
    return true;
}

static int take_file(struct walk *w, int from_dir, int to_dir, const char *name, const char *path)
{
    auto_fd from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    char digest[TREE_DIGEST] = "";
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0)
        return fail(w, path, -errno);
    r = read_content(w, from, path, digest);
    if (r < 0)
        return r;
    note(w, digest);
    w->out->files++;
    if (w->out->files > FILES_MAX)
        return err_set(w->e, -E2BIG, "%s: more than %d files are to be copied", path, FILES_MAX);
    if (!w->copy)
        return 0;
    (void) json_object_set_new(w->copy->index, digest, json_sprintf("%s/%s", w->copy->name, path));
    if (link_known(w, digest, &st, to_dir, name))
        return 0;
    auto_fd to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return fail(w, path, -errno);
    r = copy_content(w, from, to, path);
    return r < 0 ? r : dress(w, path, to, &st);
}

static int take_link(struct walk *w, int from_dir, int to_dir, const char *name, const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from_dir, name, target, sizeof target - 1);

    if (n < 0)
        return fail(w, path, -errno);
    target[n] = '\0';
    note(w, target);
    return w->copy && symlinkat(target, to_dir, name) < 0 ? fail(w, path, -errno) : 0;
}

/* ---- directories ---- */

static int take(struct walk *w, int from_dir, int to_dir, const char *name, const char *path,
                int depth);

static int is_entry(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int take_entries(struct walk *w, int from, int to, const char *path, int depth)
{
    struct dirent **entries = NULL;
    int n = scandirat(from, ".", &entries, is_entry, by_bytes), r = 0;

    if (n < 0)
        return fail(w, path, -errno);
    for (int i = 0; i < n; i++) {
        char below[PATH_MAX];

        if (r == 0 &&
            snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name) >= (int) sizeof below)
            r = fail(w, path, -ENAMETOOLONG);
        if (r == 0)
            r = take(w, from, to, entries[i]->d_name, below, depth + 1);
        free(entries[i]);
    }
    free(entries);
    note(w, "/");
    return r;
}

static int take_directory(struct walk *w, int from_dir, int to_dir, const char *name,
                          const char *path, int depth)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    auto_fd from = openat(from_dir, name, flags), to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0)
        return fail(w, path, -errno);
    if (depth > DEPTH_MAX)
        return err_set(w->e, -E2BIG, "%s: directories are nested more than %d deep", path,
                       DEPTH_MAX);
    if (w->copy) {
        if (mkdirat(to_dir, name, 0700) < 0 || (to = openat(to_dir, name, flags)) < 0)
            return fail(w, path, -errno);
    }
    r = take_entries(w, from, to, path, depth);
    return r == 0 && w->copy ? dress(w, path, to, &st) : r;
}

static int take(struct walk *w, int from_dir, int to_dir, const char *name, const char *path,
                int depth)
{
    char head[64];
    struct stat st;

    if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(w, path, -errno);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
        return 0;
    /* the name of the whole says nothing */
    note(w, depth == 0 ? "" : name);
    (void) snprintf(head, sizeof head, "%o %u:%u", (unsigned) st.st_mode, (unsigned) st.st_uid,
                    (unsigned) st.st_gid);
    note(w, S_ISLNK(st.st_mode) ? "link" : head);
    if (S_ISREG(st.st_mode))
        return take_file(w, from_dir, to_dir, name, path);
    return S_ISLNK(st.st_mode) ? take_link(w, from_dir, to_dir, name, path)
                               : take_directory(w, from_dir, to_dir, name, path, depth);
}

/* The source itself may be reached through links, as the bind it stands for; what is below not. */
static int walk_from(struct walk *w, const char *path)
{
    auto_free char *real = realpath(path, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int r;

    if (!real || !slash || slash[1] == '\0')
        return fail(w, path, real ? -EINVAL : -errno);
    w->sum = EVP_MD_CTX_new();
    if (!w->sum || EVP_DigestInit_ex(w->sum, EVP_sha256(), NULL) != 1)
        abort();
    *slash = '\0';
    auto_fd parent = open(slash == real ? "/" : real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *name = slash + 1;

    if (parent < 0) {
        r = fail(w, path, -errno);
    } else if (w->copy) {
        /* it is called otherwise there */
        auto_fd inside = -1;

        r = mkdirat(w->copy->to, w->copy->name, 0700) < 0 ? -errno : 0;
        if (r == 0 && ((inside = openat(w->copy->to, w->copy->name,
                                        O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
                       fchmod(inside, WORKDIR_MODE) < 0))
            r = -errno;
        r = r < 0 ? fail(w, w->copy->name, r) : take(w, parent, inside, name, name, 0);
    } else {
        r = take(w, parent, -1, name, name, 0);
    }
    (void) EVP_DigestFinal_ex(w->sum, sum, &len);
    EVP_MD_CTX_free(w->sum);
    hex(sum, len, w->out->digest);
    return r;
}

int tree_read(const char *path, struct tree *out, struct err *e)
{
    struct tree t = { 0 };
    struct walk w = { .out = &t, .e = e };
    int r = walk_from(&w, path);

    if (r == 0)
        *out = t;
    return r;
}

int tree_copy(const char *path, const struct tree_copy *how, struct tree *out, struct err *e)
{
    struct tree t = { 0 };
    struct walk w = { .out = &t, .copy = how, .e = e };
    int r = walk_from(&w, path);

    if (r == 0)
        *out = t;
    return r;
}

static int remove_below(int dir, const char *name, int depth)
{
    struct dirent **entries = NULL;
    int n, r = 0;

    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    if ((errno != EISDIR && errno != EPERM) || depth > DEPTH_MAX + 4)
        return -errno;
    auto_fd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    n = scandirat(fd, ".", &entries, is_entry, by_bytes);
    for (int i = 0; i < n; i++) {
        r = r == 0 ? remove_below(fd, entries[i]->d_name, depth + 1) : r;
        free(entries[i]);
    }
    free(entries);
    if (n < 0 || r < 0)
        return n < 0 ? -errno : r;
    return unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int tree_remove(int dir, const char *name, struct err *e)
{
    int r = remove_below(dir, name, 0);

    return r < 0 ? err_set(e, r, "removing %s: %s", name, strerror(-r)) : 0;
}
