/* seed: rows that a database is to have to begin with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/operate.h"
#include "model/member.h"
#include "ops/migrate.h"

enum { OPT_SET = 256, OPT_IF_EMPTY, OPT_FORCE, OPT_LIST, OPT_REHEARSE, OPT_NO_BACKUP };

struct input {
    char **sets;
    bool if_empty, force, list, rehearse, no_backup;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_SET: strv_append(&in->sets, arg); return 0;
    case OPT_IF_EMPTY: in->if_empty = true; return 0;
    case OPT_FORCE: in->force = true; return 0;
    case OPT_LIST: in->list = true; return 0;
    case OPT_REHEARSE: in->rehearse = true; return 0;
    case OPT_NO_BACKUP: in->no_backup = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "set", OPT_SET, "NAME", 0,
      "this set, and no other; may be repeated.  Otherwise base and x-ipam-orch.database.seed_sets",
      0 },
    { "if-empty", OPT_IF_EMPTY, NULL, 0, "only where none of its tables has a row", 0 },
    { "force", OPT_FORCE, NULL, 0, "demo data in production too", 0 },
    { "list", OPT_LIST, NULL, 0, "show sets and files, and what was applied", 0 },
    { "rehearse", OPT_REHEARSE, NULL, 0, "on a copy of the database, which is dropped afterwards",
      0 },
    { "no-backup", OPT_NO_BACKUP, NULL, 0, "no snapshot before: what fails half way stays", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Applies the seeds of the project, each file once.  Sets whose names begin with demo, "
           "test or sample are not for production, which a project is whose "
           "x-ipam-orch.environment says nothing else.  When a file fails, the database is as it "
           "was before, and the exit status is 11."
};

static void print_list(const json_t *list)
{
    const json_t *one;
    size_t i;

    if (json_array_size(list) > 0)
        printf("%-12s %-12s %-20s %s\n", "SET", "STATE", "APPLIED (UTC)", "FILE");
    json_array_foreach (list, i, one)
        printf("%-12s %-12s %-20.19s %s\n", member_text(one, "set"), member_text(one, "state"),
               member_text(one, "finished"), member_text(one, "name"));
}

static int show(const struct cli *cli, const struct procedure *p, const struct project *project,
                struct err *e)
{
    json_t *list = NULL;
    int r = migrate_seeds(p, project, &list, e);

    if (r < 0)
        return r;
    if (cli->format == FORMAT_JSON)
        return documents_print(project->name, json_pack("{s:o}", "seeds", list));
    print_list(list);
    json_decref(list);
    return 0;
}

static int apply(const struct cli *cli, const struct input *in, const struct procedure *p,
                 const struct project *project, struct err *e)
{
    struct migrate_request request = { .project = project,
                                       .seeds = true,
                                       .sets = (const char *const *) in->sets,
                                       .if_empty = in->if_empty,
                                       .force = in->force,
                                       .rehearse = in->rehearse,
                                       .no_backup = in->no_backup };
    struct migrate_result done = MIGRATE_NOTHING;
    int r = migrate_run(p, &request, &done, e);

    if (r == 0 && done.seeds > 0 && !in->rehearse)
        procedure_note(p, "seeded",
                       json_pack("{s:s,s:i,s:s}", "service", project->database.unit, "seeds",
                                 (int) done.seeds, "release", project->release));
    if (r == 0 && cli->format == FORMAT_JSON)
        return documents_print(project->name,
                               json_pack("{s:i,s:b,s:o}", "applied", (int) done.seeds, "rehearsal",
                                         in->rehearse, "steps", done.steps));
    if (r == 0)
        printf("%u applied%s\n", done.seeds, in->rehearse ? ", on a copy" : "");
    json_decref(done.steps);
    return r;
}

int cmd_seed(struct cli *cli, int argc, char **argv)
{
    struct operate o = OPERATE_NONE;
    struct project *project = NULL;
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = operate_begin(cli, "seed", NULL, &o, &e);
    if (r == 0)
        r = procedure_definition(&o.procedure, &project, &e);
    if (r == 0)
        r = in.list ? show(cli, &o.procedure, project, &e)
                    : apply(cli, &in, &o.procedure, project, &e);
    project_free(project);
    operate_end(&o, r);
    strv_free(in.sets);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
