#include "ops/backup_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/moment.h"
#include "base/paths.h"
#include "ops/workdir.h"

#define UNFINISHED ".tmp"

enum { MANIFEST_MAX = 64 * 1024 * 1024, PRIVATE_FILE = 0600, PRIVATE_DIR = 0700 };

static int failed(int code, const struct backup_store *s, const char *what, struct err *e)
{
    err_set(e, code, "%s in %s: %s", what, s->path, strerror(-code));
    if (code == -ENOSPC || code == -EDQUOT)
        err_hint(e, "ipam-orch backup prune, or -o another directory");
    return err_classify(e, ERR_BACKUP);
}

/* ---- the directory ---- */

static int open_foreign(struct backup_store *s, const char *directory, bool make, struct err *e)
{
    auto_free char *real = NULL;
    int r = make ? fsio_mkdir_p(directory, PRIVATE_DIR) : 0;

    s->path = strdup(directory);
    if (r == 0) {
        s->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = s->dir < 0 ? -errno : 0;
    }
    if (r < 0)
        return failed(r, s, "backups", e);
    real = realpath(directory, NULL);
    if (real) {
        free(s->path);
        s->path = take_ptr(real);
    }
    s->file_mode = PRIVATE_FILE;
    s->dir_mode = PRIVATE_DIR;
    return 0;
}

int backup_store_open(const char *project, const char *directory, bool make,
                      struct backup_store *out, struct err *e)
{
    struct backup_store s = BACKUP_STORE_NONE;
    struct stat st;
    int r;

    s.project = strdup(project);
    if (directory && directory[0] != '\0') {
        r = open_foreign(&s, directory, make, e);
    } else {
        s.path = workdir_path(project, "backups");
        s.file_mode = WORKDIR_FILE_MODE;
        s.dir_mode = WORKDIR_MODE;
        r = workdir_open(project, "backups", &s.dir, e);
    }
    if (r == 0 && fstat(s.dir, &st) < 0)
        r = failed(-errno, &s, "backups", e);
    if (r < 0) {
        backup_store_close(&s);
        return r;
    }
    s.uid = st.st_uid;
    s.gid = st.st_gid;
    *out = s;
    return 0;
}

void backup_store_close(struct backup_store *s)
{
    if (s->dir >= 0)
        close(s->dir);
    free(s->path);
    free(s->project);
    *s = BACKUP_STORE_NONE;
}

static int adopt(const struct backup_store *s, int fd, mode_t mode)
{
    if (geteuid() == 0 && fchown(fd, s->uid, s->gid) < 0)
        return -errno;
    return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* ---- what is there ---- */

static json_t *read_json(const struct backup_store *s, const char *name, const char *file)
{
    auto_free char *path = paths_join("%s/%s", name, file);

    return workdir_read_json(s->dir, path, MANIFEST_MAX);
}

static void add_backup(const struct backup_store *s, const char *name, struct backups *out)
{
    json_t *manifest = read_json(s, name, BACKUP_MANIFEST), *part;
    const char *project = json_string_value(json_object_get(manifest, "project"));
    const char *kind = json_string_value(json_object_get(manifest, "kind"));
    struct backup b = { .manifest = manifest };
    size_t i;

    if (!project || strcmp(project, s->project) != 0) {
        json_decref(manifest);
        return;
    }
    b.name = strdup(name);
    b.verified = read_json(s, name, BACKUP_VERIFIED);
    b.time_s = (uint64_t) json_integer_value(json_object_get(manifest, "time_s"));
    b.safety = kind && strcmp(kind, "safety") == 0;
    json_array_foreach (json_object_get(manifest, "parts"), i, part)
        b.bytes += (uint64_t) json_integer_value(json_object_get(part, "bytes"));
    out->list = reallocarray(out->list, out->n + 1, sizeof *out->list);
    if (!out->list || !b.name)
        abort();
    out->list[out->n++] = b;
}

static int by_time(const void *a, const void *b)
{
    const struct backup *x = a, *y = b;

    if (x->time_s != y->time_s)
        return x->time_s < y->time_s ? 1 : -1;
    return -strcmp(x->name, y->name);
}

static DIR *entries(int dir)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);

    if (!d && copy >= 0)
        close(copy);
    return d;
}

int backup_store_list(const struct backup_store *s, struct backups *out, struct err *e)
{
    auto_dir dir = entries(s->dir);

    *out = (struct backups){ 0 };
    if (!dir)
        return failed(-errno, s, "backups", e);
    for (struct dirent *d; (d = readdir(dir));)
        if (d->d_name[0] != '.')
            add_backup(s, d->d_name, out);
    if (out->n > 1)
        qsort(out->list, out->n, sizeof *out->list, by_time);
    return 0;
}

void backups_clear(struct backups *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->list[i].name);
        json_decref(b->list[i].manifest);
        json_decref(b->list[i].verified);
    }
    free(b->list);
    *b = (struct backups){ 0 };
}

int backups_find(const struct backups *b, const struct backup_store *s, const char *name,
                 const struct backup **out, struct err *e)
{
    bool latest = strcmp(name, "latest") == 0;

    for (size_t i = 0; i < b->n; i++) {
        if (latest ? b->list[i].safety : strcmp(b->list[i].name, name) != 0)
            continue;
        *out = &b->list[i];
        return 0;
    }
    err_set(e, -ENOENT,
            latest ? "there is no backup of '%s' in %s" : "there is no backup '%s' in %s",
            latest ? s->project : name, s->path);
    err_hint(e, latest ? "ipam-orch backup create" : "ipam-orch backup ls");
    return err_classify(e, ERR_BACKUP);
}

/* ---- what goes ---- */

/* a directory of ours has no directories in it */
static int empty(int parent, const char *name)
{
    auto_fd fd = -1;
    int r = workdir_open_at(parent, name, O_RDONLY | O_DIRECTORY, &fd, NULL);
    auto_dir dir = r < 0 ? NULL : entries(fd);

    if (!dir)
        return r < 0 ? r : -errno;
    for (struct dirent *d; r == 0 && (d = readdir(dir));)
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
            unlinkat(fd, d->d_name, 0) < 0)
            r = -errno;
    if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
        r = -errno;
    return r;
}

static void unfinished_name(const char *backup, char out[NAME_MAX + 1])
{
    (void) snprintf(out, NAME_MAX + 1, ".%s" UNFINISHED, backup);
}

void backup_store_sweep(const struct backup_store *s)
{
    auto_free char *start = paths_join(".%s-", s->project);
    auto_dir dir = entries(s->dir);
    size_t tail = sizeof UNFINISHED - 1;

    for (struct dirent *d; dir && (d = readdir(dir));) {
        size_t len = strlen(d->d_name);

        if (strncmp(d->d_name, start, strlen(start)) == 0 && len > tail &&
            strcmp(d->d_name + len - tail, UNFINISHED) == 0)
            (void) empty(s->dir, d->d_name);
    }
}

int backup_store_remove(const struct backup_store *s, const char *name, struct err *e)
{
    char gone[NAME_MAX + 1];
    int r;

    unfinished_name(name, gone);
    r = renameat(s->dir, name, s->dir, gone) < 0 || fsync(s->dir) < 0 ? -errno
                                                                      : empty(s->dir, gone);
    return r < 0 ? failed(r, s, name, e) : 0;
}

/* ---- what comes ---- */

static int make_unfinished(const struct backup_store *s, const char *backup, int *fd)
{
    char name[NAME_MAX + 1];
    int r;

    unfinished_name(backup, name);
    if (mkdirat(s->dir, name, PRIVATE_DIR) < 0 && errno != EEXIST)
        return -errno;
    r = workdir_open_at(s->dir, name, O_RDONLY | O_DIRECTORY, fd, NULL);
    return r < 0 ? r : adopt(s, *fd, s->dir_mode);
}

int backup_store_file(const struct backup_store *s, const char *backup, const char *name, int *fd,
                      struct err *e)
{
    auto_fd made = openat(s->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, PRIVATE_FILE);
    int r = made < 0 ? -errno : 0;

    if (r == -EOPNOTSUPP || r == -EISDIR) {
        auto_fd dir = -1;

        r = make_unfinished(s, backup, &dir);
        if (r == 0) {
            made =
                openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_FILE);
            r = made < 0 ? -errno : 0;
        }
    }
    if (r == 0)
        r = adopt(s, made, s->file_mode);
    if (r < 0)
        return failed(r, s, name, e);
    *fd = take_fd(&made);
    return 0;
}

static int name_file(int dir, const char *name, int fd)
{
    auto_free char *self = paths_join("/proc/self/fd/%d", fd);
    struct stat st;

    if (fsync(fd) < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (st.st_nlink > 0)
        return 0;
    return linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int backup_store_publish(const struct backup_store *s, const char *backup, char *const *names,
                         const int *fds, struct err *e)
{
    char unfinished[NAME_MAX + 1];
    auto_fd dir = -1;
    int r = make_unfinished(s, backup, &dir);

    unfinished_name(backup, unfinished);
    for (size_t i = 0; r == 0 && names[i]; i++)
        r = name_file(dir, names[i], fds[i]);
    if (r == 0 &&
        (fsync(dir) < 0 || renameat2(s->dir, unfinished, s->dir, backup, RENAME_NOREPLACE) < 0 ||
         fsync(s->dir) < 0))
        r = -errno;
    MOMENT("published", "backup");
    return r < 0 ? failed(r, s, backup, e) : 0;
}

int backup_store_read(const struct backup_store *s, const char *backup, const char *file, int *fd,
                      struct err *e)
{
    auto_free char *path = paths_join("%s/%s", backup, file);
    int r = workdir_open_at(s->dir, path, O_RDONLY | O_NONBLOCK, fd, NULL);

    return r < 0 ? failed(r, s, path, e) : 0;
}

int backup_store_add(const struct backup_store *s, const char *backup, const char *file,
                     const json_t *content, struct err *e)
{
    auto_free char *text = json_dumps(content, JSON_INDENT(2));
    auto_fd dir = -1, fd = -1;
    int r = workdir_open_at(s->dir, backup, O_RDONLY | O_DIRECTORY, &dir, NULL);

    if (!text)
        abort();
    if (r == 0)
        r = fsio_write_atomic(dir, file, text, strlen(text), s->file_mode);
    if (r == 0)
        r = workdir_open_at(dir, file, O_RDONLY, &fd, NULL);
    if (r == 0)
        r = adopt(s, fd, s->file_mode);
    return r < 0 ? failed(r, s, file, e) : 0;
}
