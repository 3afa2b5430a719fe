#include "ops/scripts.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"

enum { FILES_MAX = 10000, FILE_BYTES_MAX = 64 * 1024 * 1024, DIGITS_MIN = 4, DIGITS_MAX = 8 };

const char *const script_kind_text[SCRIPT_KIND_COUNT] = { "migration", "seed" };
static_assert(ARRAY_LEN(script_kind_text) == SCRIPT_KIND_COUNT, "a kind has no text");

static const char *const suffixes[SCRIPT_KIND_COUNT] = { ".up.sql", ".sql" };

#define DOWN ".down.sql"

static unsigned version_before(const char *name, const char *suffix)
{
    size_t digits = strspn(name, "0123456789"), len = strlen(name), tail = strlen(suffix);

    if (digits < DIGITS_MIN || digits > DIGITS_MAX || name[digits] != '_' || len <= tail ||
        strcmp(name + len - tail, suffix) != 0)
        return 0;
    return (unsigned) strtoul(name, NULL, 10);
}

unsigned script_version(enum script_kind kind, const char *name)
{
    return version_before(name, suffixes[kind]);
}

static int by_version(const void *a, const void *b)
{
    unsigned x = ((const struct script *) a)->version, y = ((const struct script *) b)->version;

    return (x > y) - (x < y);
}

static char *copy(const char *text)
{
    char *out = strdup(text);

    if (!out)
        abort();
    return out;
}

int scripts_sum(const char *text, size_t len, char out[SCRIPT_SUM], struct err *e)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(text, len, sum, &n, EVP_sha256(), NULL) != 1)
        return err_set(e, -EIO, "SHA-256 is not available");
    for (size_t i = 0; i < n && 2 * i + 2 < SCRIPT_SUM; i++)
        (void) snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return 0;
}

int scripts_text(const struct scripts *s, const char *file, char **text, size_t *len, struct err *e)
{
    int r = fsio_read(s->dir, file, FILE_BYTES_MAX, text, len);

    return r < 0 ? err_set(e, r, "%s/%s: %s", s->path, file, strerror(-r)) : 0;
}

static int list(struct scripts *s, enum script_kind kind, char ***downs, size_t *n_downs,
                struct err *e)
{
    int copy_fd = fcntl(s->dir, F_DUPFD_CLOEXEC, 0);
    auto_dir dir = copy_fd >= 0 ? fdopendir(copy_fd) : NULL;

    if (!dir)
        return err_set(e, -errno, "%s: %s", s->path, strerror(errno));
    rewinddir(dir);
    for (struct dirent *d; (d = readdir(dir));) {
        unsigned version = script_version(kind, d->d_name);

        if (kind == SCRIPT_MIGRATION && version_before(d->d_name, DOWN) > 0) {
            *downs = reallocarray(*downs, *n_downs + 1, sizeof **downs);
            if (!*downs)
                abort();
            (*downs)[(*n_downs)++] = copy(d->d_name);
        }
        if (version == 0)
            continue;
        if (s->n == FILES_MAX)
            return err_set(e, -E2BIG, "%s: more than %d files", s->path, FILES_MAX);
        s->list = reallocarray(s->list, s->n + 1, sizeof *s->list);
        if (!s->list)
            abort();
        s->list[s->n++] = (struct script){ .version = version, .file = copy(d->d_name) };
    }
    return 0;
}

static int complete(struct scripts *s, char **downs, size_t n_downs, struct err *e)
{
    int r = 0;

    if (s->n > 1)
        qsort(s->list, s->n, sizeof *s->list, by_version);
    for (size_t i = 0; r == 0 && i < s->n; i++) {
        auto_free char *text = NULL;
        struct script *one = &s->list[i];
        size_t len = 0;

        if (i > 0 && one->version == one[-1].version) {
            err_set(e, -EINVAL, "%s: %s and %s have the same number", s->path, one[-1].file,
                    one->file);
            return err_classify(e, ERR_CONFIG);
        }
        for (size_t k = 0; k < n_downs && !one->down; k++)
            if (version_before(downs[k], DOWN) == one->version)
                one->down = copy(downs[k]);
        r = scripts_text(s, one->file, &text, &len, e);
        if (r == 0)
            r = scripts_sum(text, len, one->sum, e);
    }
    return r;
}

int scripts_read(const char *path, enum script_kind kind, struct scripts *out, struct err *e)
{
    struct scripts s = SCRIPTS_NONE;
    char **downs = NULL;
    size_t n_downs = 0;
    int r = 0;

    *out = SCRIPTS_NONE;
    if (path[0] == '\0')
        return 0;
    s.path = copy(path);
    s.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s.dir < 0) {
        r = err_set(e, -errno, "%ss: %s: %s", script_kind_text[kind], path, strerror(errno));
        (void) err_classify(e, ERR_CONFIG);
    }
    if (r == 0)
        r = list(&s, kind, &downs, &n_downs, e);
    if (r == 0)
        r = complete(&s, downs, n_downs, e);
    for (size_t i = 0; i < n_downs; i++)
        free(downs[i]);
    free(downs);
    if (r < 0)
        scripts_clear(&s);
    else
        *out = s;
    return r;
}

void scripts_clear(struct scripts *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].file);
        free(s->list[i].down);
    }
    free(s->list);
    free(s->path);
    if (s->dir >= 0)
        close(s->dir);
    *s = SCRIPTS_NONE;
}

const struct script *scripts_find(const struct scripts *s, unsigned version)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].version == version)
            return &s->list[i];
    return NULL;
}
