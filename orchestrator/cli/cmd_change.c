/* start, stop, restart: what changes a project that the manager knows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/log_reader.h"
#include "cli/request.h"

enum { FAILURE_LINES = 40 };

static error_t parse_services(int key, char *arg, struct argp_state *state)
{
    char ***services = state->input;

    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    strv_append(services, arg);
    return 0;
}

static json_t *names_to_json(char *const *names)
{
    json_t *list = json_array();

    for (; names && *names; names++)
        (void) json_array_append_new(list, json_string(*names));
    return list;
}

static int change(struct cli *cli, const char *operation, char *const *services, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    bool ending = false;
    char service[128];
    int r = request_open(cli, services, &client, &project, &status, e);

    json_decref(status);
    if (r < 0)
        return r;
    r = request_run(cli, client,
                    json_pack("{s:s,s:s,s:s,s:o}", "op", "begin", "operation", operation, "project",
                              project, "services", names_to_json(services)),
                    &ending, service, e);
    if (r < 0 && service[0] != '\0')
        log_reader_print_last(project, service, FAILURE_LINES);
    if (ending)
        daemons_wait_end(client);
    return r;
}

static int run(struct cli *cli, const char *operation, const struct argp *argp, int argc,
               char **argv)
{
    auto_strv services = NULL;
    struct err e = ERR_INIT;

    if (cli_parse(cli, argp, argc, argv, &services) != 0)
        return ERR_USAGE;
    return change(cli, operation, services, &e) < 0 ? cli_fail(cli, &e) : 0;
}

int cmd_start(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .parser = parse_services,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Starts services and what they depend on, and waits "
                                             "until they are healthy." };

    return run(cli, "start", &argp, argc, argv);
}

int cmd_stop(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .parser = parse_services,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Stops services, dependants first.  Networks and data "
                                             "stay." };

    return run(cli, "stop", &argp, argc, argv);
}

int cmd_restart(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .parser = parse_services,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Stops services and starts them again, in order." };

    return run(cli, "restart", &argp, argc, argv);
}
