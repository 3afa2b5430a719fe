/* Parts of a backup other than the database: definition, files, volumes. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/strv.h"
#include "model/project_json.h"
#include "ops/backup_impl.h"
#include "ops/maintenance.h"
#include "ops/tool.h"

#define TOOL_TIMEOUT_US (600 * USEC_PER_SEC)

/* what tar says when a file changed or went while it was read */
enum { TAR_CHANGED = 1 };

static void skip(struct making *m, const char *what, const char *why)
{
    procedure_say(m->p, "left out: %s: %s", what, why);
    (void) json_array_append_new(m->skipped, json_pack("{s:s,s:s}", "what", what, "why", why));
}

/* what a tar writes, as a part */
static int archive(struct making *m, const struct tool *tar, const char *file, const char *what,
                   const char *volume, struct err *e)
{
    struct tool with = *tar;
    struct tool_run run = TOOL_NONE;
    struct part part = { 0 };
    int ends[2] = { -1, -1 };
    int r = flow_pipe(ends, e);

    with.out = ends[1];
    if (r == 0)
        r = backup_part_open(m, file, false, &part, e);
    if (r == 0)
        r = tool_start(m->p, &with, &run, e);
    if (ends[1] >= 0)
        close(ends[1]);
    if (r == 0)
        r = flow_pump(ends[0], part.flow, e);
    if (r == 0)
        r = tool_end(&run, TOOL_TIMEOUT_US, TAR_CHANGED, e);
    if (r == 0)
        r = backup_part_close(m, &part, what, volume, e);
    tool_stop(&run);
    backup_part_stop(&part);
    if (ends[0] >= 0)
        close(ends[0]);
    return r < 0 ? err_wrap(e, "%s", file) : 0;
}

/* ---- configuration ---- */

static int definition(struct making *m, struct err *e)
{
    auto_free char *text = NULL;
    struct part part = { 0 };
    int r = project_to_saved(m->wish->definition, &text, e);

    if (r == 0)
        r = backup_part_open(m, "definition.json", false, &part, e);
    if (r == 0)
        r = flow_write(part.flow, text, strlen(text), e);
    if (r == 0)
        r = backup_part_close(m, &part, "definition", NULL, e);
    backup_part_stop(&part);
    if (text)
        explicit_bzero(text, strlen(text));
    return r;
}

/* a place below the project's directory, relative to it; once */
static void add_path(const struct project *p, const char *path, char ***list)
{
    size_t len = strlen(p->dir);

    if (strncmp(path, p->dir, len) != 0 || path[len] != '/' || path[len + 1] == '\0')
        return;
    for (char **one = *list; one && *one; one++) {
        size_t known = strlen(*one);

        if (strncmp(path + len + 1, *one, known) == 0 &&
            (path[len + 1 + known] == '\0' || path[len + 1 + known] == '/'))
            return;
    }
    if (access(path, R_OK) == 0)
        strv_append(list, path + len + 1);
}

/* the files that say what the project is, and the directories they bind, read-only or not */
static void list_files(const struct project *p, char ***list)
{
    static const char *const names[] = { "compose*.y*ml", "docker-compose*.y*ml", ".env*",
                                         "certs" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        auto_free char *pattern = paths_join("%s/%s", p->dir, names[i]);
        glob_t found = { 0 };

        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t k = 0; k < found.gl_pathc; k++)
                add_path(p, found.gl_pathv[k], list);
        globfree(&found);
    }
    add_path(p, p->database.migrations, list);
    add_path(p, p->database.seeds, list);
    for (size_t i = 0; i < p->n_units; i++)
        for (size_t k = 0; k < p->units[i].n_mounts; k++)
            if (p->units[i].mounts[k].kind == MOUNT_BIND)
                add_path(p, p->units[i].mounts[k].source, list);
}

static int files(struct making *m, const struct project *p, struct err *e)
{
    static const char *const fixed[] = {
        "--create",
        "--file=-",
        "--exclude-vcs",
        "--exclude=node_modules",
        "--exclude=__pycache__",
        "--ignore-failed-read",
        "--null",
        "--verbatim-files-from",
        "--files-from=-",
    };
    auto_free char *dir = paths_join("--directory=%s", p->dir), *text = NULL;
    const char *argv[ARRAY_LEN(fixed) + 3] = { "tar", dir };
    auto_strv list = NULL;
    auto_fd in = -1;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    memcpy(argv + 2, fixed, sizeof fixed);
    list_files(p, &list);
    for (char **one = list; one && *one; one++)
        (void) fwrite(*one, 1, strlen(*one) + 1, out);
    if (fclose(out) != 0)
        abort();
    if (!list) {
        skip(m, "configuration", "no file of it can be read");
        return 0;
    }
    in = fsio_memfd("files", text, len);
    if (in < 0)
        return err_set(e, in, "a file in memory: %s", strerror(-in));
    return archive(m, &(struct tool){ .argv = argv, .in = in, .out = -1 }, "config.tar", "config",
                   NULL, e);
}

int backup_config(struct making *m, struct err *e)
{
    /* Root reads what its own files name.  What the manager has may be another operator's word:
     * it is read only with the rights of whoever has no more than operators have. */
    const struct project *p = m->wish->files   ? m->wish->files
                              : geteuid() == 0 ? NULL
                                               : m->wish->definition;
    int r;

    procedure_say(m->p, "packing the configuration");
    r = definition(m, e);
    if (m->wish->no_files)
        return r;
    if (r == 0 && p)
        r = files(m, p, e);
    else if (r == 0)
        skip(m, "configuration", "the compose file was not found; give -f FILE");
    return r;
}

/* ---- volumes ---- */

/* who has it mounted, and where; the database's are dumped instead */
static const struct unit *user_of(const struct project *p, const struct volume *v,
                                  const char **target, bool *is_database)
{
    const struct unit *found = NULL;

    for (size_t i = 0; i < p->n_units; i++)
        for (size_t k = 0; k < p->units[i].n_mounts; k++) {
            const struct mount *mount = &p->units[i].mounts[k];

            if (mount->kind != MOUNT_VOLUME || strcmp(mount->source, v->name) != 0)
                continue;
            *is_database |= strcmp(p->units[i].name, p->database.unit) == 0;
            found = &p->units[i];
            *target = mount->target;
        }
    return found;
}

/* Redis writes its snapshot beside what it appends to anyway; the copy is then of one moment. */
static int save_redis(const struct making *m, const struct unit *u, struct err *e)
{
    static const char script[] =
        "[ -z \"$1\" ] || { REDISCLI_AUTH=$(cat \"$1\"); export REDISCLI_AUTH; }\n"
        "answer=$(redis-cli -e bgsave) || { echo \"$answer\" >&2; exit 1; }\n"
        "n=0\n"
        "while redis-cli -e info persistence | grep -q '^rdb_bgsave_in_progress:1'; do\n"
        "  n=$((n + 1)); [ $n -lt 3000 ] || { echo 'it does not end' >&2; exit 1; }\n"
        "  sleep 0.1\n"
        "done\n"
        "redis-cli -e info persistence | grep -q '^rdb_last_bgsave_status:ok' ||\n"
        "  { echo 'the snapshot failed' >&2; exit 1; }\n";
    const char *file = "";
    struct tool_run run = TOOL_NONE;
    int r;

    for (size_t i = 0; i < u->n_files; i++)
        if (strcmp(u->files[i].secret, u->health.probe.password_secret) == 0)
            file = u->files[i].target;
    r = tool_start(
        m->p,
        &(struct tool){ .service = u->name,
                        .argv = (const char *const[]){ "/bin/sh", "-c", script, "sh", file, NULL },
                        .name = "bgsave",
                        .in = -1,
                        .out = -1 },
        &run, e);
    if (r == 0)
        r = tool_end(&run, TOOL_TIMEOUT_US, 0, e);
    tool_stop(&run);
    return r;
}

static int volume(struct making *m, const struct volume *v, const struct unit *u,
                  const char *target, struct err *e)
{
    auto_free char *dir = paths_join("--directory=%s", target);
    auto_free char *file = paths_join("volume-%s.tar", v->key);
    const char *const argv[] = {
        "tar", dir, "--create", "--file=-", "--one-file-system", "--warning=no-file-changed",
        ".",   NULL
    };

    procedure_say(m->p, "packing volume '%s' of %s", v->key, u->name);
    if (strcmp(u->recipe, "redis") == 0) {
        int r = save_redis(m, u, e);

        if (r < 0)
            return err_wrap(e, "volume '%s'", v->key);
    }
    return archive(m, &(struct tool){ .service = u->name, .argv = argv, .in = -1, .out = -1 }, file,
                   "volume", v->key, e);
}

static bool runs(const json_t *status, const char *service)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(status, "services"), i, one) {
        const char *name = json_string_value(json_object_get(one, "service"));
        const char *state = json_string_value(json_object_get(one, "state"));

        if (name && state && strcmp(name, service) == 0 && strcmp(state, "up") == 0)
            return true;
    }
    return false;
}

int backup_volumes(struct making *m, struct err *e)
{
    const struct project *p = m->wish->definition;
    json_t *status = NULL;
    int r = procedure_status(m->p, &status, e);

    for (size_t i = 0; r == 0 && i < p->n_volumes; i++) {
        const char *target = "";
        bool is_database = false;
        const struct unit *u = user_of(p, &p->volumes[i], &target, &is_database);

        if (is_database || maintenance_has_volume(p, p->volumes[i].name))
            continue;
        if (!u)
            skip(m, p->volumes[i].key, "no service has it");
        else if (!runs(status, u->name))
            skip(m, p->volumes[i].key, "its service does not run");
        else
            r = volume(m, &p->volumes[i], u, target, e);
    }
    json_decref(status);
    return r;
}
