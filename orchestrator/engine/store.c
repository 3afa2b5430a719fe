#include "engine/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/paths.h"
#include "model/project_json.h"

#define NEXT "next.json"

static int save(const char *dir, const char *project, const char *file, const char *text,
                bool durable, struct err *e)
{
    auto_free char *folder = paths_join("%s/%s", dir, project);
    auto_free char *path = paths_join("%s/%s", folder, file);
    bool fresh = access(folder, F_OK) < 0;
    int r = fsio_mkdir_p(folder, 0700);

    if (r == 0 && fresh)
        r = fsio_sync_entry(folder);
    if (r == 0)
        r = (durable ? fsio_write_atomic : fsio_write_volatile)(AT_FDCWD, path, text, strlen(text),
                                                                0600);
    return r < 0 ? err_set(e, r, "saving %s: %s", path, strerror(-r)) : 0;
}

static int save_project(const char *dir, const char *file, const struct project *p, struct err *e)
{
    auto_free char *text = NULL;
    int r = project_to_saved(p, &text, e);

    return r < 0 ? r : save(dir, p->name, file, text, true, e);
}

int store_save_project(const char *dir, const struct project *p, struct err *e)
{
    return save_project(dir, "project.json", p, e);
}

int store_save_next(const char *dir, const struct project *p, struct err *e)
{
    return save_project(dir, NEXT, p, e);
}

void store_remove_next(const char *dir, const char *project)
{
    auto_free char *path = paths_join("%s/%s/" NEXT, dir, project);

    (void) unlink(path);
    MOMENT("forgot", NEXT);
}

int store_load_next(const char *dir, const char *project, struct project **out, struct err *e)
{
    auto_free char *path = paths_join("%s/%s/" NEXT, dir, project);
    auto_free char *text = NULL;
    size_t len = 0;
    int r = fsio_read(AT_FDCWD, path, LIMIT_CONTROL_LINE, &text, &len);

    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r))
                 : project_from_saved(text, len, out, e);
}

int store_save_state(const char *dir, const struct deployment *d, bool durable, struct err *e)
{
    json_t *json = deployment_to_json(d);
    auto_free char *text = json_dumps(json, JSON_INDENT(1));

    json_decref(json);
    if (!text)
        abort();
    return save(dir, d->project->name, "state.json", text, durable, e);
}

int store_remove(const char *dir, const char *project, struct err *e)
{
    auto_free char *folder = paths_join("%s/%s", dir, project);
    int r = fsio_remove_files(folder, "");

    if (r == 0 && rmdir(folder) < 0 && errno != ENOENT)
        r = -errno;
    if (r == 0)
        r = fsio_sync_entry(folder);
    return r < 0 ? err_set(e, r, "removing %s: %s", folder, strerror(-r)) : 0;
}

/* What a supervisor that was killed has left: half-written files, half a removal, the beginning of
 * a project that was never launched. */
static bool clean_up(const char *dir, const char *project)
{
    auto_free char *folder = paths_join("%s/%s", dir, project);
    auto_free char *path = paths_join("%s/project.json", folder);
    struct err e = ERR_INIT;
    int r;

    if (access(path, F_OK) < 0 && errno == ENOENT) {
        if (store_remove(dir, project, &e) < 0)
            log_err(&e, "forgetting half a project");
        return false;
    }
    r = fsio_remove_files(folder, FSIO_TEMPORARY);
    if (r < 0)
        log_line(LOG_WARN, "half-written files stay in %s: %s", folder, strerror(-r));
    return true;
}

static int load_one(int dir, const char *name, struct project **project, json_t **state,
                    struct err *e)
{
    auto_free char *project_path = paths_join("%s/project.json", name);
    auto_free char *state_path = paths_join("%s/state.json", name);
    auto_free char *text = NULL, *state_text_ = NULL;
    size_t len = 0;
    int r = fsio_read(dir, project_path, LIMIT_CONTROL_LINE, &text, &len);

    if (r < 0)
        return err_set(e, r, "%s: %s", project_path, strerror(-r));
    r = project_from_saved(text, len, project, e);
    if (r < 0)
        return r;
    /* without a state the broker's list still tells what runs */
    if (fsio_read(dir, state_path, LIMIT_CONTROL_LINE, &state_text_, NULL) == 0)
        *state = json_loads(state_text_, 0, NULL);
    return 0;
}

int store_load(const char *dir_path, const struct store_reader *to, struct err *e)
{
    auto_dir dir = opendir(dir_path);

    if (!dir)
        return errno == ENOENT ? 0 : err_set(e, -errno, "%s: %s", dir_path, strerror(errno));
    for (struct dirent *d; (d = readdir(dir));) {
        struct project *project = NULL;
        struct err why = ERR_INIT;
        json_t *state = NULL;

        if (d->d_name[0] == '.' || !clean_up(dir_path, d->d_name))
            continue;
        if (load_one(dirfd(dir), d->d_name, &project, &state, &why) < 0)
            to->unreadable(to->owner, d->d_name, &why);
        else
            to->each(to->owner, project, state);
        json_decref(state);
    }
    return 0;
}
