/* down: the end of a project, and with -v of its data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/log_reader.h"
#include "cli/options.h"
#include "cli/patience.h"
#include "cli/request.h"
#include "compose/load.h"
#include "model/project_json.h"

enum { FAILURE_LINES = 40, NAME_ROOM = 128 };

struct input {
    bool volumes;
    struct patience patience;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key != 'v')
        return patience_parse(&in->patience, key, arg, state);
    in->volumes = true;
    return 0;
}

/* Data that is gone does not come back: somebody must have said so. */
static int confirm(const struct cli *cli, const char *project, struct err *e)
{
    char answer[NAME_ROOM] = "";

    if (cli->yes)
        return 0;
    if (!isatty(STDIN_FILENO)) {
        err_set(e, -EPERM, "the data of '%s' would be deleted, and nobody is there to ask",
                project);
        err_hint(e, "ipam-orch -y down -v");
        return err_classify(e, ERR_UNSAFE);
    }
    fprintf(stderr, "All data of '%s' will be deleted. Type the name of the project: ", project);
    (void) fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, project) == 0)
        return 0;
    err_set(e, -EPERM, "that is not its name: nothing was changed");
    return err_classify(e, ERR_UNSAFE);
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
static int remove_data(struct cli *cli, struct err *e)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct project *p = NULL;
    auto_client client = NULL;
    auto_free char *text = NULL;
    int r = load_project(&load, &p, &warnings, e);

    if (r == 0)
        r = confirm(cli, p->name, e);
    if (r == 0)
        r = project_to_json(p, &text, e);
    if (r == 0)
        r = daemons_connect(cli, &client, e);
    if (r == 0)
        r = end(cli, client, p->name,
                json_pack("{s:s,s:s,s:o,s:b}", "op", "begin", "operation", "down", "definition",
                          json_loads(text, 0, NULL), "volumes", 1),
                e);
    if (text)
        explicit_bzero(text, strlen(text));
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
        r = confirm(cli, project, e);
    else if ((r == -ENOENT || e->class == ERR_UNREACHABLE) && in->volumes) {
        *e = ERR_INIT;
        client_close(take_ptr(client));
        return remove_data(cli, e);
    }
    if (r < 0)
        return r;
    message = json_pack("{s:s,s:s,s:s,s:b}", "op", "begin", "operation", "down", "project", project,
                        "volumes", in->volumes);
    patience_tell(&in->patience, message);
    return end(cli, client, project, message, e);
}

int cmd_down(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "volumes", 'v', NULL, 0, "Deletes the volumes of the project too; asks first", 0 },
        PATIENCE_GRACE_OPTION,
        { 0 }
    };
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .doc = "Stops all services and removes sandboxes, networks "
                                             "and published ports.  Volumes and logs are kept; -v "
                                             "deletes the volumes, but external ones." };
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
