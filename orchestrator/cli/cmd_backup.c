/* backup: the project as it is now, kept; what is kept, looked at, tried, and in the end removed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/backup_place.h"
#include "cli/confirm.h"
#include "cli/documents.h"
#include "model/member.h"
#include "ops/retention.h"
#include "ops/tool.h"

enum {
    OPT_WHAT = 256,
    OPT_COMPRESS,
    OPT_ENCRYPT,
    OPT_PASSPHRASE,
    OPT_KEEP_DAYS,
    OPT_KEEP_LAST,
    OPT_LABEL,
    OPT_DRY_RUN,
    OPT_METHOD
};
#define ACTIONS "create, ls, show, verify, drill, prune, rm"

enum { KEEP_MAX = 100000, LABEL_MAX = 40 };

struct action;

struct input {
    const struct action *action;
    char **names;
    struct backup_place_options place;
    unsigned what;
    int compress; /* -1: as the project says */
    bool encrypt, dry_run;
    const char *label, *method;
    int64_t keep_days, keep_last; /* -1: as the project says */
};

struct action {
    const char *name;
    unsigned how;
    bool named; /* takes names of backups */
    int (*run)(const struct cli *cli, const struct input *in, struct backup_place *p,
               struct err *e);
};

static const struct action actions[];

static const struct argp_option options[] = {
    { "output", 'o', "DIR", 0, "the directory of the backups, instead of the project's", 0 },
    { "what", OPT_WHAT, "PART", 0, "create: db, config, volumes or all; all if not given", 0 },
    { "compress", OPT_COMPRESS, "FORM", 0, "create: zstd, gzip or none", 0 },
    { "encrypt", OPT_ENCRYPT, NULL, 0, "create: encrypt, with a passphrase", 0 },
    { "passphrase-file", OPT_PASSPHRASE, "FILE", 0,
      "the passphrase, instead of the secret that the project names", 0 },
    { "label", OPT_LABEL, "TEXT", 0, "create: becomes the end of the name", 0 },
    { "method", OPT_METHOD, "METHOD", 0, "create: dump or physical", 0 },
    { "keep-days", OPT_KEEP_DAYS, "N", 0, "prune: keep those of so many days", 0 },
    { "keep-last", OPT_KEEP_LAST, "N", 0, "prune: keep so many", 0 },
    { "dry-run", OPT_DRY_RUN, NULL, 0, "prune: only say what would be removed", 0 },
    { 0 },
};

/* ---- what is asked for ---- */

static int word_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, words[i]) == 0)
            return (int) i;
    return -1;
}

static error_t set_what(struct input *in, const char *text, struct argp_state *state)
{
    static const char *const words[] = { "db", "config", "volumes", "all" };
    static const unsigned bits[] = { BACKUP_DB, BACKUP_CONFIG, BACKUP_VOLUMES, BACKUP_ALL };
    auto_free char *copy = strdup(text);
    char *rest = copy;

    in->what = 0;
    for (char *one; (one = strsep(&rest, ",/"));) {
        int i = word_of(one, words, ARRAY_LEN(words));

        if (i < 0)
            argp_error(state, "'%s' is no part of a backup: db, config, volumes, all", one);
        else
            in->what |= bits[i];
    }
    return 0;
}

static error_t set_count(int64_t *to, const char *text, struct argp_state *state)
{
    uint64_t n = 0;

    if (num_u64(text, KEEP_MAX, &n) < 0)
        argp_error(state, "'%s' is no number from 0 to %d", text, KEEP_MAX);
    *to = (int64_t) n;
    return 0;
}

static bool is_label(const char *text)
{
    return strlen(text) <= LABEL_MAX &&
           text[strspn(
               text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static const struct action *action_of(const char *name)
{
    for (const struct action *a = actions; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

static error_t add_word(struct input *in, char *arg, struct argp_state *state)
{
    if (in->action && !in->action->named)
        return ARGP_ERR_UNKNOWN;
    if (in->action) {
        strv_append(&in->names, arg);
        return 0;
    }
    in->action = action_of(arg);
    if (!in->action)
        argp_error(state, "'%s' is nothing that is done with backups: " ACTIONS, arg);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const methods[] = { "dump", "physical" };
    struct input *in = state->input;

    switch (key) {
    case 'o': in->place.directory = arg; return 0;
    case OPT_WHAT: return set_what(in, arg, state);
    case OPT_COMPRESS:
        in->compress = word_of(arg, compression_text, COMPRESS_COUNT);
        if (in->compress < 0)
            argp_error(state, "'%s' is no form of compression: zstd, gzip, none", arg);
        return 0;
    case OPT_ENCRYPT: in->encrypt = true; return 0;
    case OPT_PASSPHRASE: in->place.passphrase_file = arg; return 0;
    case OPT_LABEL:
        if (!is_label(arg))
            argp_error(state, "'%s' is no label: letters, digits, . _ -, at most %d", arg,
                       LABEL_MAX);
        in->label = arg;
        return 0;
    case OPT_METHOD:
        if (word_of(arg, methods, ARRAY_LEN(methods)) < 0)
            argp_error(state, "'%s' is no method: dump, physical", arg);
        in->method = arg;
        return 0;
    case OPT_KEEP_DAYS: return set_count(&in->keep_days, arg, state);
    case OPT_KEEP_LAST: return set_count(&in->keep_last, arg, state);
    case OPT_DRY_RUN: in->dry_run = true; return 0;
    case ARGP_KEY_ARG: return add_word(in, arg, state);
    case ARGP_KEY_END:
        if (!in->action)
            argp_error(state, "what is to be done: " ACTIONS);
        else if (in->action->named && !in->names)
            argp_error(state, "the name of a backup is needed, or latest");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- create ---- */

static int compression_of(const struct input *in, const struct backup_place *p)
{
    int how = p->policy.compress && p->policy.compress[0]
                  ? word_of(p->policy.compress, compression_text, COMPRESS_COUNT)
                  : COMPRESS_ZSTD;

    return in->compress >= 0 ? in->compress : how < 0 ? COMPRESS_ZSTD : how;
}

/* The command that the project wants to be run with a new backup.  The compose file of somebody
 * else must not become a command of root's. */
static int run_after(const struct backup_place *p, const char *path, struct err *e)
{
    auto_strv argv = NULL;
    auto_free char *variable = paths_join("IPAM_ORCH_BACKUP=%s", path);
    const char *const env[] = { variable, NULL };
    struct tool_run run = TOOL_NONE;
    int r;

    for (const char *const *a = p->policy.after; a && *a; a++)
        strv_append(&argv, *a);
    if (!argv)
        return 0;
    strv_append(&argv, path);
    r = tool_start(&p->operate.procedure,
                   &(struct tool){ .argv = (const char *const *) (size_t) argv,
                                   .env = env,
                                   .in = -1,
                                   .out = -1,
                                   .unprivileged = true },
                   &run, e);
    if (r == 0)
        r = tool_end(&run, 0, 0, e);
    tool_stop(&run);
    if (r == 0)
        return 0;
    (void) err_wrap(e, "the backup is in %s; the command after it failed", path);
    return err_classify(e, ERR_BACKUP);
}

static uint64_t bytes_of(const json_t *manifest)
{
    uint64_t bytes = 0;
    const json_t *part;
    size_t i;

    json_array_foreach (json_object_get(manifest, "parts"), i, part)
        bytes += (uint64_t) json_integer_value(json_object_get(part, "bytes"));
    return bytes;
}

static void print_created(const struct cli *cli, const struct backup_place *p, const char *name,
                          const char *path, const json_t *manifest, const char *sum)
{
    uint64_t bytes = bytes_of(manifest);
    char size[NUM_BYTES_TEXT];
    double took = (double) json_integer_value(json_object_get(manifest, "duration_ms")) / 1000;

    if (cli->format == FORMAT_JSON) {
        (void) documents_print(p->project,
                               json_pack("{s:s,s:s,s:I,s:f,s:s,s:O}", "name", name, "path", path,
                                         "bytes", (json_int_t) bytes, "duration_s", took, "sha256",
                                         sum, "manifest", manifest));
        return;
    }
    num_bytes_text(bytes, size);
    printf("path      %s\nsize      %s\nduration  %.1f s\nchecksum  sha256:%s\n", path, size, took,
           sum);
}

static int create(const struct cli *cli, const struct input *in, struct backup_place *p,
                  struct err *e)
{
    bool sealed =
        in->encrypt || in->place.passphrase_file || (p->policy.encrypt && p->policy.encrypt[0]);
    const char *method = in->method ? in->method : p->policy.method ? p->policy.method : "";
    struct backup_wish wish = { .definition = p->definition,
                                .files = p->files,
                                .what = in->what,
                                .compress = (enum compression) compression_of(in, p),
                                .key = sealed ? p->key : (struct backup_key){ 0 },
                                .label = in->label ? in->label : "",
                                .tools = VERSION,
                                .physical = strcmp(method, "physical") == 0 };
    const struct procedure *procedure = &p->operate.procedure;
    auto_free char *name = NULL, *path = NULL;
    char sum[FLOW_SUM_TEXT] = "";
    json_t *manifest = NULL;
    int r;

    if (sealed && !p->key.text) {
        err_set(e, -ENOKEY, "a backup is to be encrypted, and there is no passphrase");
        err_hint(e, "give --passphrase-file FILE, or name a secret in x-ipam-orch.backup.encrypt");
        return err_classify(e, ERR_USAGE);
    }
    if (p->definition->database.unit[0] == '\0')
        wish.what &= ~(unsigned) BACKUP_DB;
    r = backup_state_write(procedure, "backup", "running", "", 0, e);
    if (r == 0)
        r = backup_create(procedure, &p->store, &wish, &name, &manifest, sum, e);
    procedure_note(procedure, r < 0 ? "backup-failed" : "backup-done",
                   json_pack("{s:s*}", "backup", name));
    if (r < 0) {
        (void) backup_state_write(procedure, "backup", "failed", e->msg, 0, NULL);
        return r;
    }
    path = paths_join("%s/%s", p->store.path, name);
    r = backup_state_write(procedure, "backup", "done", name, bytes_of(manifest), e);
    if (r == 0)
        print_created(cli, p, name, path, manifest, sum);
    json_decref(manifest);
    return r < 0 ? r : run_after(p, path, e);
}

/* ---- looking ---- */

static const char *verified_word(const struct backup *b)
{
    return json_object_get(b->verified, "drill")  ? "drill"
           : json_object_get(b->verified, "sums") ? "sums"
                                                  : "-";
}

static json_t *backup_json(const struct backup *b)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:O,s:O*}", "name", b->name, "time",
                     member_text(b->manifest, "time"), "kind", member_text(b->manifest, "kind"),
                     "verified_by", verified_word(b), "time_s", (json_int_t) b->time_s, "bytes",
                     (json_int_t) b->bytes, "manifest", b->manifest, "verified", b->verified);
}

static int list(const struct cli *cli, const struct input *in, struct backup_place *p,
                struct err *e)
{
    struct backups all = { 0 };
    int r = backup_store_list(&p->store, &all, e);

    (void) in;
    if (r == 0 && cli->format == FORMAT_JSON) {
        json_t *document = documents_begin(p->project), *array = json_array();

        (void) json_object_set_new(document, "directory", json_string(p->store.path));
        for (size_t i = 0; i < all.n; i++)
            (void) json_array_append_new(array, backup_json(&all.list[i]));
        (void) json_object_set_new(document, "backups", array);
        documents_end(document);
    } else if (r == 0) {
        printf("%-44s %-20s %-7s %10s %s\n", "NAME", "TIME", "KIND", "SIZE", "VERIFIED");
        for (size_t i = 0; i < all.n; i++) {
            char size[NUM_BYTES_TEXT];

            num_bytes_text(all.list[i].bytes, size);
            printf("%-44s %-20s %-7s %10s %s\n", all.list[i].name,
                   member_text(all.list[i].manifest, "time"),
                   member_text(all.list[i].manifest, "kind"), size, verified_word(&all.list[i]));
        }
    }
    backups_clear(&all);
    return r;
}

static void print_backup(const struct backup_place *p, const struct backup *b)
{
    const json_t *database = json_object_get(b->manifest, "database"), *one;
    char size[NUM_BYTES_TEXT];
    size_t i;

    printf("path      %s/%s\ntime      %s\nkind      %s\nrelease   %s\nverified  %s\n",
           p->store.path, b->name, member_text(b->manifest, "time"),
           member_text(b->manifest, "kind"), member_text(b->manifest, "release"), verified_word(b));
    json_array_foreach (json_object_get(b->manifest, "parts"), i, one) {
        num_bytes_text((uint64_t) json_integer_value(json_object_get(one, "bytes")), size);
        printf("part      %-32s %10s  %s\n", member_text(one, "file"), size,
               member_text(one, "sha256"));
    }
    json_array_foreach (json_object_get(database, "tables"), i, one)
        printf("table     %-32s %10lld rows\n", member_text(one, "name"),
               (long long) json_integer_value(json_object_get(one, "rows")));
}

/* ---- one after the other ---- */

/* each that is named */
static int each(const struct input *in, struct backup_place *p,
                int (*what)(void *owner, struct backup_place *p, const struct backup *b,
                            struct err *e),
                void *owner, struct err *e)
{
    struct backups all = { 0 };
    int r = backup_store_list(&p->store, &all, e);

    for (size_t i = 0; r == 0 && in->names[i]; i++) {
        const struct backup *b = NULL;

        r = backups_find(&all, &p->store, in->names[i], &b, e);
        if (r == 0)
            r = what(owner, p, b, e);
    }
    backups_clear(&all);
    return r;
}

static int show_one(void *owner, struct backup_place *p, const struct backup *b, struct err *e)
{
    const struct cli *cli = owner;

    (void) e;
    if (cli->format != FORMAT_JSON) {
        print_backup(p, b);
        return 0;
    }
    return documents_print(p->project, json_pack("{s:o}", "backup", backup_json(b)));
}

static int show(const struct cli *cli, const struct input *in, struct backup_place *p,
                struct err *e)
{
    return each(in, p, show_one, (void *) (size_t) cli, e);
}

static int verify_one(void *owner, struct backup_place *p, const struct backup *b, struct err *e)
{
    const struct cli *cli = owner;
    int r = backup_verify(&p->store, b, &p->key, e);

    if (r == 0)
        r = backup_note_verified(&p->store, b, "sums", NULL, e);
    if (r == 0 && cli->format != FORMAT_JSON && !cli->quiet)
        printf("%s: all sums are right\n", b->name);
    else if (r == 0 && cli->format == FORMAT_JSON)
        (void) documents_print(p->project,
                               json_pack("{s:s,s:b}", "name", b->name, "verified", true));
    return r;
}

static int verify(const struct cli *cli, const struct input *in, struct backup_place *p,
                  struct err *e)
{
    return each(in, p, verify_one, (void *) (size_t) cli, e);
}

static int drill_one(void *owner, struct backup_place *p, const struct backup *b, struct err *e)
{
    return backup_place_drill(owner, p, b, e);
}

static int drill(const struct cli *cli, const struct input *in, struct backup_place *p,
                 struct err *e)
{
    return each(in, p, drill_one, (void *) (size_t) cli, e);
}

static int remove_one(void *owner, struct backup_place *p, const struct backup *b, struct err *e)
{
    const struct cli *cli = owner;
    int r = backup_store_remove(&p->store, b->name, e);

    if (r == 0 && !cli->quiet)
        printf("removed %s\n", b->name);
    return r;
}

static int rm(const struct cli *cli, const struct input *in, struct backup_place *p, struct err *e)
{
    int r = confirm_yes(cli, "The backups that are named will be removed.", "backup rm NAME", e);

    return r < 0 ? r : each(in, p, remove_one, (void *) (size_t) cli, e);
}

/* ---- prune ---- */

/* after a failure the older backups are all there is */
static int refuse_after_failure(const struct backup_place *p, struct err *e)
{
    json_t *last = backup_state_read(p->operate.procedure.dir, "backup");
    const char *state = member_text(last, "state");
    int r = 0;

    if (last && strcmp(state, "done") != 0) {
        err_set(e, -EBUSY, "nothing is removed: the last backup %s%s%s",
                strcmp(state, "running") == 0 ? "was interrupted" : "failed",
                member_text(last, "detail")[0] ? ": " : "", member_text(last, "detail"));
        err_hint(e, "ipam-orch backup create");
        r = err_classify(e, ERR_BACKUP);
    }
    json_decref(last);
    return r;
}

static int drop(const struct cli *cli, const struct input *in, struct backup_place *p,
                const struct backup *b, json_t *removed, struct err *e)
{
    uint64_t now = (uint64_t) time(NULL);
    int r = in->dry_run ? 0 : backup_store_remove(&p->store, b->name, e);

    if (r < 0)
        return r;
    (void) json_array_append_new(removed, json_string(b->name));
    if (cli->format != FORMAT_JSON)
        printf("%s %s (%llu days old)\n", in->dry_run ? "would remove" : "removed", b->name,
               (unsigned long long) (now > b->time_s ? (now - b->time_s) / 86400 : 0));
    return 0;
}

static int prune(const struct cli *cli, const struct input *in, struct backup_place *p,
                 struct err *e)
{
    struct backup_policy policy = p->policy;
    struct backups all = { 0 };
    struct retained *list;
    json_t *removed = json_array();
    int r = refuse_after_failure(p, e);

    if (in->keep_days >= 0)
        policy.keep_days = (unsigned) in->keep_days;
    if (in->keep_last >= 0)
        policy.keep_last = (unsigned) in->keep_last;
    if (r == 0 && !in->dry_run)
        backup_store_sweep(&p->store);
    if (r == 0)
        r = backup_store_list(&p->store, &all, e);
    list = calloc(all.n + 1, sizeof *list);
    if (!list)
        abort();
    for (size_t i = 0; i < all.n; i++)
        list[i] = (struct retained){ .time_s = all.list[i].time_s,
                                     .safety = all.list[i].safety,
                                     .checked = json_object_get(all.list[i].verified, "sums"),
                                     .drilled = json_object_get(all.list[i].verified, "drill") };
    retention_decide(&policy, (uint64_t) time(NULL), list, all.n);
    for (size_t i = all.n; r == 0 && i > 0; i--)
        if (!list[i - 1].keep)
            r = drop(cli, in, p, &all.list[i - 1], removed, e);
    if (r == 0 && cli->format == FORMAT_JSON) {
        (void) documents_print(p->project,
                               json_pack("{s:b,s:O}", "dry_run", in->dry_run, "removed", removed));
    } else if (r == 0 && json_array_size(removed) == 0 && !cli->quiet) {
        printf("nothing is older than it has to be kept\n");
    }
    json_decref(removed);
    free(list);
    backups_clear(&all);
    return r;
}

/* ---- the verb ---- */

static const struct action actions[] = {
    { "create", PLACE_RUNS | PLACE_LOCKS | PLACE_MAKES, false, create },
    { "ls", 0, false, list },
    { "show", 0, true, show },
    { "verify", PLACE_LOCKS, true, verify },
    { "drill", PLACE_RUNS | PLACE_LOCKS, true, drill },
    { "prune", PLACE_LOCKS, false, prune },
    { "rm", PLACE_LOCKS, true, rm },
    { 0 },
};

int cmd_backup(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "create|ls|show|verify|drill|prune|rm [NAME...]",
        .doc = "Makes a backup of the running project: its database at one moment, its definition "
               "with the secrets, its configuration, its volumes.  `ls` and `show` tell what is "
               "there, `verify` reads it all, `drill` restores it into a server of its own and "
               "compares, `prune` removes what has been kept long enough, `rm` what is named."
    };
    struct input in = { .what = BACKUP_ALL, .compress = -1, .keep_days = -1, .keep_last = -1 };
    struct backup_place place = BACKUP_PLACE_NONE;
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = backup_place_open(cli, "backup", &in.place, in.action->how, &place, &e);
    if (r == 0)
        r = in.action->run(cli, &in, &place, &e);
    backup_place_close(&place, r);
    strv_free(in.names);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
