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
#include "cli/record.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/request.h"

enum { OPT_INDEX = 256, OPT_PRIVILEGED };

static const struct argp_option options[] = {
    REMOTE_OPTIONS,
    { "detach", 'd', NULL, 0, "Ends when the command has begun; its output is lost", 0 },
    { "index", OPT_INDEX, "N", 0, "Which instance of the service, 1 if it is not said", 0 },
    { "privileged", OPT_PRIVILEGED, NULL, OPTION_HIDDEN, NULL, 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct remote_command *c = state->input;

    switch (key) {
    case OPT_INDEX: return remote_index(&c->index, arg, state);
    case OPT_PRIVILEGED:
        argp_error(state, "a command inside a service has the rights of the service, never more");
        return 0;
    case ARGP_KEY_END:
        if (!c->argv || !c->argv[0])
            argp_error(state, "a service and a command are needed");
        return 0;
    default: return remote_parse(c, key, arg, state);
    }
}

static int exec(struct cli *cli, const struct remote_command *c, struct err *e)
{
    char *const named[] = { (char *) (size_t) c->service, NULL };
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    int code = request_open(cli, named, &client, &project, &status, e);

    json_decref(status);
    if (code < 0)
        return code;
    record_project(project);
    return remote_run(client,
                      json_pack("{s:s,s:s,s:s,s:i}", "op", "exec", "project", project, "service",
                                c->service, "index", c->index),
                      c, (const char *const *) c->argv, e);
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
    struct remote_command c = { .index = 1 };
    struct err e = ERR_INIT;
    int code;

    if (cli_parse_in_order(cli, &argp, argc, argv, &c) != 0)
        return ERR_USAGE;
    code = exec(cli, &c, &e);
    strv_free(c.env);
    if (e.code == 0)
        return code;
    (void) cli_fail(cli, &e);
    return code > 0 ? code : REMOTE_OURS;
}
