#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/patience.h"

enum {
    OPT_PROJECT_DIRECTORY = 256,
    OPT_ENV_FILE,
    OPT_PROFILE,
    OPT_FORMAT,
    OPT_PROGRESS,
    OPT_SOCKET,
    OPT_MODE,
    OPT_LOCK_WAIT,
    /* after the verb the short forms belong to the verb: -f there is "follow" */
    OPT_LONG = 0x1000,
};

/* longer than any operation: a year */
#define LONG_US (UINT64_C(365) * 24 * 3600 * USEC_PER_SEC)

static const struct argp_option global_options[] = {
    { NULL, 0, NULL, 0, "Global options:", 10 },
    { "file", 'f', "FILE", 0, "compose file (repeatable)", 10 },
    { "project-name", 'p', "NAME", 0, "project name", 10 },
    { "project-directory", OPT_PROJECT_DIRECTORY, "DIR", 0, "project directory", 10 },
    { "env-file", OPT_ENV_FILE, "FILE", 0, "variables (default .env.prod, else .env)", 10 },
    { "profile", OPT_PROFILE, "NAME", 0, "enable a profile (repeatable)", 10 },
    { "mode", OPT_MODE, "MODE", 0, "auto, native or compose", 10 },
    { "format", OPT_FORMAT, "FORM", 0, "table or json", 10 },
    { "progress", OPT_PROGRESS, "FORM", 0, "auto, tty, plain, json or quiet", 10 },
    { "socket", OPT_SOCKET, "PATH", 0, "control socket of the manager", 10 },
    { "lock-wait", OPT_LOCK_WAIT, "TIME", OPTION_ARG_OPTIONAL,
      "wait for another operation on the project to end, for ever if no time is given", 10 },
    { "quiet", 'q', NULL, 0, "print results and errors only", 10 },
    { "verbose", 'v', NULL, 0, "say more", 10 },
    { "yes", 'y', NULL, 0, "answer questions with yes", 10 },
    { 0 },
};

static int choose(struct argp_state *state, const char *what, const char *arg,
                  const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], arg) == 0)
            return i;
    argp_error(state, "unknown %s '%s'", what, arg);
    return 0;
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    static const char *const formats[] = { "table", "json", NULL };
    static const char *const progresses[] = { "auto", "tty", "plain", "json", "quiet", NULL };
    static const char *const modes[] = { "auto", "native", "compose", NULL };
    struct cli *cli = state->input;

    switch (key >= OPT_LONG && key < 2 * OPT_LONG ? key - OPT_LONG : key) {
    case 'f': strv_append(&cli->files, arg); return 0;
    case 'p': cli->project_name = arg; return 0;
    case 'q': cli->quiet = true; return 0;
    case 'v': cli->verbose = true; return 0;
    case 'y': cli->yes = true; return 0;
    case OPT_PROJECT_DIRECTORY: cli->project_dir = arg; return 0;
    case OPT_ENV_FILE: strv_append(&cli->env_files, arg); return 0;
    case OPT_PROFILE: strv_append(&cli->profiles, arg); return 0;
    case OPT_SOCKET: cli->socket = arg; return 0;
    case OPT_FORMAT: cli->format = (enum format) choose(state, "format", arg, formats); return 0;
    case OPT_PROGRESS:
        cli->progress = (enum progress_form) choose(state, "progress", arg, progresses);
        return 0;
    case OPT_MODE: cli->mode = modes[choose(state, "mode", arg, modes)]; return 0;
    case OPT_LOCK_WAIT: cli->lock_wait_us = arg ? patience_time(arg, state) : LONG_US; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

struct before {
    struct cli *cli;
    int verb;
};

static error_t parse_before(int key, char *arg, struct argp_state *state)
{
    struct before *b = state->input;

    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = b->cli;
    if (key != ARGP_KEY_ARG)
        return key == ARGP_KEY_INIT ? 0 : ARGP_ERR_UNKNOWN;
    (void) arg;
    b->verb = state->next - 1;
    state->next = state->argc; /* the rest belongs to the verb */
    return 0;
}

int options_before_verb(struct cli *cli, int argc, char **argv)
{
    static const struct argp global = { .options = global_options, .parser = parse_global };
    static const struct argp_child children[] = { { &global, 0, NULL, 0 }, { 0 } };
    static const struct argp argp = {
        .parser = parse_before,
        .children = children,
        .args_doc = "VERB [ARGUMENT...]",
        .doc = "Runs compose projects natively and operates them.\vSee `ipam-orch help`.",
    };
    struct before b = { .cli = cli, .verb = argc };

    (void) argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &b);
    return b.verb;
}

struct after {
    struct cli *cli;
    void *input;
};

static error_t parse_after(int key, char *arg, struct argp_state *state)
{
    struct after *a = state->input;

    (void) arg;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = a->input;
    state->child_inputs[1] = a->cli;
    return 0;
}

static int parse(struct cli *cli, const struct argp *verb, int argc, char **argv, unsigned flags,
                 void *input)
{
    struct argp_option long_only[ARRAY_LEN(global_options)];
    struct argp global = { .options = long_only, .parser = parse_global };
    struct argp_child children[] = { { verb, 0, NULL, 0 }, { &global, 0, NULL, 10 }, { 0 } };
    struct argp argp = {
        .parser = parse_after, .children = children, .args_doc = verb->args_doc, .doc = verb->doc
    };
    struct argp own = *verb;
    struct after a = { .cli = cli, .input = input };
    auto_free char *name = paths_join("ipam-orch %s", argv[0]);

    memcpy(long_only, global_options, sizeof long_only);
    for (size_t i = 0; i < ARRAY_LEN(long_only); i++)
        if (long_only[i].key == 'f')
            long_only[i].key += OPT_LONG;
    own.doc = own.args_doc = NULL; /* they stand at the top already */
    children[0].argp = &own;
    argv[0] = name;
    return argp_parse(&argp, argc, argv, flags, NULL, &a);
}

int cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input)
{
    return parse(cli, argp, argc, argv, 0, input);
}

int cli_parse_in_order(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input)
{
    return parse(cli, argp, argc, argv, ARGP_IN_ORDER, input);
}

error_t cli_parse_words(int key, char *arg, struct argp_state *state)
{
    char ***words = state->input;

    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    strv_append(words, arg);
    return 0;
}

void options_to_load(const struct cli *cli, struct load_options *out)
{
    out->files = cli->files;
    out->env_files = cli->env_files;
    out->profiles = cli->profiles;
    out->project_name = cli->project_name;
    out->project_dir = cli->project_dir;
}

struct load_options options_load(const struct cli *cli)
{
    struct load_options load = { 0 };

    options_to_load(cli, &load);
    return load;
}

char *options_socket(const struct cli *cli)
{
    return cli->socket ? paths_join("%s", cli->socket)
                       : paths_join("%s/manager/control.sock", paths_run());
}
