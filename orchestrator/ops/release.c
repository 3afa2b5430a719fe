#include "ops/release.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/moment.h"
#include "base/paths.h"
#include "model/digest.h"
#include "model/member.h"
#include "model/project_json.h"
#include "ops/tree.h"
#include "ops/workdir.h"

enum { ID_DIGITS = 12, CONTENT_DIGITS = 16, FILE_MAX = 64 * 1024 * 1024 };

/* ---- which files ---- */

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_copied(const struct project *p, const struct mount *m)
{
    if (m->kind != MOUNT_BIND || !m->read_only || m->follows || strcmp(m->source, p->dir) == 0 ||
        !is_below(m->source, p->dir) || access(m->source, F_OK) < 0)
        return false;
    for (const char *const *live = p->live; live && *live; live++)
        if (is_below(m->source, *live) || is_below(*live, m->source))
            return false;
    return true;
}

/* [{"from":..}], each path once */
static json_t *list_sources(const struct project *p)
{
    json_t *copies = json_array(), *seen = json_object();

    for (size_t i = 0; i < p->n_units && p->release[0] != '\0'; i++)
        for (size_t k = 0; k < p->units[i].n_mounts; k++) {
            const struct mount *m = &p->units[i].mounts[k];

            if (!is_copied(p, m) || json_object_get(seen, m->source))
                continue;
            (void) json_object_set_new(seen, m->source, json_true());
            (void) json_array_append_new(copies, json_pack("{s:s}", "from", m->source));
        }
    json_decref(seen);
    return copies;
}

static void describe(json_t *copy, const struct tree *t)
{
    (void) json_object_set_new(copy, "digest", json_string(t->digest));
    (void) json_object_set_new(copy, "files", json_integer(t->files));
    (void) json_object_set_new(copy, "bytes", json_integer((json_int_t) t->bytes));
}

static int read_sources(json_t *copies, struct err *e)
{
    json_t *copy;
    size_t i;
    int r = 0;

    json_array_foreach (copies, i, copy) {
        struct tree t;

        r = tree_read(member_text(copy, "from"), &t, e);
        if (r < 0)
            return err_wrap(e, "reading %s", member_text(copy, "from"));
        describe(copy, &t);
    }
    return r;
}

/* ---- its name ---- */

static int name_it(const struct project *p, const json_t *copies, char id[RELEASE_ID],
                   struct err *e)
{
    auto_free char *all = NULL;
    const char *digest = NULL;
    json_t *json = project_to_tree(p), *unit;
    size_t i;
    int r;

    (void) json_object_del(json, "secrets");
    json_array_foreach (json_object_get(json, "units"), i, unit) {
        (void) json_object_del(unit, "digest"); /* which knows the secrets */
        (void) json_object_del(unit, "release");
        (void) json_object_del(unit, "replicas");
    }
    (void) json_object_set(json, "copies", (json_t *) (size_t) copies);
    all = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    if (!all)
        abort();
    r = digest_name(p->arena, all, &digest, e);
    if (r == 0)
        (void) snprintf(id, RELEASE_ID, "%.*s", ID_DIGITS, digest);
    return r;
}

/* ---- using it ---- */

/* what it serves is part of what a unit is */
static int add_content(struct project *p, struct unit *u, const char *content, struct err *e)
{
    const char *digest = NULL;
    int r = content[0] != '\0' ? digest_name(p->arena, content, &digest, e) : 0;

    if (r == 0 && digest)
        u->digest = arena_printf(p->arena, "%s+%.*s", u->digest, CONTENT_DIGITS, digest);
    return r;
}

static int use(struct project *p, const char *id, const json_t *copies, struct err *e)
{
    auto_free char *dir = workdir_path(p->name, "releases");
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n_units; i++) {
        struct unit *u = &p->units[i];
        const char *content = "";

        for (size_t k = 0; k < u->n_mounts; k++) {
            struct mount *m = &u->mounts[k];
            const json_t *copy;
            size_t n;

            json_array_foreach (copies, n, copy) {
                if (m->kind != MOUNT_BIND || !m->read_only ||
                    strcmp(m->source, member_text(copy, "from")) != 0)
                    continue;
                content = arena_printf(p->arena, "%s%s %s\n", content, m->target,
                                       member_text(copy, "digest"));
                m->source =
                    arena_printf(p->arena, "%s/%s/%zu%s", dir, id, n, strrchr(m->source, '/'));
                break;
            }
        }
        u->release = content[0] != '\0' ? arena_strdup(p->arena, id) : "";
        r = add_content(p, u, content, e);
    }
    return r;
}

/* ---- making it ---- */

static int write_json(int dir, const char *name, const json_t *json)
{
    auto_free char *text = json_dumps(json, JSON_INDENT(1));

    return text ? fsio_write_atomic(dir, name, text, strlen(text), WORKDIR_FILE_MODE) : -ENOMEM;
}

static json_t *read_meta(int releases, const char *id)
{
    auto_free char *path = paths_join("%s/meta.json", id);

    return workdir_read_json(releases, path, FILE_MAX);
}

static const char *user_name(void)
{
    const struct passwd *pw = getpwuid(getuid());

    return pw ? pw->pw_name : "?";
}

/* what the newest one has need not be copied */
static void open_known(int releases, const char *project, int *dir, json_t **index)
{
    char current[RELEASE_ID] = "", previous[RELEASE_ID];

    *index = NULL;
    if (release_current(project, current, previous, NULL) < 0 || current[0] == '\0' ||
        workdir_open_at(releases, current, O_RDONLY | O_DIRECTORY, dir, NULL) < 0)
        return;
    *index = workdir_read_json(*dir, "index.json", FILE_MAX);
}

static int copy_sources(int releases, int into, const struct project *p, const json_t *copies,
                        struct err *e)
{
    json_t *index = json_object(), *known = NULL, *copy;
    auto_fd known_dir = -1;
    size_t i;
    int r = 0;

    open_known(releases, p->name, &known_dir, &known);
    json_array_foreach (copies, i, copy) {
        const char *from = member_text(copy, "from");
        char number[24];
        struct tree t;

        (void) snprintf(number, sizeof number, "%zu", i);
        r = tree_copy(from,
                      &(struct tree_copy){ .to = into,
                                           .name = number,
                                           .index = index,
                                           .known = known,
                                           .known_dir = known_dir },
                      &t, e);
        if (r == 0 && strcmp(t.digest, member_text(copy, "digest")) != 0) {
            err_set(e, -EAGAIN, "%s changed while it was copied", from);
            r = err_hint(e, "do it again when nobody writes there");
        }
        MOMENT("copied", from);
        if (r < 0)
            break;
    }
    if (r == 0 && (r = write_json(into, "index.json", index)) < 0)
        err_set(e, r, "writing the index of a release: %s", strerror(-r));
    json_decref(index);
    json_decref(known);
    return r;
}

/* secrets by name: a value that is changed because somebody knows it must not live on here */
static int write_project(int into, const struct project *p, struct err *e)
{
    struct project named = *p;
    auto_free char *text = NULL;
    int r;

    named.secrets = arena_array(p->arena, p->n_secrets + 1, sizeof *named.secrets);
    for (size_t i = 0; i < p->n_secrets; i++)
        named.secrets[i] = (struct secret){ .name = p->secrets[i].name, .value = "" };
    r = project_to_saved(&named, &text, e);
    if (r < 0)
        return r;
    r = fsio_write_atomic(into, "project.json", text, strlen(text), WORKDIR_FILE_MODE);
    return r < 0 ? err_set(e, r, "writing a release: %s", strerror(-r)) : 0;
}

static int fill(int releases, const char *name, const struct project *p, const char *id,
                const json_t *copies, struct err *e)
{
    auto_fd into = -1;
    json_t *meta;
    int r = mkdirat(releases, name, 0700) < 0 ? -errno : 0;

    if (r == 0)
        r = workdir_open_at(releases, name, O_RDONLY | O_DIRECTORY, &into, e);
    if (r == 0 && fchmod(into, WORKDIR_MODE) < 0)
        r = -errno;
    if (r < 0)
        return err_set(e, r, "making a release: %s", strerror(-r));
    r = copy_sources(releases, into, p, copies, e);
    if (r == 0)
        r = write_project(into, p, e);
    if (r < 0)
        return r;
    meta = json_pack("{s:i,s:s,s:s,s:I,s:s,s:O}", "schema", 1, "id", id, "label", p->release,
                     "time", (json_int_t) time(NULL), "user", user_name(), "copies", copies);
    r = write_json(into, "meta.json", meta);
    json_decref(meta);
    if (r == 0 && syncfs(into) < 0)
        r = -errno;
    return r < 0 ? err_set(e, r, "making a release: %s", strerror(-r)) : 0;
}

static int make(int releases, const struct project *p, const char *id, const json_t *copies,
                struct err *e)
{
    char name[32];
    int r;

    (void) snprintf(name, sizeof name, ".new-%d", (int) getpid());
    r = tree_remove(releases, name, e);
    if (r == 0)
        r = fill(releases, name, p, id, copies, e);
    if (r == 0 && renameat(releases, name, releases, id) < 0 && errno != EEXIST &&
        errno != ENOTEMPTY)
        r = err_set(e, -errno, "making a release: %s", strerror(errno));
    if (r == 0 && fsync(releases) < 0)
        r = err_set(e, -errno, "making a release: %s", strerror(errno));
    MOMENT("made", "release");
    (void) tree_remove(releases, name, NULL); /* it failed, or another one was faster */
    return r;
}

int release_name(struct project *p, char id[RELEASE_ID], struct err *e)
{
    json_t *copies = list_sources(p);
    int r = read_sources(copies, e);

    if (r == 0)
        r = name_it(p, copies, id, e);
    if (r == 0)
        r = use(p, id, copies, e);
    json_decref(copies);
    return r;
}

int release_make(struct project *p, char id[RELEASE_ID], struct err *e)
{
    json_t *copies = list_sources(p), *meta;
    auto_fd releases = -1;
    int r = workdir_open(p->name, "releases", &releases, e);

    if (r == 0)
        r = read_sources(copies, e);
    if (r == 0)
        r = name_it(p, copies, id, e);
    if (r == 0) {
        meta = read_meta(releases, id);
        if (!meta)
            r = make(releases, p, id, copies, e);
        json_decref(meta);
    }
    if (r == 0)
        r = use(p, id, copies, e);
    json_decref(copies);
    return r < 0 ? err_wrap(e, "the release of '%s'", p->name) : 0;
}

static const struct secret *find_secret(const struct project *const *known, const char *name)
{
    const struct secret *found = NULL;

    for (; *known && !found; known++)
        found = project_secret(*known, name);
    return found;
}

static int take_secrets(struct project *p, const struct project *const *known, struct err *e)
{
    for (size_t i = 0; known && i < p->n_secrets; i++) {
        const struct secret *now = find_secret(known, p->secrets[i].name);
        char *value;

        if (!now) {
            err_set(e, -ENOKEY, "it needs the secret '%s', which the project no longer has",
                    p->secrets[i].name);
            err_hint(e, "declare the secret in the compose file again, then do it again");
            return err_classify(e, ERR_CONFIG);
        }
        value = arena_alloc(p->arena, now->len + 1);
        memcpy(value, now->value, now->len);
        p->secrets[i].value = value;
        p->secrets[i].len = now->len;
    }
    return 0;
}

int release_load(const char *project, const char *id, const struct project *const *known,
                 struct project **out, struct err *e)
{
    auto_free char *path = paths_join("%s/project.json", id), *text = NULL;
    auto_fd releases = -1, fd = -1;
    struct project *p = NULL;
    json_t *meta = NULL;
    size_t len = 0;
    int r = workdir_open(project, "releases", &releases, e);

    if (r == 0)
        r = workdir_open_at(releases, path, O_RDONLY, &fd, e);
    if (r == 0 && (r = fsio_read_fd(fd, FILE_MAX, &text, &len)) < 0)
        err_set(e, r, "%s: %s", path, strerror(-r));
    if (r == 0 && !(meta = read_meta(releases, id)))
        r = err_set(e, -ENODATA, "release %s cannot be read", id);
    if (r == 0)
        r = project_from_saved(text, len, &p, e);
    if (r == 0)
        r = take_secrets(p, known, e);
    if (r == 0)
        r = digest_units(p, e);
    if (r == 0)
        r = use(p, id, json_object_get(meta, "copies"), e);
    json_decref(meta);
    if (r < 0)
        project_free(p);
    else
        *out = p;
    return r < 0 ? err_wrap(e, "release %s", id) : 0;
}
