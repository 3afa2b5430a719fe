#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "cli/cmd.h"
#include "cli/filebeat.h"
#include "cli/options.h"
#include "compose/export.h"
#include "compose/mask.h"
#include "compose/values.h"
#include "compose/yaml.h"

struct input {
    const char *form, *output; /* output: NULL = stdout */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'o': in->output = arg; return 0;
    case ARGP_KEY_ARG:
        if (in->form || (strcmp(arg, "compose") != 0 && strcmp(arg, "filebeat") != 0))
            argp_error(state, "cannot export '%s'; the forms are: compose, filebeat", arg);
        in->form = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "export what? The forms are: compose, filebeat");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "output", 'o', "FILE", 0, "write to a file that only its owner can read", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "compose|filebeat",
    .doc = "Prints the project as one compose file that Docker Compose accepts with the same "
           "meaning; values of variables are in it, secrets stay references.  Or the inputs of "
           "a Filebeat that reads exactly the logs of this project.",
};

static int compose_text(struct loaded *l, char **text, struct err *e)
{
    int r = export_compose(l->arena, l->model, e);

    if (r < 0)
        return r;
    mask_values(l->model);
    values_for_yaml(l->arena, l->model);
    return yaml_emit(l->model, true, text, e);
}

static int export(const struct cli *cli, const struct input *in, struct err *e)
{
    struct load_options load = options_load(cli);
    auto_free char *text = NULL;
    struct loaded l = { 0 };
    int r;

    load.here_only = true;
    r = load_model(&load, &l, e);

    if (!cli->quiet)
        warnings_print(&l.warnings, stderr);
    if (r == 0 && strcmp(in->form, "filebeat") == 0)
        text = filebeat_config(&l);
    else if (r == 0)
        r = compose_text(&l, &text, e);
    if (r == 0 && in->output) {
        r = fsio_write_atomic(AT_FDCWD, in->output, text, strlen(text), 0600);
        if (r < 0)
            err_set(e, r, "%s: %s", in->output, strerror(-r));
    } else if (r == 0) {
        fputs(text, stdout);
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

int cmd_export(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return export(cli, &in, &e) < 0 ? cli_fail(cli, &e) : 0;
}
