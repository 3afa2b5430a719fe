/* start, stop, restart: what changes a project that the manager knows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/breakdown.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/patience.h"
#include "cli/renewal.h"
#include "cli/request.h"
#include "model/project_json.h"
#include "ops/release.h"

enum { OPT_NO_RELOAD = 256 };

struct input {
    char **services;
    bool no_reload;
    struct patience patience;
};

static const struct argp_option start_options[] = { PATIENCE_READY_OPTION, { 0 } };
static const struct argp_option stop_options[] = { PATIENCE_GRACE_OPTION, { 0 } };
static const struct argp_option restart_options[] = {
    { "no-reload", OPT_NO_RELOAD, NULL, 0, "as they were, whatever the files say by now", 0 },
    PATIENCE_READY_OPTION,
    PATIENCE_GRACE_OPTION,
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_NO_RELOAD: in->no_reload = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

static json_t *names_to_json(char *const *names)
{
    json_t *list = json_array();

    for (; names && *names; names++)
        (void) json_array_append_new(list, json_string(*names));
    return list;
}

/* adds what the files say now; who may not read them restarts what was */
static int reload(const struct cli *cli, const json_t *status, json_t *message, struct err *e)
{
    struct project *now = NULL;
    char release[RELEASE_ID];
    int r = renewal_load(cli, status, &now, e);

    if (r == -EACCES) {
        fprintf(stderr, "warning: %s: services are restarted as they were\n", e->msg);
        *e = (struct err) ERR_INIT;
        return 0;
    }
    if (r == 0 && now && now->release[0] != '\0')
        r = release_make(now, release, e);
    if (r == 0 && now)
        (void) json_object_set_new(message, "definition", project_to_tree(now));
    project_free(now);
    return r < 0 && e->hint[0] == '\0' ? err_hint(e, "ipam-orch restart --no-reload") : r;
}

static int change(struct cli *cli, const char *operation, const struct input *in, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *message;
    bool ending = false;
    json_t *failure = NULL;
    int r = request_open(cli, in->services, &client, &project, &status, e);

    if (r < 0)
        return r;
    message = json_pack("{s:s,s:s,s:s,s:o}", "op", "begin", "operation", operation, "project",
                        project, "services", names_to_json(in->services));
    patience_tell(&in->patience, message);
    if (strcmp(operation, "restart") == 0 && !in->no_reload)
        r = reload(cli, status, message, e);
    json_decref(status);
    if (r < 0) {
        json_decref(message);
        return r;
    }
    r = request_run_told(cli, client, message, &ending, &failure, e);
    if (r < 0)
        breakdown_show(cli, project, failure, e);
    json_decref(failure);
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
                                      .doc = "Stops services and starts them again, in order, as "
                                             "the files describe them by now." };

    return run(cli, "restart", &argp, argc, argv);
}
