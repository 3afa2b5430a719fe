#include "cli/cleaning.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/paths.h"
#include "cli/documents.h"
#include "cli/storage.h"
#include "model/member.h"

enum { ABANDONED_S = 3600, DEPTH = 4, KEPT_RELEASES = 5, BLOCK = 512 };

bool cleaning_add(struct cleaning *c, const char *kind, const char *name, uint64_t bytes,
                  const char *used)
{
    json_t *item =
        json_pack("{s:s,s:s,s:I}", "kind", kind, "name", name, "bytes", (json_int_t) bytes);

    if (used) {
        (void) json_object_set_new(item, "used", json_string(used));
        c->kept++;
    } else {
        c->n++;
        c->bytes += bytes;
    }
    (void) json_array_append_new(c->items, item);
    return !used && !c->dry_run;
}

static bool is_old(const struct stat *st, uint64_t age_s)
{
    return (uint64_t) st->st_mtime + age_s <= clock_wall_us() / USEC_PER_SEC;
}

/* ---- half-written files ---- */

static bool is_abandoned(const char *name, const struct stat *st)
{
    size_t len = strlen(name), suffix = strlen(FSIO_TEMPORARY);

    return S_ISREG(st->st_mode) && len > suffix &&
           strcmp(name + len - suffix, FSIO_TEMPORARY) == 0 && is_old(st, ABANDONED_S);
}

static void look_below(struct cleaning *c, int dir, const char *path, unsigned depth)
{
    auto_dir list = fdopendir(dir); /* which it closes */
    const struct dirent *entry;

    while (list && (entry = readdir(list))) {
        auto_free char *full = paths_join("%s/%s", path, entry->d_name);
        struct stat st;

        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(list), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < DEPTH) {
            int below =
                openat(dirfd(list), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            if (below >= 0)
                look_below(c, below, full, depth + 1);
        } else if (is_abandoned(entry->d_name, &st) &&
                   cleaning_add(c, "file", full, (uint64_t) st.st_blocks * BLOCK, NULL)) {
            (void) unlinkat(dirfd(list), entry->d_name, 0);
        }
    }
}

void cleaning_files(struct cleaning *c)
{
    char *const places[] = {
        paths_join("%s/manager/projects/%s", paths_state(), c->project),
        paths_join("%s/manager/schedules", paths_state()),
        paths_join("%s/operations/%s", paths_state(), c->project),
        paths_join("%s/%s", paths_log(), c->project),
    };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        int dir = open(places[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (dir >= 0)
            look_below(c, dir, places[i], 0);
        free(places[i]);
    }
}

/* ---- logs ---- */

/* SERVICE.log.N or SERVICE.log.N.gz: N, 0 for anything else */
static uint64_t rotation_of(const char *name)
{
    const char *mark = strstr(name, ".log."), *digits = mark ? mark + strlen(".log.") : "";
    size_t n = strspn(digits, "0123456789");
    char number[16];
    uint64_t out = 0;

    if (n == 0 || n >= sizeof number || (digits[n] != '\0' && strcmp(digits + n, ".gz") != 0))
        return 0;
    memcpy(number, digits, n);
    number[n] = '\0';
    return num_u64(number, UINT32_MAX, &out) == 0 ? out : 0;
}

void cleaning_logs(struct cleaning *c)
{
    auto_free char *path = paths_join("%s/%s", paths_log(), c->project);
    auto_dir list = opendir(path);
    const struct dirent *entry;

    while (list && (entry = readdir(list))) {
        auto_free char *full = paths_join("%s/%s", path, entry->d_name);
        uint64_t number = rotation_of(entry->d_name);
        struct stat st;

        if (number == 0 || number <= (c->has_keep ? c->keep : 0) ||
            fstatat(dirfd(list), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !is_old(&st, c->older_us / USEC_PER_SEC))
            continue;
        if (cleaning_add(c, "log", full, (uint64_t) st.st_blocks * BLOCK, NULL))
            (void) unlinkat(dirfd(list), entry->d_name, 0);
    }
}

/* ---- releases ---- */

struct release {
    char *name;
    struct stat st;
};

static int newer(const void *a, const void *b)
{
    const struct release *x = a, *y = b;

    return (x->st.st_mtime < y->st.st_mtime) - (x->st.st_mtime > y->st.st_mtime);
}

/* its directories, the newest first */
static size_t load_releases(DIR *list, struct release **out)
{
    struct release *all = NULL;
    const struct dirent *entry;
    size_t n = 0;

    while (list && (entry = readdir(list))) {
        struct stat st;

        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(list), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISDIR(st.st_mode))
            continue;
        all = reallocarray(all, n + 1, sizeof *all);
        if (!all)
            abort();
        all[n++] = (struct release){ .name = strdup(entry->d_name), .st = st };
    }
    if (n > 0)
        qsort(all, n, sizeof *all, newer);
    *out = all;
    return n;
}

/* a link beside them leads to it, or a file in it says so */
static const char *keeper_of(int dir, const char *name)
{
    static const char *const links[] = { "current", "previous" };
    auto_free char *pin = paths_join("%s/pinned", name);

    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        char to[256] = "";
        ssize_t n = readlinkat(dir, links[i], to, sizeof to - 1);

        if (n > 0 && strcmp(to, name) == 0)
            return links[i];
    }
    return faccessat(dir, pin, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? "it is pinned" : NULL;
}

void cleaning_releases(struct cleaning *c)
{
    auto_free char *path = paths_join("%s/operations/%s/releases", paths_state(), c->project);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir list = fd < 0 ? NULL : fdopendir(fd);
    struct release *all = NULL;
    size_t n = load_releases(list, &all);

    for (size_t i = 0; i < n; i++) {
        uint64_t bytes = 0;

        if (i >= (c->has_keep ? c->keep : KEPT_RELEASES) &&
            is_old(&all[i].st, c->older_us / USEC_PER_SEC)) {
            (void) storage_bytes(dirfd(list), all[i].name, &bytes);
            if (cleaning_add(c, "release", all[i].name, bytes, keeper_of(dirfd(list), all[i].name)))
                (void) storage_remove(dirfd(list), all[i].name);
        }
        free(all[i].name);
    }
    free(all);
}

/* ---- what is shown ---- */

void cleaning_print(const struct cleaning *c)
{
    char size[NUM_BYTES_TEXT];

    if (c->cli->format == FORMAT_JSON) {
        (void) documents_print(c->project,
                               json_pack("{s:b,s:I,s:O}", "dry_run", c->dry_run, "bytes",
                                         (json_int_t) c->bytes, "items", c->items));
        return;
    }
    for (size_t i = 0; i < json_array_size(c->items); i++) {
        const json_t *one = json_array_get(c->items, i);
        const char *used = member_text(one, "used");

        num_bytes_text((uint64_t) json_integer_value(json_object_get(one, "bytes")), size);
        printf("%-12s %-10s %-10s %s%s%s\n",
               used[0]      ? "in use"
               : c->dry_run ? "would remove"
                            : "removed",
               member_text(one, "kind"), size, member_text(one, "name"),
               used[0] ? ": used by " : "", used);
    }
    num_bytes_text(c->bytes, size);
    printf("%s %zu items, %s", c->dry_run ? "would remove" : "removed", c->n, size);
    if (c->kept > 0)
        printf(", %zu in use stay", c->kept);
    putchar('\n');
}
