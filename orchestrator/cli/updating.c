#include "cli/updating.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/backup_place.h"
#include "ops/plan.h"
#include "ops/update.h"

error_t updating_parse(struct updating *in, int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case 'm': in->message = arg; return 0;
    case UPDATING_CONFIRM: in->confirm_us = patience_time(arg, state); return 0;
    case UPDATING_NO_MIGRATE: in->no_migrate = true; return 0;
    case UPDATING_NO_BACKUP: in->no_backup = true; return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

static void report(const struct cli *cli, const char *project, const struct next *n,
                   const char *from, bool done, uint64_t began_us)
{
    double seconds = (double) (clock_now_us() - began_us) / USEC_PER_SEC;
    json_t *all;

    if (cli->format == FORMAT_JSON) {
        all = next_document(project);
        (void) json_object_set_new(all, "release", json_string(n->release));
        (void) json_object_set_new(all, "from", json_string(from));
        (void) json_object_set_new(all, "changed", json_boolean(done));
        (void) json_object_set_new(all, "seconds", json_real(seconds));
        (void) json_object_set(all, "services", n->plan);
        next_dump(all);
    } else if (!cli->quiet && done) {
        printf("%s: release %s serves%s%s, after %.1f s\n", project, n->release,
               from[0] ? ", before it " : "", from, seconds);
    } else if (!cli->quiet) {
        printf("%s: nothing to do, release %s serves\n", project, n->release);
    }
}

/* of the database, for whoever finds out later that a migration was a mistake */
static int back_up(const struct cli *cli, struct operate *o, const struct project *now,
                   struct err *e)
{
    const struct backup_place_options options = { 0 };
    struct cli named = *cli;
    struct backup_place place = BACKUP_PLACE_NONE;
    auto_free char *name = NULL;
    char sum[FLOW_SUM_TEXT] = "";
    json_t *manifest = NULL;
    int r;

    named.project_name = o->project;
    r = backup_place_open(&named, "update", &options, PLACE_MAKES, &place, e);

    if (r == 0) {
        const struct backup_wish wish = { .definition = now,
                                          .what = BACKUP_DB,
                                          .compress = COMPRESS_GZIP,
                                          .key = place.key,
                                          .label = "before-update",
                                          .tools = VERSION,
                                          .safety = true };

        r = backup_create(&o->procedure, &place.store, &wish, &name, &manifest, sum, e);
    }
    if (r == 0)
        procedure_say(&o->procedure, "backup of the database: %s/%s", place.store.path, name);
    else if (e->hint[0] == '\0')
        err_hint(e, "ipam-orch update --no-backup");
    json_decref(manifest);
    backup_place_close(&place, r);
    return r < 0 ? err_wrap(e, "nothing is updated without a backup") : 0;
}

int updating_run(const struct cli *cli, struct operate *o, const struct next *n,
                 const struct updating *in, struct err *e)
{
    const struct update u = { .verb = in->verb,
                              .next = n->project,
                              .release = n->release,
                              .message = in->message ? in->message : "",
                              .services = (const char *const *) in->services,
                              .back = in->back,
                              .no_migrate = in->no_migrate,
                              .ready_us = in->patience.ready_us,
                              .confirm_us = in->confirm_us };
    char from[RELEASE_ID] = "", before[RELEASE_ID];
    uint64_t began_us = clock_now_us();
    int r = release_current(o->project, from, before, e);
    bool needed = plan_changes(n->plan) || strcmp(from, n->release) != 0;

    if (r == 0 && needed && !in->no_backup && update_migrates(&u))
        r = back_up(cli, o, n->now, e);
    if (r == 0 && needed)
        r = update_run(&o->procedure, &u, e);
    if (r == 0)
        report(cli, o->project, n, from, needed, began_us);
    return r;
}
