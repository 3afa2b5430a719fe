/* clean: what nobody needs any more.  Listed first, with its size; what is in use stays. */
#include <dirent.h>
#include <errno.h>
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
#include "cli/cleaning.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/daemons.h"
#include "cli/operate.h"
#include "cli/options.h"
#include "cli/patience.h"
#include "cli/request.h"
#include "cli/storage.h"
#include "cli/when.h"
#include "compose/load.h"
#include "model/member.h"

enum { OPT_RELEASES = 256, OPT_LOGS, OPT_IMAGES, OPT_VOLUMES, OPT_ALL, OPT_KEEP, OPT_OLDER };

static const struct argp_option options[] = {
    { "releases", OPT_RELEASES, NULL, 0, "releases beyond the last ones too", 0 },
    { "logs", OPT_LOGS, NULL, 0, "rotated logs too", 0 },
    { "images", OPT_IMAGES, NULL, 0, "nothing: native mode has no images", 0 },
    { "volumes", OPT_VOLUMES, NULL, 0, "volumes that no service has too; asks first", 0 },
    { "all", OPT_ALL, NULL, 0, "all of that", 0 },
    { "keep", OPT_KEEP, "NUMBER", 0, "so many releases (5), and rotated logs of a service (0)", 0 },
    { "older", OPT_OLDER, "TIME", 0, "only logs and releases that are older", 0 },
    { "dry-run", 'n', NULL, 0, "only lists", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct cleaning *c = state->input;

    switch (key) {
    case OPT_RELEASES: c->releases = true; return 0;
    case OPT_LOGS: c->logs = true; return 0;
    case OPT_IMAGES: return 0;
    case OPT_VOLUMES: c->volumes = true; return 0;
    case OPT_ALL: c->releases = c->logs = c->volumes = true; return 0;
    case OPT_KEEP:
        if (num_u64(arg, UINT32_MAX, &c->keep) < 0)
            argp_error(state, "--keep needs a number");
        c->has_keep = true;
        return 0;
    case OPT_OLDER: c->older_us = patience_time(arg, state); return 0;
    case 'n': c->dry_run = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what the broker knows ---- */

static int leftovers(struct cleaning *c, struct client *client, struct err *e)
{
    json_t *answer = NULL;
    const json_t *items;
    int r = storage_ask(client, "leftovers", json_pack("{s:b}", "remove", !c->dry_run), &answer, e);

    items = json_object_get(answer, "items");
    for (size_t i = 0; r == 0 && i < json_array_size(items); i++) {
        const json_t *one = json_array_get(items, i);
        const char *used = member_text(one, "used");

        (void) cleaning_add(c, member_text(one, "kind"), member_text(one, "name"), 0,
                            used[0] ? used : NULL);
    }
    json_decref(answer);
    return r;
}

static uint64_t trash_bytes(const char *below, const char *name)
{
    auto_free char *path = paths_join("%s/volumes%s", paths_state(), below);
    auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t bytes = 0;

    if (dir >= 0)
        (void) storage_bytes(dir, name, &bytes);
    return bytes;
}

/* what is over; that the disk is nearly full the broker sees for itself */
static int trash(struct cleaning *c, struct client *client, const json_t *known, struct err *e)
{
    const json_t *list = json_object_get(known, "trash");
    json_int_t now = (json_int_t) (clock_wall_us() / USEC_PER_SEC);
    json_t *answer = NULL;
    int r;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *id = member_text(one, "id");

        if (json_integer_value(json_object_get(one, "until")) <= now)
            (void) cleaning_add(c, "trash", id, trash_bytes("/.trash", id), NULL);
    }
    if (c->dry_run)
        return 0;
    r = storage_ask(client, "trash_expire", NULL, &answer, e);
    json_decref(answer);
    return r;
}

/* the names of the volumes that the project has, as the manager or its files say; NULL: nobody
 * knows */
static json_t *wanted_volumes(const struct cleaning *c, const struct procedure *p,
                              uint64_t *keep_us)
{
    struct load_options load = options_load(c->cli);
    struct warnings warnings = { 0 };
    struct project *project = NULL;
    struct err e = ERR_INIT;
    json_t *names;

    if (procedure_definition(p, &project, &e) < 0 &&
        (load_project(&load, &project, &warnings, &e) < 0 ||
         strcmp(project->name, c->project) != 0)) {
        project_free(project);
        return NULL;
    }
    names = json_array();
    for (size_t i = 0; i < project->n_volumes; i++)
        (void) json_array_append_new(names, json_string(project->volumes[i].name));
    *keep_us = project->trash_us;
    project_free(project);
    return names;
}

static bool is_among(const json_t *names, const char *name)
{
    return storage_is_of("", names, name);
}

/* Of a project whose name begins as this one's does: whatever project was ever changed has a
 * directory of operations. */
static bool is_of_another(const struct cleaning *c, const char *volume)
{
    auto_free char *path = paths_join("%s/operations", paths_state());
    auto_dir list = opendir(path);
    const struct dirent *entry;

    while (list && (entry = readdir(list)))
        if (strlen(entry->d_name) > strlen(c->project) &&
            storage_is_of(entry->d_name, NULL, volume))
            return true;
    return false;
}

static int throw_away(const struct cleaning *c, struct client *client, const char *name,
                      uint64_t keep_us, struct err *e)
{
    json_t *answer = NULL;
    int r = storage_ask(client, "volume_remove",
                        json_pack("{s:s,s:s,s:I}", "volume", name, "project", c->project, "keep_us",
                                  (json_int_t) keep_us),
                        &answer, e);

    json_decref(answer);
    return r;
}

static int volumes(struct cleaning *c, struct client *client, const struct procedure *p,
                   const json_t *known, struct err *e)
{
    const json_t *list = json_object_get(known, "volumes");
    uint64_t keep_us = PROJECT_TRASH_US;
    json_t *wanted = wanted_volumes(c, p, &keep_us);
    int r = 0;

    if (!wanted) {
        err_set(e, -ENOENT, "which volumes '%s' has is not known: its compose file is needed",
                c->project);
        err_hint(e, "ipam-orch -f FILE clean --volumes");
        return err_classify(e, ERR_CONFIG);
    }
    for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = member_text(one, "name");
        bool used = json_is_true(json_object_get(one, "used"));

        if (!storage_is_of(c->project, NULL, name) || is_among(wanted, name) ||
            is_of_another(c, name))
            continue;
        if (cleaning_add(c, "volume", name, trash_bytes("", name), used ? "a service" : NULL))
            r = throw_away(c, client, name, keep_us, e);
    }
    json_decref(wanted);
    return r;
}

/* ---- the verb ---- */

static int confirm(struct cleaning *c, struct err *e)
{
    auto_free char *what =
        paths_join("Volumes of '%s' that no service has go into the trash.", c->project);

    if (!c->volumes || c->dry_run)
        return 0;
    return confirm_project(c->cli, c->project, what, "ipam-orch -y clean --volumes", e);
}

static int clean(struct cleaning *c, const struct procedure *p, struct err *e)
{
    auto_client client = NULL;
    json_t *known = NULL;
    int r = daemons_connect(c->cli, &client, e);

    if (r == 0)
        r = storage_ask(client, "volumes", NULL, &known, e);
    if (r == 0)
        r = leftovers(c, client, e);
    if (r == 0)
        r = trash(c, client, known, e);
    if (r == 0 && c->volumes)
        r = volumes(c, client, p, known, e);
    json_decref(known);
    if (r == 0)
        cleaning_files(c);
    if (r == 0 && c->logs)
        cleaning_logs(c);
    if (r == 0 && c->releases)
        cleaning_releases(c);
    return r;
}

int cmd_clean(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Removes what nobody needs any more: ended instances, control groups, records, "
               "networks, interfaces and packet rules of projects that are gone, files that were "
               "abandoned half-written, and what was long enough in the trash.  What is in use "
               "stays, and is told."
    };
    struct cleaning c = { .cli = cli, .items = json_array() };
    struct operate o = OPERATE_NONE;
    auto_free char *project = NULL;
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &c) != 0)
        return ERR_USAGE;
    r = request_name(cli, &project, &e);
    c.project = project;
    if (r == 0)
        r = confirm(&c, &e);
    if (r == 0)
        r = operate_begin_named(cli, project, "clean", NULL, &o, &e);
    if (r == 0)
        r = clean(&c, &o.procedure, &e);
    operate_end(&o, r);
    if (r == 0)
        cleaning_print(&c);
    json_decref(c.items);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
