#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/init.h"
#include "cli/options.h"
#include "cli/template_diff.h"
#include "cli/when.h"
#include "cli/wizard.h"
#include "compose/load.h"
#include "preflight/preflight.h"
#include "preflight/takeover.h"

enum {
    OPT_TAKE_OVER = 256,
    OPT_RELEASE_UNITS,
    OPT_NON_INTERACTIVE,
    OPT_GENERATE,
    OPT_DOMAIN,
    OPT_EMAIL,
    OPT_DIFF
};

struct input {
    const char *dir;
    int units; /* what to do with those of the distribution, instead of making files */
    bool quiet_terminal, generate, diff;
    const char *domain, *email;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_TAKE_OVER:
    case OPT_RELEASE_UNITS: in->units = key; return 0;
    case OPT_NON_INTERACTIVE: in->quiet_terminal = true; return 0;
    case OPT_GENERATE: in->generate = true; return 0;
    case OPT_DOMAIN: in->domain = arg; return 0;
    case OPT_EMAIL: in->email = arg; return 0;
    case OPT_DIFF: in->diff = true; return 0;
    case ARGP_KEY_ARG:
        if (in->dir)
            return ARGP_ERR_UNKNOWN;
        in->dir = arg;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "non-interactive", OPT_NON_INTERACTIVE, NULL, 0,
      "ask nothing, also on a terminal: what the template says, and these options", 0 },
    { "generate", OPT_GENERATE, NULL, 0,
      "ask nothing; in an existing .env.prod too, make secrets that are empty and add keys that "
      "only a newer template has",
      0 },
    { "domain", OPT_DOMAIN, "NAME", 0, "under which people reach the application", 0 },
    { "email", OPT_EMAIL, "ADDRESS", 0, "of whoever is responsible, for certificates", 0 },
    { "diff", OPT_DIFF, NULL, 0,
      "only show what a newer template says, beside the one that .env.prod was made from and what "
      "it is now",
      0 },
    { "take-over", OPT_TAKE_OVER, NULL, 0,
      "stop and disable units of the distribution that have the ports `check` wants free", 0 },
    { "release-units", OPT_RELEASE_UNITS, NULL, 0,
      "enable and start the units again that --take-over disabled", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[DIR]",
    .doc =
        "Creates .env.prod (mode 0600) with generated secrets from the project's env.template; on "
        "a "
        "terminal it asks for names, addresses and ports.  Where there is no compose file yet, the "
        "IPAM project is created first.  Nothing is ever overwritten: where .env.prod is there, it "
        "shows what a newer template would add."
};

static unsigned made;

static void say(void *owner, const char *path, const char *what)
{
    const struct cli *cli = owner;

    made++;
    if (!cli->quiet)
        printf("created %s (%s)\n", path, what);
}

static void say_unit(void *owner, const char *unit, const char *what)
{
    const struct cli *cli = owner;

    made++;
    if (!cli->quiet)
        printf("%s: %s\n", unit, what);
}

static int units(struct cli *cli, const struct input *in, struct err *e)
{
    int r = in->units == OPT_TAKE_OVER
                ? takeover_take(preflight_ports_wanted, PREFLIGHT_PORTS, say_unit, cli, e)
                : takeover_release(say_unit, cli, e);

    if (r < 0)
        return cli_fail(cli, e);
    if (made == 0 && !cli->quiet)
        printf("nothing to do: %s\n", in->units == OPT_TAKE_OVER
                                          ? "no unit has a port that must be free"
                                          : "no unit was taken over");
    return 0;
}

/* what a newer template says; nothing is written */
static int diff(struct cli *cli, const char *dir, bool asked, struct err *e)
{
    json_t *changes = NULL, *document;
    char now[WHEN_TEXT];
    int r = template_diff(dir, &changes, e);

    if (r < 0)
        return r;
    if (asked && cli->format == FORMAT_JSON) {
        when_format_utc(clock_wall_us(), now);
        document = json_pack("{s:i,s:s,s:s,s:s,s:O}", "schema", 1, "mode", "native", "directory",
                             dir, "time", now, "changes", changes);
        documents_end(document);
    } else if (!cli->quiet && json_array_size(changes) > 0) {
        if (!asked)
            printf("%s/.env.prod is there and stays as it is; its template is newer by now:\n",
                   dir);
        template_diff_print(changes);
        printf("next: ipam-orch init --generate adds what is missing and changes no value\n");
    } else if (!cli->quiet && (asked || made == 0)) {
        printf("nothing to do: the configuration is there, and its template says nothing new\n");
    }
    json_decref(changes);
    return 0;
}

static int complete(struct cli *cli, const char *dir, struct err *e)
{
    unsigned n = 0;
    int r = init_complete(dir, &n, e);

    if (r == 0 && !cli->quiet && n > 0)
        printf("%s/.env.prod: %u value%s added\n", dir, n, n == 1 ? "" : "s");
    made += n;
    return r;
}

/* New secrets beside old data are worth a word; that the project cannot be loaded is for others. */
static void look_for_data(const struct cli *cli, const char *dir)
{
    auto_free char *file = paths_join("%s/compose.yaml", dir);
    char *files[] = { file, NULL };
    struct load_options load = options_load(cli);
    struct loaded l = { 0 };
    struct err e = ERR_INIT;
    const struct node *volumes;

    if (!load.files && access(file, F_OK) == 0)
        load.files = files;
    if (!cli->quiet && load_model(&load, &l, &e) == 0) {
        volumes = node_get(l.model, "volumes");
        for (uint32_t i = 0; i < node_count(volumes); i++)
            if (init_warn_of_data(node_get_text(volumes->entries[i].value, "name", "")))
                break;
    }
    loaded_clear(&l);
}

static int configure(struct cli *cli, const struct input *in, struct err *e)
{
    const struct load_options load = options_load(cli);
    const struct init_options o = { .ask = !in->quiet_terminal && !in->generate && !cli->quiet &&
                                           wizard_has_person(),
                                    .domain = in->domain,
                                    .email = in->email,
                                    .say = say,
                                    .owner = cli };
    auto_free char *dir = NULL, *env = NULL;
    bool project = false, there;
    int r = 0;

    if (!in->dir && (r = load_project_dir(&load, &dir, e)) == -ENOENT)
        r = 0;
    project = dir;
    if (!dir && !(dir = strdup(in->dir ? in->dir : load_default_dir())))
        abort();
    if (r < 0)
        return r;
    env = paths_join("%s/.env.prod", dir);
    there = access(env, F_OK) == 0;
    if (in->diff)
        return diff(cli, dir, true, e);
    if (there && (in->domain || in->email)) {
        err_set(e, -EEXIST, "%s is there: nothing in it is overwritten", env);
        err_hint(e, "change it by hand, then: ipam-orch config --check");
        return err_classify(e, ERR_UNSAFE);
    }
    /* where there is a project, only its variables may be missing */
    r = project ? init_variables(dir, &o, e) : init_project(dir, &o, e);
    if (r == 0 && there && in->generate)
        r = complete(cli, dir, e);
    if (r == 0 && there)
        r = diff(cli, dir, false, e);
    else if (r == 0 && made == 0 && !cli->quiet)
        printf("nothing to do: the project has no env.template\n");
    if (r == 0 && made > 0 && !there)
        look_for_data(cli, dir);
    if (r == 0 && made > 0 && !cli->quiet)
        printf("next: ipam-orch check, ipam-orch config --check, ipam-orch up\n");
    return r;
}

int cmd_init(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    if (in.units)
        return units(cli, &in, &e);
    r = configure(cli, &in, &e);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
