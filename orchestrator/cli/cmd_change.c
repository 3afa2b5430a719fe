/* start, stop, restart: what changes a project that the manager knows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/log_reader.h"
#include "cli/patience.h"
#include "cli/request.h"

enum { FAILURE_LINES = 40 };

struct input {
    char **services;
    struct patience patience;
};

static const struct argp_option start_options[] = { PATIENCE_READY_OPTION, { 0 } };
static const struct argp_option stop_options[] = { PATIENCE_GRACE_OPTION, { 0 } };
static const struct argp_option restart_options[] = { PATIENCE_READY_OPTION,
                                                      PATIENCE_GRACE_OPTION,
                                                      { 0 } };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key != ARGP_KEY_ARG)
        return patience_parse(&in->patience, key, arg, state);
    strv_append(&in->services, arg);
    return 0;
}

static json_t *names_to_json(char *const *names)
{
    json_t *list = json_array();

    for (; names && *names; names++)
        (void) json_array_append_new(list, json_string(*names));
    return list;
}

static int change(struct cli *cli, const char *operation, const struct input *in, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *message;
    bool ending = false;
    char service[128];
    int r = request_open(cli, in->services, &client, &project, &status, e);

    json_decref(status);
    if (r < 0)
        return r;
    message = json_pack("{s:s,s:s,s:s,s:o}", "op", "begin", "operation", operation, "project",
                        project, "services", names_to_json(in->services));
    patience_tell(&in->patience, message);
    r = request_run(cli, client, message, &ending, service, e);
    if (r < 0 && service[0] != '\0')
        log_reader_print_last(project, service, FAILURE_LINES, stderr);
    if (ending)
        daemons_wait_end(client);
    return r;
}

static int run(struct cli *cli, const char *operation, const struct argp *argp, int argc,
               char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = change(cli, operation, &in, &e);
    strv_free(in.services);
    return r < 0 ? cli_fail(cli, &e) : 0;
}

int cmd_start(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .options = start_options,
                                      .parser = parse,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Starts services and what they depend on, and waits "
                                             "until they are healthy." };

    return run(cli, "start", &argp, argc, argv);
}

int cmd_stop(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .options = stop_options,
                                      .parser = parse,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Stops services, dependants first.  Networks and data "
                                             "stay." };

    return run(cli, "stop", &argp, argc, argv);
}

int cmd_restart(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .options = restart_options,
                                      .parser = parse,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Stops services and starts them again, in order." };

    return run(cli, "restart", &argp, argc, argv);
}
