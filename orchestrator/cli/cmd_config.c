#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "cli/cmd.h"
#include "cli/config_lists.h"
#include "cli/options.h"
#include "compose/load.h"
#include "compose/mask.h"
#include "compose/strict.h"
#include "compose/values.h"
#include "compose/yaml.h"

enum {
    OPT_FORMAT = 256,
    OPT_NO_INTERPOLATE,
    OPT_NO_NORMALIZE,
    OPT_NO_PATH_RESOLUTION,
    OPT_NO_CONSISTENCY,
    OPT_NO_ENV_RESOLUTION,
    OPT_SHOW_SECRETS,
    OPT_HASH,
    OPT_LIST, /* and one for each list after it */
};

struct input {
    struct load_options load;
    const struct config_list *list; /* NULL = the model */
    const char *argument;           /* of the list */
    const char *output;             /* file, NULL = stdout */
    bool json, quiet, show_secrets;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_FORMAT:
        if (strcmp(arg, "json") != 0 && strcmp(arg, "yaml") != 0)
            argp_error(state, "unknown format '%s'", arg);
        in->json = strcmp(arg, "json") == 0;
        return 0;
    case OPT_NO_INTERPOLATE: in->load.no_interpolate = true; return 0;
    case OPT_NO_NORMALIZE: in->load.no_normalize = true; return 0;
    case OPT_NO_PATH_RESOLUTION: in->load.no_path_resolution = true; return 0;
    case OPT_NO_CONSISTENCY: in->load.no_consistency = true; return 0;
    case OPT_NO_ENV_RESOLUTION: return 0; /* in Docker Compose 2.40 it changes nothing either */
    case OPT_SHOW_SECRETS: in->show_secrets = true; return 0;
    case 'o': in->output = arg; return 0;
    case ARGP_KEY_ARGS: in->load.services = state->argv + state->next; return 0;
    default: break;
    }
    if (key < OPT_LIST || key >= OPT_LIST + CONFIG_LIST_COUNT)
        return ARGP_ERR_UNKNOWN;
    in->list = &config_lists[key - OPT_LIST];
    in->argument = arg;
    return 0;
}

static const struct argp_option options[] = {
    { "format", OPT_FORMAT, "FORM", 0, "yaml (default) or json", 0 },
    { "output", 'o', "FILE", 0, "write to a file", 0 },
    { "services", OPT_LIST + CONFIG_SERVICES, NULL, 0, "print the names of services", 1 },
    { "volumes", OPT_LIST + CONFIG_VOLUMES, NULL, 0, "print the names of volumes", 1 },
    { "networks", OPT_LIST + CONFIG_NETWORKS, NULL, 0, "print the names of networks", 1 },
    { "models", OPT_LIST + CONFIG_MODELS, NULL, 0, "print the names of models", 1 },
    { "images", OPT_LIST + CONFIG_IMAGES, NULL, 0, "print the images", 1 },
    { "profiles", OPT_LIST + CONFIG_PROFILES, NULL, 0, "print the profiles", 1 },
    { "variables", OPT_LIST + CONFIG_VARIABLES, NULL, 0,
      "print the variables of the files with their defaults", 1 },
    { "environment", OPT_LIST + CONFIG_ENVIRONMENT, NULL, 0,
      "print the variables that are set, with their values", 1 },
    { "hash", OPT_LIST + CONFIG_HASH, "SERVICES", 0,
      "print a digest of services, separated by commas; '*' for all", 1 },
    { "explain", OPT_LIST + CONFIG_EXPLAIN, "ATTRIBUTE", OPTION_ARG_OPTIONAL,
      "say what native mode makes of the attributes of this project, or of one attribute", 1 },
    { "check", OPT_LIST + CONFIG_CHECK, NULL, 0,
      "look for mistakes that are no errors: variables that are not set, placeholders, lost "
      "dollars, secrets that others can read",
      1 },
    { "no-interpolate", OPT_NO_INTERPOLATE, NULL, 0, "leave variables as they are written", 2 },
    { "no-normalize", OPT_NO_NORMALIZE, NULL, 0, "leave unsaid what is unsaid", 2 },
    { "no-path-resolution", OPT_NO_PATH_RESOLUTION, NULL, 0, "leave relative paths", 2 },
    { "no-consistency", OPT_NO_CONSISTENCY, NULL, 0, "do not check what refers to what", 2 },
    { "no-env-resolution", OPT_NO_ENV_RESOLUTION, NULL, 0,
      "accepted; the model always has what env files say", 2 },
    { "show-secrets", OPT_SHOW_SECRETS, NULL, 0, "do not mask the values of secrets", 2 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[SERVICE...]",
    .doc = "Checks the compose files and prints the model they make: variables replaced, short "
           "forms long, paths absolute.  With --quiet it only checks.",
};

static int write_out(const char *path, const char *text, struct err *e)
{
    int r = fsio_write_atomic(AT_FDCWD, path, text, strlen(text), 0644);

    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int print_model(const struct input *in, const struct loaded *l, struct err *e)
{
    const struct node *model = l->model;
    auto_free char *text = NULL;
    int r;

    mask_values(l->model);
    if (!in->show_secrets)
        mask_secrets(l->arena, l->model, l->variables);
    if (in->json)
        model = in->load.no_interpolate ? values_raw_json(l->arena, model)
                                        : values_as_json(l->arena, model);
    else if (!in->load.no_interpolate)
        values_for_yaml(l->arena, l->model);
    r = in->json ? yaml_emit_json(model, !in->load.no_interpolate, &text, e)
                 : yaml_emit(model, !in->load.no_interpolate, &text, e);
    if (r < 0)
        return r;
    if (in->output)
        return write_out(in->output, text, e);
    fputs(text, stdout);
    if (in->json)
        putchar('\n');
    return 0;
}

/* as they are written first: what is missing may keep them from being read */
static int check(const struct input *in, struct err *e)
{
    struct loaded raw = { 0 }, l = { 0 };
    size_t missing = 0;
    int r = load_raw(&in->load, &raw, e);

    if (r == 0)
        missing = strict_variables(&raw, stdout);
    loaded_clear(&raw);
    if (r == 0)
        r = load_model(&in->load, &l, e);
    if (r == 0)
        r = strict_check(&l, missing, stdout, e);
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

static int config(const struct input *in, struct err *e)
{
    struct loaded l = { 0 };
    int r = in->list && in->list->raw ? load_raw(&in->load, &l, e) : load_model(&in->load, &l, e);

    if (!in->quiet)
        warnings_print(&l.warnings, stderr);
    if (r == 0 && in->list)
        r = in->list->print(&l, in->argument, in->json, e);
    else if (r == 0 && !in->quiet)
        r = print_model(in, &l, e);
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

int cmd_config(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    in.quiet = cli->quiet;
    in.json |= cli->format == FORMAT_JSON;
    options_to_load(cli, &in.load);
    in.load.here_only = true;
    r = in.list == &config_lists[CONFIG_CHECK] ? check(&in, &e) : config(&in, &e);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
