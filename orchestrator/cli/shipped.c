#include "cli/shipped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

#define BASE ".ipam-orch.base"

/* what of the shipped example does not belong into a project; its tests and sources stay behind */
static const char *const left_out[] = { "node_modules", "tests",      "__pycache__",
                                        "src",          ".gitignore", ".pytest_cache" };
enum {
    TREE_DEPTH_MAX = 12,
    FILE_MAX = 32 * 1024 * 1024,
    SUM_BYTES = 32,
    SUM_TEXT = 2 * SUM_BYTES + 1,
};

char *shipped_directory(void)
{
    return paths_join("%s/examples/ipam", paths_data());
}

static bool is_left_out(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
        if (strcmp(name, left_out[i]) == 0)
            return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int copy_file(const char *from, const char *to, mode_t mode, struct err *e)
{
    auto_free char *data = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, from, FILE_MAX, &data, &len);

    if (r == 0 && access(to, F_OK) < 0)
        r = fsio_write_atomic(AT_FDCWD, to, data, len, mode & 0111 ? 0755 : 0644);
    return r < 0 ? err_set(e, r, "copying %s to %s: %s", from, to, strerror(-r)) : 0;
}

static int copy_tree(const char *from, const char *to, int depth, struct err *e)
{
    auto_dir dir = opendir(from);
    int r = depth > TREE_DEPTH_MAX ? -ELOOP : fsio_mkdir_p(to, 0755);

    if (!dir || r < 0)
        return err_set(e, r < 0 ? r : -errno, "copying %s: %s", from, strerror(r < 0 ? -r : errno));
    for (struct dirent *d; (d = readdir(dir));) {
        auto_free char *source = paths_join("%s/%s", from, d->d_name);
        auto_free char *target = paths_join("%s/%s", to, d->d_name);
        struct stat st;

        if (is_left_out(d->d_name) || lstat(source, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            r = copy_tree(source, target, depth + 1, e);
        else if (S_ISREG(st.st_mode))
            r = copy_file(source, target, st.st_mode, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- sums ---- */

static int sum_of(const char *path, char out[SUM_TEXT])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    auto_free char *data = NULL;
    unsigned n = 0;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, FILE_MAX, &data, &len);

    if (r < 0)
        return r;
    if (EVP_Digest(data, len, sum, &n, EVP_sha256(), NULL) != 1)
        return -EIO;
    for (int i = 0; i < SUM_BYTES; i++)
        (void) snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return 0;
}

/* every file of the shipped project, with its path in it */
struct visitor {
    int (*file)(struct visitor *v, const char *path, const char *shipped, struct err *e);
    const char *dir;
    FILE *out;
    const char *base;
    json_t *changes;
};

static int visit(struct visitor *v, const char *top, const char *below, int depth, struct err *e)
{
    auto_free char *from = paths_join("%s%s", top, below);
    auto_dir dir = opendir(from);
    int r = 0;

    if (!dir || depth > TREE_DEPTH_MAX)
        return err_set(e, dir ? -ELOOP : -errno, "reading %s: %s", from,
                       strerror(dir ? ELOOP : errno));
    for (struct dirent *d; r == 0 && (d = readdir(dir));) {
        auto_free char *path = paths_join("%s/%s", below, d->d_name);
        auto_free char *source = paths_join("%s%s", top, path);
        struct stat st;

        if (is_left_out(d->d_name) || lstat(source, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            r = visit(v, top, path, depth + 1, e);
        else if (S_ISREG(st.st_mode))
            r = v->file(v, path + 1, source, e);
    }
    return r;
}

static int note_file(struct visitor *v, const char *path, const char *shipped, struct err *e)
{
    char sum[SUM_TEXT];
    int r = sum_of(shipped, sum);

    if (r < 0)
        return err_set(e, r, "reading %s: %s", shipped, strerror(-r));
    fprintf(v->out, "%s  %s\n", sum, path);
    return 0;
}

int shipped_copy(const char *dir, struct err *e)
{
    auto_free char *top = shipped_directory(), *compose = paths_join("%s/compose.yaml", top);
    auto_free char *list = NULL, *to = paths_join("%s/" BASE, dir);
    struct visitor v = { .file = note_file };
    size_t len = 0;
    int r;

    if (access(compose, F_OK) < 0) {
        err_set(e, -ENOENT, "the project template %s is missing", top);
        err_hint(e, "reinstall the package ipam-orch");
        return err_classify(e, ERR_MISSING);
    }
    r = copy_tree(top, dir, 0, e);
    v.out = r == 0 ? open_memstream(&list, &len) : NULL;
    if (r < 0)
        return r;
    if (!v.out)
        abort();
    r = visit(&v, top, "", 0, e);
    (void) fclose(v.out);
    if (r == 0 && (r = fsio_write_atomic(AT_FDCWD, to, list, len, 0644)) < 0)
        (void) err_set(e, r, "%s: %s", to, strerror(-r));
    return r;
}

/* ---- comparing ---- */

/* the sum that a list has for a path, NULL if none */
static const char *listed(const char *list, const char *path)
{
    size_t n = strlen(path);

    for (const char *line = list; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
        if (strcspn(line, "\n") == SUM_TEXT - 1 + 2 + n &&
            strncmp(line + SUM_TEXT - 1 + 2, path, n) == 0)
            return line;
    return NULL;
}

static void add(json_t *changes, const char *path, const char *change, const char *text)
{
    (void) json_array_append_new(
        changes, json_pack("{s:s,s:s,s:s}", "key", path, "change", change, "text", text));
}

static int compare_file(struct visitor *v, const char *path, const char *shipped, struct err *e)
{
    auto_free char *copy = paths_join("%s/%s", v->dir, path);
    const char *base = listed(v->base, path);
    char now[SUM_TEXT] = "", yours[SUM_TEXT] = "";
    int r = sum_of(shipped, now), there = sum_of(copy, yours);

    if (r < 0)
        return err_set(e, r, "reading %s: %s", shipped, strerror(-r));
    if ((base && strncmp(base, now, SUM_TEXT - 1) == 0) || (there == 0 && strcmp(now, yours) == 0))
        return 0;
    if (there < 0)
        add(v->changes, path, base ? "both" : "added",
            base ? "changed there, and no longer here" : "a file that this project has not");
    else if (base && strncmp(base, yours, SUM_TEXT - 1) == 0)
        add(v->changes, path, "changed", "newer there, and here as it came: it can be replaced");
    else
        add(v->changes, path, "both", "changed there and here: to be merged by hand");
    return 0;
}

int shipped_compare(const char *dir, json_t *changes, struct err *e)
{
    auto_free char *top = shipped_directory(), *list = NULL;
    auto_free char *from = paths_join("%s/" BASE, dir);
    struct visitor v = { .file = compare_file, .dir = dir, .changes = changes };
    int r = fsio_read(AT_FDCWD, from, FILE_MAX, &list, NULL);

    if (r == -ENOENT || access(top, F_OK) < 0)
        return 0;
    if (r < 0)
        return err_set(e, r, "%s: %s", from, strerror(-r));
    v.base = list;
    return visit(&v, top, "", 0, e);
}
