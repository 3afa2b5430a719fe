/* Which releases there are, which one serves, and which ones go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/moment.h"
#include "base/paths.h"
#include "model/member.h"
#include "ops/release.h"
#include "ops/tree.h"
#include "ops/workdir.h"

enum { HISTORY_MAX = 16 * 1024 * 1024, META_MAX = 4 * 1024 * 1024 };

static int open_releases(const char *project, int *dir, struct err *e)
{
    return workdir_open(project, "releases", dir, e);
}

/* ---- history ---- */

int release_note(const char *project, const char *id, const char *verb, const char *message,
                 struct err *e)
{
    const struct passwd *pw = getpwuid(getuid());
    json_t *line = json_pack("{s:s,s:I,s:s,s:s,s:s}", "id", id, "time", (json_int_t) time(NULL),
                             "verb", verb, "message", message, "user", pw ? pw->pw_name : "?");
    auto_free char *text = json_dumps(line, JSON_COMPACT);
    auto_fd dir = -1, fd = -1;
    int r = open_releases(project, &dir, e);

    json_decref(line);
    if (r == 0)
        r = workdir_open_at(dir, "history", O_RDWR | O_CREAT | O_APPEND, &fd, e);
    if (r < 0 || !text)
        return r;
    r = fsio_end_line(fd);
    if (r >= 0)
        r = fsio_write_all(fd, text, strlen(text));
    if (r >= 0)
        r = fsio_write_all(fd, "\n", 1);
    if (r >= 0 && (fdatasync(fd) < 0 || fsync(dir) < 0))
        r = -errno;
    MOMENT("noted", verb);
    return r < 0 ? err_set(e, r, "noting which release serves: %s", strerror(-r)) : 0;
}

/* [{..}], the oldest first; what cannot be read is left out */
static json_t *read_history(int dir)
{
    json_t *lines = json_array();
    auto_free char *text = NULL;
    auto_fd fd = -1;
    char *rest;

    if (workdir_open_at(dir, "history", O_RDONLY, &fd, NULL) < 0 ||
        fsio_read_fd(fd, HISTORY_MAX, &text, NULL) < 0)
        return lines;
    rest = text;
    for (const char *line; (line = strsep(&rest, "\n"));) {
        json_t *one = json_loads(line, 0, NULL);

        if (one)
            (void) json_array_append_new(lines, one);
    }
    return lines;
}

static bool exists(int dir, const char *id)
{
    auto_free char *path = paths_join("%s/meta.json", id);

    return id[0] != '\0' && faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void last_two(int dir, const json_t *history, char current[RELEASE_ID],
                     char previous[RELEASE_ID])
{
    current[0] = previous[0] = '\0';
    for (size_t i = json_array_size(history); i > 0; i--) {
        const char *id = member_text(json_array_get(history, i - 1), "id");

        if (current[0] == '\0') {
            (void) snprintf(current, RELEASE_ID, "%s", id);
        } else if (strcmp(id, current) != 0 && exists(dir, id)) {
            (void) snprintf(previous, RELEASE_ID, "%s", id);
            return;
        }
    }
}

int release_current(const char *project, char current[RELEASE_ID], char previous[RELEASE_ID],
                    struct err *e)
{
    auto_fd dir = -1;
    int r = open_releases(project, &dir, e);
    json_t *history;

    if (r < 0)
        return r;
    history = read_history(dir);
    last_two(dir, history, current, previous);
    json_decref(history);
    return 0;
}

/* ---- all of them ---- */

static bool is_id(const char *name)
{
    return name[0] != '\0' && strlen(name) < RELEASE_ID &&
           strspn(name, "0123456789abcdef") == strlen(name);
}

static json_t *read_meta(int dir, const char *id)
{
    auto_free char *path = paths_join("%s/meta.json", id);

    return workdir_read_json(dir, path, META_MAX);
}

static bool is_pinned(int dir, const char *id)
{
    auto_free char *path = paths_join("pins/%s", id);

    return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* when it began to serve last, as the how manieth change, by what and why */
static void add_history(json_t *release, const json_t *history)
{
    const char *id = member_text(release, "id");

    (void) json_object_set_new(release, "served", json_integer(0));
    for (size_t i = json_array_size(history); i > 0; i--) {
        const json_t *line = json_array_get(history, i - 1);

        if (strcmp(member_text(line, "id"), id) != 0)
            continue;
        (void) json_object_set(release, "served", json_object_get(line, "time"));
        (void) json_object_set_new(release, "nth", json_integer((json_int_t) i));
        (void) json_object_set_new(release, "verb", json_string(member_text(line, "verb")));
        (void) json_object_set_new(release, "message", json_string(member_text(line, "message")));
        return;
    }
}

static json_int_t age_of(const json_t *release)
{
    json_int_t made = json_integer_value(json_object_get(release, "time"));
    json_int_t served = json_integer_value(json_object_get(release, "served"));

    return served > made ? served : made;
}

static int by_age(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;

    json_int_t at = age_of(*x), other = age_of(*y);

    /* within one second their order in the history is what counts */
    if (at == other) {
        at = json_integer_value(json_object_get(*x, "nth"));
        other = json_integer_value(json_object_get(*y, "nth"));
    }
    return at < other ? 1 : at > other ? -1 : 0;
}

static json_t *sorted(json_t *list)
{
    size_t n = json_array_size(list);
    auto_free json_t **items = calloc(n + 1, sizeof(json_t *));
    json_t *out = json_array();

    if (!items)
        abort();
    for (size_t i = 0; i < n; i++)
        items[i] = json_array_get(list, i);
    qsort(items, n, sizeof(json_t *), by_age);
    for (size_t i = 0; i < n; i++)
        (void) json_array_append(out, items[i]);
    json_decref(list);
    return out;
}

static json_t *read_all(int dir, const json_t *history)
{
    char current[RELEASE_ID], previous[RELEASE_ID];
    json_t *list = json_array();
    auto_dir entries = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 0));

    last_two(dir, history, current, previous);
    if (entries)
        rewinddir(entries);
    for (const struct dirent *d; entries && (d = readdir(entries));) {
        json_t *meta = is_id(d->d_name) ? read_meta(dir, d->d_name) : NULL;

        if (!meta)
            continue;
        (void) json_object_set_new(meta, "state",
                                   json_string(strcmp(d->d_name, current) == 0    ? "current"
                                               : strcmp(d->d_name, previous) == 0 ? "previous"
                                                                                  : ""));
        (void) json_object_set_new(meta, "pinned", json_boolean(is_pinned(dir, d->d_name)));
        add_history(meta, history);
        (void) json_array_append_new(list, meta);
    }
    return sorted(list);
}

int release_list(const char *project, json_t **out, struct err *e)
{
    auto_fd dir = -1;
    int r = open_releases(project, &dir, e);
    json_t *history;

    if (r < 0)
        return r;
    history = read_history(dir);
    *out = read_all(dir, history);
    json_decref(history);
    return 0;
}

int release_find(const char *project, const char *word, char id[RELEASE_ID], struct err *e)
{
    json_t *list = NULL, *one;
    const char *found = NULL;
    size_t i, n = 0;
    int r = release_list(project, &list, e);

    if (r < 0)
        return r;
    json_array_foreach (list, i, one) {
        const char *name = member_text(one, "id");

        if (strncmp(name, word, strlen(word)) != 0 && strcmp(member_text(one, "label"), word) != 0)
            continue;
        if (!found) /* of several with one label the newest */
            found = name;
        n += strncmp(name, word, strlen(word)) == 0;
    }
    if (found && n <= 1) {
        (void) snprintf(id, RELEASE_ID, "%s", found);
    } else {
        err_set(e, -ENOENT, found ? "several releases begin with '%.64s'" : "no release '%.64s'",
                word);
        err_hint(e, "ipam-orch releases ls");
        r = err_classify(e, ERR_USAGE);
    }
    json_decref(list);
    return r;
}

int release_pin(const char *project, const char *id, bool pinned, struct err *e)
{
    auto_fd pins = -1, fd = -1;
    int r = workdir_open(project, "releases/pins", &pins, e);

    if (r < 0)
        return r;
    if (pinned)
        return workdir_open_at(pins, id, O_WRONLY | O_CREAT, &fd, e);
    return unlinkat(pins, id, 0) < 0 && errno != ENOENT
               ? err_set(e, -errno, "release %s: %s", id, strerror(errno))
               : 0;
}

/* ---- what goes ---- */

static bool is_used(const json_t *status, const char *id)
{
    const json_t *s;
    size_t i;

    json_array_foreach (json_object_get(status, "services"), i, s)
        if (strcmp(member_text(s, "release"), id) == 0 &&
            json_integer_value(json_object_get(s, "pid")) > 0)
            return true;
    return false;
}

/* why it stays; NULL: it may go */
static const char *reason(const json_t *release, const json_t *status)
{
    if (strcmp(member_text(release, "state"), "current") == 0)
        return "it serves";
    if (strcmp(member_text(release, "state"), "previous") == 0)
        return "it is the one before the present one, to which rollback leads";
    if (is_used(status, member_text(release, "id")))
        return "services that run use it";
    return json_is_true(json_object_get(release, "pinned")) ? "it is pinned" : NULL;
}

/* first out of sight, so that half of one is none */
static int remove_one(int dir, const char *id, struct err *e)
{
    auto_free char *gone = paths_join(".gone-%s", id);
    int r = tree_remove(dir, gone, e);

    if (r == 0 && renameat(dir, id, dir, gone) < 0)
        r = err_set(e, -errno, "removing release %s: %s", id, strerror(errno));
    MOMENT("removing", "release");
    return r == 0 ? tree_remove(dir, gone, e) : r;
}

int release_remove(const char *project, const char *id, const json_t *status, struct err *e)
{
    json_t *list = NULL, *one;
    const char *why = NULL;
    auto_fd dir = -1;
    size_t i;
    int r = release_list(project, &list, e);

    if (r == 0)
        r = open_releases(project, &dir, e);
    json_array_foreach (list, i, one)
        if (strcmp(member_text(one, "id"), id) == 0)
            why = reason(one, status);
    if (r == 0 && why) {
        err_set(e, -EBUSY, "release %s stays: %s", id, why);
        r = err_classify(e, ERR_UNSAFE);
    }
    json_decref(list);
    return r == 0 ? remove_one(dir, id, e) : r;
}

/* ".new-PID", unless that process lives: what one that was killed has half made; ".gone-ID" */
static bool is_left_behind(const char *name)
{
    enum { DECIMAL = 10 };
    const char *pid = strncmp(name, ".new-", 5) == 0 ? name + 5 : NULL;

    if (pid)
        return kill((pid_t) strtol(pid, NULL, DECIMAL), 0) < 0 && errno == ESRCH;
    return strncmp(name, ".gone-", 6) == 0;
}

static void sweep(int dir)
{
    auto_dir entries = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 0));

    if (entries)
        rewinddir(entries);
    for (const struct dirent *d; entries && (d = readdir(entries));)
        if (is_left_behind(d->d_name))
            (void) tree_remove(dir, d->d_name, NULL);
}

int release_prune(const char *project, const json_t *status, size_t keep, json_t **removed,
                  struct err *e)
{
    json_t *list = NULL, *one, *gone = json_array();
    auto_fd dir = -1;
    size_t i;
    int r = release_list(project, &list, e);

    if (r == 0)
        r = open_releases(project, &dir, e);
    json_array_foreach (list, i, one) {
        if (r < 0 || i < keep || reason(one, status))
            continue;
        r = remove_one(dir, member_text(one, "id"), e);
        (void) json_array_append(gone, json_object_get(one, "id"));
    }
    json_decref(list);
    if (r == 0)
        sweep(dir);
    if (r == 0 && removed)
        *removed = json_incref(gone);
    json_decref(gone);
    return r;
}
