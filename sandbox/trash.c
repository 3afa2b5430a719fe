/* Volumes that were removed and can be brought back for a while: volumes/.trash/
 * NAME@FROM@UNTIL@PROJECT, in seconds since 1970.  All that is known of one is its name there: one
 * rename(2) puts it there and one takes it back, and a broker that is killed between leaves the one
 * or the other. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/num.h"
#include "sandbox/broker.h"
#include "sandbox/policy.h"
#include "sandbox/volume.h"

/* what is listed fits in one message */
enum { LISTED_MAX = 150 };

#define UNPACK(r, e, ...)                                                                          \
    unpack_result(json_unpack_ex((r)->fields, &why, JSON_STRICT, __VA_ARGS__), &why, e)

static int unpack_result(int failed, const json_error_t *why, struct err *e)
{
    return failed ? err_set(e, -EINVAL, "request: %s", why->text) : 0;
}

struct thrown {
    char id[VOLUME_NAME], name[VOLUME_NAME], project[VOLUME_NAME];
    uint64_t from_s, until_s;
};

/* -EINVAL for what is none */
static int parse(const char *id, struct thrown *out)
{
    char copy[VOLUME_NAME], *rest = copy, *name, *from, *until;

    if (strlen(id) >= sizeof copy)
        return -EINVAL;
    memcpy(copy, id, strlen(id) + 1);
    name = strsep(&rest, "@");
    from = strsep(&rest, "@");
    until = strsep(&rest, "@");
    if (!from || !until || !rest || policy_name("volume", name, NULL) < 0 ||
        policy_name("project", rest, NULL) < 0 || num_u64(from, INT64_MAX, &out->from_s) < 0 ||
        num_u64(until, INT64_MAX, &out->until_s) < 0)
        return -EINVAL;
    (void) snprintf(out->id, sizeof out->id, "%s", id);
    (void) snprintf(out->name, sizeof out->name, "%s", name);
    (void) snprintf(out->project, sizeof out->project, "%s", rest);
    return 0;
}

/* no volume is called so: a name does not begin with a dot */
static int open_trash(int root, struct err *e)
{
    int fd;

    (void) mkdirat(root, ".trash", 0700);
    fd = openat(root, ".trash", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? err_set(e, -errno, "the trash: %s", strerror(errno)) : fd;
}

static int older(const void *a, const void *b)
{
    const struct thrown *x = a, *y = b;

    /* of two in one second the later one is kept longer */
    if (x->from_s == y->from_s)
        return (x->until_s > y->until_s) - (x->until_s < y->until_s);
    return x->from_s > y->from_s ? 1 : -1;
}

/* all that is there, the oldest first; *out is malloc'd */
static size_t load(int trash, struct thrown **out)
{
    int copy = openat(trash, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir dir = copy < 0 ? NULL : fdopendir(copy);
    struct thrown *all = NULL, one;
    const struct dirent *entry;
    size_t n = 0;

    while (dir && (entry = readdir(dir))) {
        if (parse(entry->d_name, &one) < 0)
            continue;
        all = reallocarray(all, n + 1, sizeof *all);
        if (!all)
            abort();
        all[n++] = one;
    }
    if (n > 0)
        qsort(all, n, sizeof *all, older);
    *out = all;
    return n;
}

static int check_unused(const struct broker *b, const char *volume, struct err *e)
{
    for (const struct guest *g = b->guests; g; g = g->hh.next)
        for (size_t i = 0; g->state != GUEST_ENDED && i < g->spec.n_mounts; i++)
            if (g->spec.mounts[i].kind == SPEC_VOLUME &&
                strcmp(g->spec.mounts[i].source, volume) == 0)
                return err_set(e, -EBUSY, "volume '%s' is in use by '%s'", volume, g->id);
    return 0;
}

/* ---- what goes for good ---- */

/* in percent; 100 when nobody knows */
static unsigned free_part(int dir)
{
    struct statvfs st;

    if (fstatvfs(dir, &st) < 0 || st.f_blocks == 0)
        return 100;
    return (unsigned) (st.f_bavail * 100 / st.f_blocks);
}

static bool is_retiring(const struct broker *b)
{
    return b->retirements != NULL;
}

/* What is over, and the oldest one while the disk is nearly full: what is being deleted is waited
 * for before the next one is judged.  The names are added to `gone`. */
static void expire(struct broker *b, int trash, json_t *gone)
{
    unsigned wanted = permit_trash_min_free(b->permit);
    uint64_t now_s = clock_wall_us() / USEC_PER_SEC;
    struct thrown *all = NULL;
    size_t n = load(trash, &all);

    for (size_t i = 0; i < n; i++) {
        bool over = all[i].until_s <= now_s;
        struct err e = ERR_INIT;

        if (!over && (is_retiring(b) || free_part(trash) >= wanted))
            continue;
        log_line(LOG_NOTE, "volume deleted name=%s reason=\"%s\"", all[i].name,
                 over ? "its time in the trash is over" : "the disk is nearly full");
        if (retire_entry(b, trash, all[i].id, NULL, &e) < 0)
            log_err(&e, all[i].id);
        else
            (void) json_array_append_new(gone, json_string(all[i].id));
    }
    free(all);
}

/* ---- requests ---- */

struct refuse {
    const char *volume, *project;
    json_int_t keep_us;
};

static int throw_away(struct broker *b, int root, const struct refuse *v, struct answer *a,
                      struct err *e)
{
    uint64_t from_s = clock_wall_us() / USEC_PER_SEC;
    uint64_t until_s = from_s + (uint64_t) v->keep_us / USEC_PER_SEC;
    auto_fd trash = open_trash(root, e);
    char id[VOLUME_NAME];
    json_t *gone = json_array();
    int r = -EEXIST;

    for (; trash >= 0 && r == -EEXIST; until_s++) { /* twice in a second: a second later */
        (void) snprintf(id, sizeof id, "%s@%llu@%llu@%s", v->volume, (unsigned long long) from_s,
                        (unsigned long long) until_s, v->project);
        r = renameat2(root, v->volume, trash, id, RENAME_NOREPLACE) < 0 ? -errno : 0;
        if (r == 0)
            a->fields = json_pack("{s:s,s:I}", "trash", id, "until", (json_int_t) until_s);
    }
    if (r == 0) {
        log_line(LOG_NOTE, "volume thrown away name=%s id=%s", v->volume, id);
        expire(b, trash, gone);
    }
    json_decref(gone);
    if (trash < 0 || r == -ENOENT)
        return trash < 0 ? trash : 0;
    return r < 0 ? err_set(e, r, "volume '%s': %s", v->volume, strerror(-r)) : 0;
}

int trash_volume_remove(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    struct refuse v = { 0 };
    int result = UNPACK(r, e, "{s:s,s?s,s?I}", "volume", &v.volume, "project", &v.project,
                        "keep_us", &v.keep_us);

    if (result == 0)
        result = policy_name("volume", v.volume, e);
    if (result == 0 && v.keep_us > 0)
        result = policy_name("project", v.project ? v.project : "", e);
    if (result == 0)
        result = check_unused(b, v.volume, e);
    auto_fd root = result < 0 ? result : volume_root(e);
    if (root < 0)
        return root;
    if (v.keep_us > 0)
        return throw_away(b, root, &v, a, e);
    result = retire_entry(b, root, v.volume, r, e);
    if (result == REQUEST_LATER)
        log_line(LOG_NOTE, "volume removed name=%s", v.volume);
    return result == -ENOENT ? 0 : result;
}

static json_t *list_volumes(const struct broker *b, int root, bool *more)
{
    int copy = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir dir = copy < 0 ? NULL : fdopendir(copy);
    json_t *list = json_array();
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        struct err busy = ERR_INIT;

        if (policy_name("volume", entry->d_name, NULL) < 0)
            continue;
        if (json_array_size(list) == LISTED_MAX) {
            *more = true;
            break;
        }
        (void) json_array_append_new(list, json_pack("{s:s,s:b}", "name", entry->d_name, "used",
                                                     check_unused(b, entry->d_name, &busy) < 0));
    }
    return list;
}

static json_t *list_trash(int trash, bool *more)
{
    struct thrown *all = NULL;
    json_t *list = json_array();
    size_t n = load(trash, &all);

    *more |= n > LISTED_MAX;
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        (void) json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:I,s:I}", "id", all[i].id,
                                                     "name", all[i].name, "project", all[i].project,
                                                     "from", (json_int_t) all[i].from_s, "until",
                                                     (json_int_t) all[i].until_s));
    free(all);
    return list;
}

int trash_volumes(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    bool more = false;
    int result = UNPACK(r, e, "{}");
    auto_fd root = result < 0 ? result : volume_root(e);
    auto_fd trash = root < 0 ? root : open_trash(root, e);

    if (trash < 0)
        return trash;
    a->fields = json_pack("{s:o,s:o}", "volumes", list_volumes(b, root, &more), "trash",
                          list_trash(trash, &more));
    (void) json_object_set_new(a->fields, "more", json_boolean(more));
    return 0;
}

/* by its id, or the one of a name that was thrown away last */
static int find(int trash, const char *wanted, struct thrown *out, struct err *e)
{
    struct thrown *all = NULL;
    size_t n = load(trash, &all);
    int r = -ENOENT;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].id, wanted) != 0 && strcmp(all[i].name, wanted) != 0)
            continue;
        *out = all[i];
        r = 0;
    }
    free(all);
    return r < 0 ? err_set(e, r, "there is no volume '%.128s' in the trash", wanted) : 0;
}

/* the one that the request names; *root and *in are the caller's */
static int open_wanted(struct request *r, int *root, int *in, struct thrown *out, struct err *e)
{
    json_error_t why;
    const char *wanted = NULL;
    int result = UNPACK(r, e, "{s:s}", "volume", &wanted);
    auto_fd volumes = result < 0 ? result : volume_root(e);
    auto_fd trash = volumes < 0 ? volumes : open_trash(volumes, e);

    if (trash < 0)
        return trash;
    result = find(trash, wanted, out, e);
    if (result < 0)
        return result;
    *root = take_fd(&volumes);
    *in = take_fd(&trash);
    return 0;
}

int trash_restore(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct thrown found;
    auto_fd root = -1, trash = -1;
    int result = open_wanted(r, &root, &trash, &found, e);

    (void) b;
    if (result < 0)
        return result;
    if (renameat2(trash, found.id, root, found.name, RENAME_NOREPLACE) < 0)
        return errno == EEXIST ? err_set(e, -EEXIST, "there is a volume '%s' again", found.name)
                               : err_set(e, -errno, "volume '%s': %s", found.name, strerror(errno));
    log_line(LOG_NOTE, "volume brought back name=%s id=%s", found.name, found.id);
    a->fields = json_pack("{s:s,s:s}", "volume", found.name, "id", found.id);
    return 0;
}

int trash_purge(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    struct thrown found;
    auto_fd root = -1, trash = -1;
    int result = open_wanted(r, &root, &trash, &found, e);

    (void) a;
    if (result < 0)
        return result;
    log_line(LOG_NOTE, "volume removed name=%s id=%s", found.name, found.id);
    return retire_entry(b, trash, found.id, r, e);
}

int trash_expire(struct broker *b, struct request *r, struct answer *a, struct err *e)
{
    json_error_t why;
    int result = UNPACK(r, e, "{}");
    auto_fd root = result < 0 ? result : volume_root(e);
    auto_fd trash = root < 0 ? root : open_trash(root, e);
    json_t *gone;

    if (trash < 0)
        return trash;
    gone = json_array();
    expire(b, trash, gone);
    a->fields = json_pack("{s:o}", "deleted", gone);
    return 0;
}
