/* exec: a command inside a running service. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/request.h"

enum { OPT_INDEX = 256, OPT_PRIVILEGED };

struct wish {
    bool no_terminal, detach;
    char **env;
    const char *workdir, *user, *service;
    char **argv; /* of the command, NULL-terminated; in argv of main */
};

static const struct argp_option options[] = {
    { "no-tty", 'T', NULL, 0, "No terminal for the command, though there is one here", 0 },
    { "env", 'e', "NAME=VALUE", 0, "Adds a variable; without =VALUE the caller's", 0 },
    { "workdir", 'w', "DIR", 0, "Where the command starts", 0 },
    { "user", 'u', "USER[:GROUP]", 0, "The user of the service, as a member of one of its groups",
      0 },
    { "detach", 'd', NULL, 0, "Ends when the command has begun; its output is lost", 0 },
    { "index", OPT_INDEX, "N", 0, "Which copy of the service; there is one", 0 },
    { "privileged", OPT_PRIVILEGED, NULL, OPTION_HIDDEN, NULL, 0 },
    /* what is so anyway may be said, as fingers do: -it */
    { "interactive", 'i', NULL, OPTION_HIDDEN, NULL, 0 },
    { "tty", 't', NULL, OPTION_HIDDEN, NULL, 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wish *w = state->input;

    switch (key) {
    case 'i':
    case 't': return 0;
    case 'T': w->no_terminal = true; return 0;
    case 'e': strv_append(&w->env, arg); return 0;
    case 'w': w->workdir = arg; return 0;
    case 'u': w->user = arg; return 0;
    case 'd': w->detach = true; return 0;
    case OPT_INDEX:
        if (strcmp(arg, "1") != 0)
            argp_error(state, "there is no copy %s: a service has one", arg);
        return 0;
    case OPT_PRIVILEGED:
        argp_error(state, "a command inside a service has the rights of the service, never more");
        return 0;
    case ARGP_KEY_ARG:
        w->service = arg;
        w->argv = state->argv + state->next;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_END:
        if (!w->argv || !w->argv[0])
            argp_error(state, "a service and a command are needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int exec(struct cli *cli, const struct wish *w, struct err *e)
{
    char *const named[] = { (char *) (size_t) w->service, NULL };
    bool terminal = !w->no_terminal && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    auto_client client = NULL;
    auto_free char *project = NULL;
    auto_free struct relay *r = malloc(sizeof *r);
    json_t *status = NULL, *message;
    int code = request_open(cli, named, &client, &project, &status, e);

    if (!r)
        abort();
    json_decref(status);
    if (code < 0)
        return code;
    message =
        json_pack("{s:s,s:s,s:s,s:o,s:o}", "op", "exec", "project", project, "service", w->service,
                  "argv", remote_strings(w->argv), "env", remote_variables(w->env));
    if (w->workdir)
        (void) json_object_set_new(message, "workdir", json_string(w->workdir));
    if (w->user)
        (void) json_object_set_new(message, "user", json_string(w->user));
    if (w->detach)
        (void) json_object_set_new(message, "detach", json_true());
    code = w->detach ? relay_open_nothing(r, e) : relay_open(r, terminal, e);
    if (code == 0)
        code = remote_run(client, message, r, w->argv[0], e);
    else
        json_decref(message);
    relay_close(r);
    return code;
}

int cmd_exec(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "SERVICE COMMAND [ARGUMENT...]",
        .doc = "Runs a command inside a running service: as its user, in its namespaces and "
               "limits, under its system call filter.  The exit status is the command's; 125 says "
               "that it could not be run, 126 and 127 that there is no such program, 128 and more "
               "which signal ended it."
    };
    struct wish w = { 0 };
    struct err e = ERR_INIT;
    int code;

    if (cli_parse_in_order(cli, &argp, argc, argv, &w) != 0)
        return ERR_USAGE;
    code = exec(cli, &w, &e);
    strv_free(w.env);
    if (e.code == 0)
        return code;
    (void) cli_fail(cli, &e);
    return code > 0 ? code : REMOTE_OURS;
}
