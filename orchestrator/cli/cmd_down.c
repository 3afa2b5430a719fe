/* down: the end of a project, and with -v of its data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/daemons.h"
#include "cli/log_reader.h"
#include "cli/options.h"
#include "cli/patience.h"
#include "cli/request.h"
#include "compose/load.h"
#include "model/project_json.h"

enum { FAILURE_LINES = 40, NAME_ROOM = 128, OPT_PURGE = 300 };

struct input {
    bool volumes, purge;
    struct patience patience;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_PURGE: in->purge = true; /* fall through */
    case 'v': in->volumes = true; return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

/* Data goes only when somebody has said so. */
static int confirm(const struct cli *cli, const char *project, bool purge, struct err *e)
{
    auto_free char *what =
        paths_join(purge ? "All data of '%s' will be deleted."
                         : "All data of '%s' goes into the trash, where it is kept for a while.",
                   project);

    return confirm_project(cli, project, what,
                           purge ? "ipam-orch -y down --purge" : "ipam-orch -y down -v", e);
}

static int end(const struct cli *cli, struct client *client, const char *project, json_t *message,
               struct err *e)
{
    bool ending = false;
    char service[NAME_ROOM];
    int r = request_run(cli, client, message, &ending, service, e);

    if (r < 0 && service[0] != '\0')
        log_reader_print_last(project, service, FAILURE_LINES, stderr);
    if (ending)
        daemons_wait_end(client);
    return r;
}

/* One that runs not any more has data all the same; its file says which. */
static int remove_data(struct cli *cli, bool purge, struct err *e)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct project *p = NULL;
    auto_client client = NULL;
    int r = load_project(&load, &p, &warnings, e);

    if (r == 0)
        r = confirm(cli, p->name, purge, e);
    if (r == 0)
        r = daemons_connect(cli, &client, e);
    if (r == 0)
        r = end(cli, client, p->name,
                json_pack("{s:s,s:s,s:o,s:b,s:b}", "op", "begin", "operation", "down", "definition",
                          project_to_tree(p), "volumes", 1, "purge", purge),
                e);
    project_free(p);
    return r;
}

static int down(struct cli *cli, const struct input *in, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *message;
    int r = request_open(cli, NULL, &client, &project, &status, e);

    json_decref(status);
    if (r == 0 && in->volumes)
        r = confirm(cli, project, in->purge, e);
    else if ((r == -ENOENT || e->class == ERR_UNREACHABLE) && in->volumes) {
        *e = ERR_INIT;
        client_close(take_ptr(client));
        return remove_data(cli, in->purge, e);
    }
    if (r < 0)
        return r;
    message = json_pack("{s:s,s:s,s:s,s:b,s:b}", "op", "begin", "operation", "down", "project",
                        project, "volumes", in->volumes, "purge", in->purge);
    patience_tell(&in->patience, message);
    return end(cli, client, project, message, e);
}

int cmd_down(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "volumes", 'v', NULL, 0, "Puts the volumes of the project into the trash; asks first",
          0 },
        { "purge", OPT_PURGE, NULL, 0, "Deletes them at once; asks first", 0 },
        PATIENCE_GRACE_OPTION,
        { 0 }
    };
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .doc = "Stops all services and removes sandboxes, networks "
                                             "and published ports.  Volumes and logs are kept; -v "
                                             "takes the volumes too, but external ones: they can "
                                             "be brought back with `volumes restore` for a while "
                                             "(x-ipam-orch.trash, a week where nothing is said)." };
    struct err e = ERR_INIT;
    struct input in = { 0 };
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = down(cli, &in, &e);
    if (!in.volumes && (r == -ENOENT || e.class == ERR_UNREACHABLE)) {
        /* it is down: what was asked for is so */
        if (!cli->quiet)
            fprintf(stderr, "nothing to do: %s\n", e.msg);
        return 0;
    }
    return r < 0 ? cli_fail(cli, &e) : 0;
}
