/* restore: the project goes back to what a backup holds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "cli/backup_place.h"
#include "cli/confirm.h"
#include "cli/documents.h"
#include "cli/when.h"
#include "model/member.h"
#include "ops/drill.h"

enum { OPT_ONLY = 256, OPT_TO, OPT_DRILL, OPT_NO_SAFETY, OPT_PASSPHRASE, OPT_AT };
enum { QUESTION_ROOM = 512 };

struct input {
    const char *name, *to, *at;
    struct backup_place_options place;
    unsigned what; /* 0: not said */
    bool drill, no_safety;
};

static const struct argp_option options[] = {
    { "output", 'o', "DIR", 0, "the directory of the backups, instead of the project's", 0 },
    { "at", OPT_AT, "TIME", 0, "as it was at that second: repeats what came after the backup", 0 },
    { "only", OPT_ONLY, "PART", 0, "db, volumes, config or all; db if not given", 0 },
    { "to", OPT_TO, "DIR", 0, "only unpack it there", 0 },
    { "drill", OPT_DRILL, NULL, 0, "only try it, in a server of its own", 0 },
    { "no-safety-backup", OPT_NO_SAFETY, NULL, 0, "do not keep what is there now", 0 },
    { "passphrase-file", OPT_PASSPHRASE, "FILE", 0,
      "the passphrase, instead of the secret that the project names", 0 },
    { 0 },
};

static error_t set_only(struct input *in, const char *text, struct argp_state *state)
{
    static const struct {
        const char *word;
        unsigned bits;
    } parts[] = { { "db", BACKUP_DB },
                  { "volumes", BACKUP_VOLUMES },
                  { "config", BACKUP_CONFIG },
                  { "all", BACKUP_ALL } };
    auto_free char *copy = strdup(text);
    char *rest = copy;

    for (char *one; (one = strsep(&rest, ",/"));) {
        unsigned bits = 0;

        for (size_t i = 0; i < ARRAY_LEN(parts); i++)
            if (strcmp(one, parts[i].word) == 0)
                bits = parts[i].bits;
        if (bits == 0)
            argp_error(state, "'%s' is no part of a backup: db, volumes, config, all", one);
        in->what |= bits;
    }
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'o': in->place.directory = arg; return 0;
    case OPT_ONLY: return set_only(in, arg, state);
    case OPT_TO: in->to = arg; return 0;
    case OPT_AT: in->at = arg; return 0;
    case OPT_DRILL: in->drill = true; return 0;
    case OPT_NO_SAFETY: in->no_safety = true; return 0;
    case OPT_PASSPHRASE: in->place.passphrase_file = arg; return 0;
    case ARGP_KEY_ARG:
        if (in->name)
            return ARGP_ERR_UNKNOWN;
        in->name = arg;
        return 0;
    case ARGP_KEY_END:
        if (!in->name && !in->at)
            argp_error(state, "the name of a backup is needed, or latest, or --at TIME");
        if (!in->to && (in->what & BACKUP_CONFIG) && in->what != BACKUP_ALL)
            argp_error(state, "configuration is unpacked and yours to put in its place: --to DIR");
        if ((in->to != NULL) + in->drill + (in->at != NULL) > 1)
            argp_error(state, "--to, --drill and --at do not go together");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- which ---- */

static int unsuitable(struct err *e, const char *why)
{
    err_set(e, -EINVAL, "%s", why);
    err_hint(e, "ipam-orch backup ls");
    return err_classify(e, ERR_BACKUP);
}

static uint64_t complete_s(const struct backup *b)
{
    const json_t *database = json_object_get(b->manifest, "database");

    return json_object_get(database, "binlog")
               ? (uint64_t) json_integer_value(json_object_get(database, "until_s"))
               : UINT64_MAX;
}

/* the newest one that was complete by then; safety copies are as good as others */
static int find_before(const struct input *in, const struct backup_place *p,
                       const struct backups *all, uint64_t at_s, const struct backup **out,
                       struct err *e)
{
    if (in->name) {
        int r = backups_find(all, &p->store, in->name, out, e);

        return r == 0 && complete_s(*out) > at_s
                   ? unsuitable(e, "that backup is younger than the moment, or knows no binary log")
                   : r;
    }
    for (size_t i = 0; i < all->n; i++)
        if (complete_s(&all->list[i]) <= at_s) {
            *out = &all->list[i];
            return 0;
        }
    return unsuitable(e, "no backup is old enough and knows its place in a binary log");
}

static int find(const struct input *in, const struct backup_place *p, const struct backups *all,
                uint64_t *at_s, const struct backup **out, struct err *e)
{
    uint64_t now = clock_wall_us(), at = 0;
    int r;

    if (!in->at)
        return backups_find(all, &p->store, in->name, out, e);
    r = when_parse(in->at, now, &at, e);
    if (r == 0 && at > now) {
        err_set(e, -EINVAL, "%s is yet to come", in->at);
        r = err_classify(e, ERR_USAGE);
    }
    *at_s = at / USEC_PER_SEC;
    return r < 0 ? r : find_before(in, p, all, *at_s, out, e);
}

/* ---- what is shown ---- */

static void print_count(const json_t *number)
{
    if (json_is_integer(number))
        printf(" %12lld", (long long) json_integer_value(number));
    else
        printf(" %12s", "-");
}

static void print_result(const struct cli *cli, const struct backup_place *p,
                         const struct backup *b, json_t *result)
{
    const json_t *one;
    size_t i;

    if (cli->format == FORMAT_JSON) {
        json_t *document = documents_begin(p->project);

        (void) json_object_set_new(document, "backup", json_string(b->name));
        (void) json_object_update(document, result);
        documents_end(document);
        return;
    }
    if (json_array_size(json_object_get(result, "tables")) > 0)
        printf("%-32s %12s %12s\n", "TABLE", "BEFORE", "AFTER");
    json_array_foreach (json_object_get(result, "tables"), i, one) {
        printf("%-32s", member_text(one, "name"));
        print_count(json_object_get(one, "before"));
        print_count(json_object_get(one, "after"));
        putchar('\n');
    }
    printf("restored  %s\nduration  %.1f s\n", b->name,
           (double) json_integer_value(json_object_get(result, "duration_ms")) / 1000);
    if (member_text(result, "safety")[0])
        printf("before    %s\n", member_text(result, "safety"));
}

/* ---- the verb ---- */

static int ask(const struct cli *cli, const struct input *in, const struct backup_place *p,
               const struct backup *b, struct err *e)
{
    char question[QUESTION_ROOM];

    (void) snprintf(question, sizeof question,
                    "'%s' will be as it was %s%s%s; services that write to it stop meanwhile.%s",
                    p->project, in->at ? "at " : "in ", in->at ? in->at : b->name, "",
                    in->no_safety ? "  What is there now is lost." : "");
    return confirm_yes(cli, question, "restore", e);
}

static int run(const struct cli *cli, const struct input *in, struct backup_place *p, struct err *e)
{
    const struct procedure *procedure = &p->operate.procedure;
    struct restore_wish wish = { .store = &p->store,
                                 .key = p->key,
                                 .directory = in->place.directory ? p->store.path
                                              : p->policy.directory && p->policy.directory[0]
                                                  ? p->store.path
                                                  : "",
                                 .definition = p->definition,
                                 .what = in->what ? in->what
                                         : in->to ? BACKUP_ALL
                                                  : BACKUP_DB,
                                 .no_safety = in->no_safety,
                                 .tools = VERSION };
    struct backups all = { 0 };
    json_t *result = NULL;
    int r = backup_store_list(&p->store, &all, e);

    if (r == 0)
        r = find(in, p, &all, &wish.until_s, &wish.backup, e);
    if (r == 0 && in->to) {
        r = restore_to(procedure, &wish, in->to, e);
        if (r == 0 && !cli->quiet)
            printf("unpacked %s to %s\n", wish.backup->name, in->to);
    } else if (r == 0 && in->drill) {
        r = backup_place_drill(cli, p, wish.backup, e);
    } else if (r == 0) {
        wish.what &= ~(unsigned) BACKUP_CONFIG;
        r = ask(cli, in, p, wish.backup, e);
        if (r == 0)
            r = restore_run(procedure, &wish, &result, e);
        if (r == 0)
            print_result(cli, p, wish.backup, result);
    }
    json_decref(result);
    backups_clear(&all);
    return r;
}

int cmd_restore(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "NAME|latest",
        .doc =
            "Brings the database of the running project back to what a backup holds.  The backup "
            "is read completely first; services that write to the database stop; what is there "
            "now is kept, and comes back when anything fails.  Then they start again, with "
            "migrations that came after the backup."
    };
    struct input in = { 0 };
    struct backup_place place = BACKUP_PLACE_NONE;
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = backup_place_open(cli, "restore", &in.place, in.to ? 0 : PLACE_RUNS | PLACE_LOCKS, &place,
                          &e);
    if (r == 0)
        r = run(cli, &in, &place, &e);
    backup_place_close(&place, r);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
