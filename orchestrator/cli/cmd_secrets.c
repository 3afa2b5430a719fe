/* secrets: made, listed, changed, checked; values are read from stdin and never from arguments. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/password.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/drift.h"
#include "cli/init.h"
#include "cli/operate.h"
#include "cli/secret_change.h"
#include "cli/secret_export.h"
#include "cli/secret_input.h"
#include "cli/secret_list.h"

enum { OPT_REVEAL = 256, OPT_STDIN, OPT_ADOPT, OPT_DROP_PREVIOUS, OPT_ENCRYPT };
enum { WHY_ROOM = 256, NAMES_MAX = 32 };

struct input {
    const char *action, *output;
    const char *names[NAMES_MAX];
    size_t n;
    bool reveal, encrypt;
    struct secret_change change;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_REVEAL: in->reveal = true; return 0;
    case OPT_STDIN: in->change.given = true; return 0;
    case OPT_ADOPT: in->change.adopt = true; return 0;
    case OPT_DROP_PREVIOUS: in->change.drop_previous = true; return 0;
    case OPT_ENCRYPT: in->encrypt = true; return 0;
    case 'o': in->output = arg; return 0;
    case ARGP_KEY_ARG:
        if (!in->action)
            in->action = arg;
        else if (in->n == NAMES_MAX)
            argp_error(state, "more than %d names", NAMES_MAX);
        else
            in->names[in->n++] = arg;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "reveal", OPT_REVEAL, NULL, 0, "get: print the value", 0 },
    { "stdin", OPT_STDIN, NULL, 0, "rotate: to a value that is typed or piped in, not a made one",
      0 },
    { "adopt", OPT_ADOPT, NULL, 0,
      "rotate: to the value that .env.prod has already, and the account does not know yet", 0 },
    { "drop-previous", OPT_DROP_PREVIOUS, NULL, 0,
      "rotate: change nothing, but accept the value before this one no longer", 0 },
    { "encrypt", OPT_ENCRYPT, NULL, 0, "export: with a passphrase that is typed or piped in", 0 },
    { "output", 'o', "FILE", 0, "export: write to a new file", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "generate|ls|check\nset|get|rotate NAME...\nexport",
    .doc =
        "Secrets of the project.  generate makes those of .env.prod that are empty; ls shows age, "
        "strength and who reads them; check judges them, and logs in with them where they open "
        "an account; set changes one in .env.prod; rotate changes one everywhere while the "
        "project runs, and back when anything fails; export writes all of them, encrypted.",
};

/* ---- looking ---- */

static const char *strength(const struct secret_item *item, char out[WHY_ROOM])
{
    unsigned bits = password_bits(item->value);

    if (item->file)
        return "file";
    if (!item->value[0])
        return "empty";
    (void) snprintf(out, WHY_ROOM, "%s%u bits", bits < PASSWORD_BITS_MIN ? "weak, " : "", bits);
    return out;
}

static int list_json(const struct secret_list *l)
{
    json_t *list = json_array();

    for (size_t i = 0; i < l->n; i++) {
        const struct secret_item *item = &l->items[i];
        int age = secret_list_age(item, (long long) time(NULL));
        json_t *readers = json_array();

        for (const char **s = item->readers; s && *s; s++)
            (void) json_array_append_new(readers, json_string(*s));
        (void) json_array_append_new(
            list,
            json_pack("{s:s,s:s?,s:s?,s:b,s:o,s:o,s:o}", "name", item->name, "secret", item->secret,
                      "file", item->file, "set", item->file || item->value[0] != '\0', "age_days",
                      age < 0 ? json_null() : json_integer(age), "bits",
                      item->file ? json_null()
                                 : json_integer((json_int_t) password_bits(item->value)),
                      "consumers", readers));
    }
    return documents_print(l->loaded.name, json_pack("{s:o}", "secrets", list));
}

static int list(const struct cli *cli, const struct secret_list *l)
{
    if (cli->format == FORMAT_JSON)
        return list_json(l);
    printf("%-24s %-20s %8s %-14s %s\n", "NAME", "SECRET", "AGE", "STRENGTH", "CONSUMERS");
    for (size_t i = 0; i < l->n; i++) {
        const struct secret_item *item = &l->items[i];
        auto_free char *readers = secret_list_readers(item);
        int days = secret_list_age(item, (long long) time(NULL));
        char room[WHY_ROOM], age[16] = "unknown";

        if (days >= 0)
            (void) snprintf(age, sizeof age, "%d d", days);
        printf("%-24s %-20s %8s %-14s %s\n", item->name, item->secret ? item->secret : "-", age,
               strength(item, room), readers);
    }
    return 0;
}

static int get(const struct secret_list *l, const struct input *in, struct err *e)
{
    struct secret_item *item = NULL;
    int r = secret_list_find(l, in->names[0], &item, e);

    if (r < 0)
        return r;
    if (item->file) {
        err_set(e, -EINVAL, "%s is the file %s", item->name, item->file);
        return err_classify(e, ERR_CONFIG);
    }
    if (!in->reveal) {
        err_set(e, -EPERM, "the value of %s is not shown unless it is asked for", item->name);
        err_hint(e, "ipam-orch secrets get %s --reveal", item->name);
        return err_classify(e, ERR_UNSAFE);
    }
    puts(item->value);
    return 0;
}

/* ---- judging ---- */

/* "" when nothing is wrong with it */
static void judge(const struct secret_list *l, const struct secret_item *item, char why[WHY_ROOM])
{
    bool optional = item->setting && item->setting->described && !item->setting->required;

    why[0] = '\0';
    if (item->file && access(item->file, F_OK) < 0)
        (void) snprintf(why, WHY_ROOM, "%.200s: %s", item->file, strerror(errno));
    if (item->file || (optional && item->value[0] == '\0'))
        return;
    (void) secret_list_refuse(l, item, item->value, why, WHY_ROOM);
}

static const char *drift_text(const struct drift *d, char out[WHY_ROOM])
{
    if (!d || d->state == DRIFT_NONE)
        return "";
    switch (d->state) {
    case DRIFT_NONE: break;
    case DRIFT_ACCEPTED:
        (void) snprintf(out, WHY_ROOM, "%s accepts it for '%s'", d->service, d->user);
        break;
    case DRIFT_REFUSED:
        (void) snprintf(out, WHY_ROOM, "%s refuses it for '%s': it %s another one", d->service,
                        d->user, d->in_data ? "keeps" : "runs with");
        break;
    case DRIFT_UNKNOWN:
        (void) snprintf(out, WHY_ROOM, "%s was not asked: %.150s", d->service, d->why);
        break;
    }
    return out;
}

static int verdict(size_t bad, const char *refused, struct err *e)
{
    if (refused) {
        err_set(e, -EACCES, "%s in .env.prod is not what the running server accepts", refused);
        err_hint(e, "ipam-orch secrets rotate %s --adopt (or bring the old value back)", refused);
        return err_classify(e, ERR_VERIFY);
    }
    if (bad == 0)
        return 0;
    err_set(e, -EINVAL, "%zu secret%s should not be as %s", bad, bad == 1 ? "" : "s",
            bad == 1 ? "it is" : "they are");
    err_hint(e, "ipam-orch secrets generate, or secrets rotate NAME");
    return err_classify(e, ERR_CONFIG);
}

/* What an interrupted rotation has left is put right first: the files are read after that. */
static int finish_interrupted(const struct cli *cli, const struct secret_list *l, struct err *e)
{
    struct operate o = OPERATE_NONE;
    int r = 0;

    if (drift_has_manager(cli, l->loaded.name)) {
        r = operate_begin_named(cli, l->loaded.name, "secrets check", "", &o, e);
        operate_end(&o, r);
    }
    if (r < 0 && (e->class == ERR_LOCKED || e->class == ERR_DENIED)) {
        *e = ERR_INIT; /* somebody is at work, or we may not: looking is still possible */
        r = 0;
    }
    return r;
}

static int check(const struct cli *cli, const struct secret_list *l, struct err *e)
{
    auto_free struct drift *drift = NULL;
    const char *refused = NULL;
    json_t *rows = json_array();
    size_t bad = 0;
    int r = drift_look(cli, l, &drift, e);

    for (size_t i = 0; r == 0 && i < l->n; i++) {
        const struct drift *d = drift ? &drift[i] : NULL;
        char why[WHY_ROOM], room[WHY_ROOM];
        const char *account = drift_text(d, room);
        bool refuses = d && d->state == DRIFT_REFUSED, ok;

        judge(l, &l->items[i], why);
        bad += why[0] != '\0';
        refused = refuses ? l->items[i].name : refused;
        ok = why[0] == '\0' && !refuses;
        if (cli->format == FORMAT_JSON)
            (void) json_array_append_new(rows,
                                         json_pack("{s:s,s:b,s:s,s:s}", "name", l->items[i].name,
                                                   "ok", ok, "why", why, "account", account));
        else if (!cli->quiet || !ok)
            printf("%-4s %-24s %s%s%s\n", ok ? "ok" : "fail", l->items[i].name, why,
                   why[0] && account[0] ? "; " : "", account);
    }
    if (r == 0 && cli->format == FORMAT_JSON)
        documents_print_one(l->loaded.name, "checks", rows);
    json_decref(rows);
    return r == 0 ? verdict(bad, refused, e) : r;
}

/* ---- making and keeping ---- */

static int generate(const struct cli *cli, const struct secret_list *l, struct err *e)
{
    unsigned made = 0;
    int r;

    if (!l->env_path) {
        err_set(e, -ENOENT, "%s/.env.prod is missing", l->loaded.dir);
        err_hint(e, "ipam-orch init");
        return err_classify(e, ERR_CONFIG);
    }
    r = init_complete(l->loaded.dir, &made, e);
    if (r == 0 && !cli->quiet)
        printf(made == 0 ? "nothing to do: no secret is empty\n" : "%s: %u value%s made\n",
               l->env_path, made, made == 1 ? "" : "s");
    return r;
}

static int export(const struct cli *cli, const struct secret_list *l, const struct input *in,
                  struct err *e)
{
    char passphrase[PASSWORD_MAX + 1], why[WHY_ROOM];
    auto_free unsigned char *bytes = NULL;
    size_t len = 0;
    auto_fd file = -1;
    int r;

    if (!in->encrypt || (!in->output && isatty(STDOUT_FILENO))) {
        err_set(e, -EPERM, "secrets leave encrypted, and into a file");
        err_hint(e, "ipam-orch secrets export --encrypt -o FILE");
        return err_classify(e, ERR_UNSAFE);
    }
    r = secret_input_read("Passphrase", passphrase, e);
    if (r == 0 && password_bits(passphrase) < PASSWORD_BITS_MIN) {
        (void) snprintf(why, sizeof why, "the passphrase is worth %u bits, at least %d",
                        password_bits(passphrase), PASSWORD_BITS_MIN);
        err_set(e, -EINVAL, "%s", why);
        r = err_classify(e, ERR_CONFIG);
    }
    if (r == 0)
        r = secret_export(l, passphrase, &bytes, &len, e);
    explicit_bzero(passphrase, sizeof passphrase);
    if (r < 0)
        return r;
    if (in->output) {
        file = open(in->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0)
            return err_set(e, -errno, "%s: %s", in->output, strerror(errno));
    }
    r = fsio_write_all(file < 0 ? STDOUT_FILENO : file, bytes, len);
    if (r < 0)
        return err_set(e, r, "writing: %s", strerror(-r));
    if (in->output && !cli->quiet)
        fprintf(stderr, "read it with: " SECRET_EXPORT_DECRYPT " %s\n", in->output);
    return 0;
}

/* ---- the verb ---- */

static const struct {
    const char *name;
    size_t least, most; /* names that follow */
} actions[] = {
    { "generate", 0, 0 },       { "ls", 0, 0 },    { "set", 1, 1 },    { "get", 1, 1 },
    { "rotate", 1, NAMES_MAX }, { "check", 0, 0 }, { "export", 0, 0 },
};

static int check_action(const struct input *in, struct err *e)
{
    for (size_t i = 0; in->action && i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].name, in->action) != 0)
            continue;
        if (in->n >= actions[i].least && in->n <= actions[i].most)
            return 0;
        if (in->n < actions[i].least)
            err_set(e, -EINVAL, "%s: of which secret?", in->action);
        else
            err_set(e, -EINVAL, "%s: '%s' is one name too many", in->action,
                    in->names[actions[i].most]);
        err_hint(e, "ipam-orch secrets ls");
        return err_classify(e, ERR_USAGE);
    }
    err_set(e, -EINVAL, "secrets: %s%s%s is nothing that can be done with them",
            in->action ? "'" : "", in->action ? in->action : "nothing", in->action ? "'" : "");
    err_hint(e, "ipam-orch secrets --help");
    return err_classify(e, ERR_USAGE);
}

static int act(struct cli *cli, struct input *in, struct secret_list *l, struct err *e)
{
    int r = 0;

    switch (in->action[0]) {
    case 'l': return list(cli, l);
    case 'c': return check(cli, l, e);
    case 'e': return export(cli, l, in, e);
    case 'r':
        for (size_t i = 0; r == 0 && i < in->n; i++)
            r = secret_change_rotate(cli, l, in->names[i], &in->change, e);
        return r;
    case 's': return secret_change_set(cli, l, in->names[0], e);
    default: break;
    }
    return strcmp(in->action, "get") == 0 ? get(l, in, e) : generate(cli, l, e);
}

/* what a manager that is started by us inherits may be raised again */
static void no_core(void)
{
    struct rlimit core;

    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        (void) setrlimit(RLIMIT_CORE, &core);
    }
}

int cmd_secrets(struct cli *cli, int argc, char **argv)
{
    struct secret_list l = { 0 };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    no_core();
    r = check_action(&in, &e);
    if (r == 0)
        r = secret_list_read(cli, &l, &e);
    if (r == 0 && in.action[0] == 'c' && (r = finish_interrupted(cli, &l, &e)) == 0) {
        secret_list_clear(&l);
        r = secret_list_read(cli, &l, &e);
    }
    if (r == 0)
        r = act(cli, &in, &l, &e);
    r = load_finish_error(&e, r);
    secret_list_clear(&l);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
