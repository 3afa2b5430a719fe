/* migrate: the schema of the project's database, brought forward and back. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/suggest.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/operate.h"
#include "cli/options.h"
#include "compose/load.h"
#include "model/member.h"
#include "ops/migrate.h"
#include "preflight/mysql8.h"

enum { OPT_REHEARSE = 256, OPT_NO_BACKUP, NAME_LEN = 64, FILE_LEN = 128 };

static const struct action {
    const char *word;
    enum migration_goal goal;
    const char *argument; /* NULL: none */
    bool required;
} actions[] = {
    { "status", GOAL_COUNT, NULL, false }, { "up", GOAL_UP, "N", false },
    { "down", GOAL_DOWN, "N", false },     { "to", GOAL_TO, "VERSION", true },
    { "redo", GOAL_REDO, NULL, false },    { "baseline", GOAL_BASELINE, "VERSION", true },
    { "new", GOAL_COUNT, "NAME", true },
};

struct input {
    const struct action *what;
    const char *argument;
    bool rehearse, no_backup;
    unsigned n;
};

static void set_word(struct input *in, const char *word, struct argp_state *state)
{
    const char *known[ARRAY_LEN(actions) + 1] = { NULL }, *near;

    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        known[i] = actions[i].word;
        if (strcmp(word, actions[i].word) == 0)
            in->what = &actions[i];
    }
    near = in->what ? NULL : suggest(word, known);
    if (!in->what)
        argp_error(state, "'%s' is nothing that migrate does%s%s%s", word,
                   near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_REHEARSE: in->rehearse = true; return 0;
    case OPT_NO_BACKUP: in->no_backup = true; return 0;
    case ARGP_KEY_ARG:
        if (!in->what)
            set_word(in, arg, state);
        else if (in->what->argument && !in->argument)
            in->argument = arg;
        else
            argp_error(state, "'%s': one word too many", arg);
        return 0;
    case ARGP_KEY_END:
        if (!in->what)
            argp_error(state, "what? status, up, down, to, redo, baseline or new");
        else if (in->what->required && !in->argument)
            argp_error(state, "%s: %s is missing", in->what->word, in->what->argument);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "rehearse", OPT_REHEARSE, NULL, 0, "on a copy of the database, which is dropped afterwards",
      0 },
    { "no-backup", OPT_NO_BACKUP, NULL, 0,
      "no snapshot before: what fails half way stays half way, and others may write", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "status\nup [N]\ndown [N]\nto VERSION\nredo\nbaseline VERSION\nnew NAME",
    .doc = "Applies numbered SQL files to the database of the project, each once, or takes them "
           "back.  Before anything is changed a snapshot is made; when a file fails, the database "
           "is as it was before, and the exit status is 11."
};

/* ---- new ---- */

static int make_file(int dir, const char *path, const char *file, const char *text, struct err *e)
{
    auto_fd fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int r = fd < 0 ? -errno : fsio_write_all(fd, text, strlen(text));

    if (r < 0)
        return err_set(e, r, "%s/%s: %s", path, file, strerror(-r));
    printf("%s/%s\n", path, file);
    return 0;
}

static int make_files(const struct project *p, const char *name, struct err *e)
{
    const char *path = p->database.migrations;
    struct scripts scripts = SCRIPTS_NONE;
    char up[FILE_LEN], down[FILE_LEN];
    unsigned next;
    int r;

    if (path[0] == '\0') {
        err_set(e, -ENOENT, "x-ipam-orch.database.migrations says no directory");
        return err_classify(e, ERR_CONFIG);
    }
    r = scripts_read(path, SCRIPT_MIGRATION, &scripts, e);
    if (r < 0)
        return r;
    next = scripts.n > 0 ? scripts.list[scripts.n - 1].version + 1 : 1;
    (void) snprintf(up, sizeof up, "%04u_%s.up.sql", next, name);
    (void) snprintf(down, sizeof down, "%04u_%s.down.sql", next, name);
    r = make_file(scripts.dir, path, up, "-- what it changes\n", e);
    if (r == 0)
        r = make_file(scripts.dir, path, down, "-- how that is taken back\n", e);
    scripts_clear(&scripts);
    return r;
}

static int make_new(struct cli *cli, const char *name, struct err *e)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct project *p = NULL;
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    int r;

    if (n == 0 || name[n] != '\0' || n > NAME_LEN) {
        err_set(e, -EINVAL, "'%s': a name has small letters, digits and _, at most %d", name,
                NAME_LEN);
        return err_classify(e, ERR_USAGE);
    }
    r = load_project(&load, &p, &warnings, e);
    if (r == 0)
        r = make_files(p, name, e);
    project_free(p);
    return r;
}

/* ---- what there is, what was done ---- */

static void print_status(const json_t *status)
{
    const json_t *list = json_object_get(status, "migrations"), *m;
    size_t i;

    if (json_array_size(list) > 0)
        printf("%-9s %-12s %-20s %9s  %-12s %s\n", "VERSION", "STATE", "APPLIED (UTC)", "TOOK",
               "RELEASE", "FILE");
    json_array_foreach (list, i, m) {
        char took[32] = "";
        json_int_t ms = json_integer_value(json_object_get(m, "duration_ms"));

        if (member_text(m, "finished")[0] != '\0')
            (void) snprintf(took, sizeof took, "%lld ms", (long long) ms);
        printf("%-9.4lld %-12s %-20.19s %9s  %-12s %s\n",
               (long long) json_integer_value(json_object_get(m, "version")),
               member_text(m, "state"), member_text(m, "finished"), took, member_text(m, "release"),
               member_text(m, "name"));
    }
    printf("pending %lld\n", (long long) json_integer_value(json_object_get(status, "pending")));
}

static void warn(void *owner, const char *file, const struct mysql8_gap *gap)
{
    const struct cli *cli = owner;

    if (!cli->quiet)
        fprintf(stderr, "warning: %s:%u: '%s' is for MySQL 8 only; instead: %s\n", file, gap->line,
                gap->what, gap->instead);
}

static int show(const struct cli *cli, const struct procedure *p, const struct project *project,
                struct err *e)
{
    json_t *status = NULL;
    int r = migrate_status(p, project, &status, e);

    if (r < 0)
        return r;
    if (mysql8_is_image(project_unit(project, project->database.unit)->image))
        mysql8_directory(project->database.migrations, warn, (void *) (size_t) cli);
    if (cli->format == FORMAT_JSON)
        return documents_print(project->name, status);
    print_status(status);
    json_decref(status);
    return 0;
}

static void print_done(const struct input *in, const struct migrate_result *done)
{
    static const char *const words[GOAL_COUNT] = {
        [GOAL_UP] = "applied",
        [GOAL_DOWN] = "taken back",
        [GOAL_TO] = "steps",
        [GOAL_REDO] = "steps",
        [GOAL_BASELINE] = "taken for applied",
    };

    printf("%u %s%s\n", done->migrations, words[in->what->goal], in->rehearse ? ", on a copy" : "");
}

static int change(const struct cli *cli, const struct input *in, const struct procedure *p,
                  const struct project *project, struct err *e)
{
    struct migrate_request request = { .project = project,
                                       .migrations = true,
                                       .goal = in->what->goal,
                                       .n = in->n,
                                       .rehearse = in->rehearse,
                                       .no_backup = in->no_backup };
    struct migrate_result done = MIGRATE_NOTHING;
    int r = migrate_run(p, &request, &done, e);

    if (r == 0 && done.migrations > 0 && !in->rehearse)
        procedure_note(p, "migrated",
                       json_pack("{s:s,s:s,s:i,s:s}", "service", project->database.unit, "how",
                                 in->what->word, "migrations", (int) done.migrations, "release",
                                 project->release));
    if (r == 0 && cli->format == FORMAT_JSON)
        return documents_print(project->name,
                               json_pack("{s:i,s:b,s:o}", "applied", (int) done.migrations,
                                         "rehearsal", in->rehearse, "steps", done.steps));
    if (r == 0)
        print_done(in, &done);
    json_decref(done.steps);
    return r;
}

static int operate(struct cli *cli, const struct input *in, struct err *e)
{
    struct operate o = OPERATE_NONE;
    struct project *project = NULL;
    char verb[32];
    int r;

    (void) snprintf(verb, sizeof verb, "migrate %s", in->what->word);
    r = operate_begin(cli, verb, NULL, &o, e);
    if (r == 0)
        r = procedure_definition(&o.procedure, &project, e);
    if (r == 0)
        r = in->what->goal == GOAL_COUNT ? show(cli, &o.procedure, project, e)
                                         : change(cli, in, &o.procedure, project, e);
    project_free(project);
    operate_end(&o, r);
    return r;
}

static int read_number(struct input *in, struct err *e)
{
    uint64_t n = in->what->goal == GOAL_DOWN;

    if (!in->argument || in->what->goal == GOAL_COUNT) {
        in->n = (unsigned) n;
        return 0;
    }
    if (num_u64(in->argument, UINT32_MAX, &n) < 0 || (n == 0 && !in->what->required)) {
        err_set(e, -EINVAL, "migrate %s: '%s' is no %s", in->what->word, in->argument,
                in->what->required ? "version" : "number of files");
        return err_classify(e, ERR_USAGE);
    }
    in->n = (unsigned) n;
    return 0;
}

int cmd_migrate(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = read_number(&in, &e);
    if (r == 0)
        r = strcmp(in.what->word, "new") == 0 ? make_new(cli, in.argument, &e)
                                              : operate(cli, &in, &e);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
