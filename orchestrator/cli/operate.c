#include "cli/operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/daemons.h"
#include "cli/record.h"
#include "cli/request.h"

static int connect_manager(void *owner, struct client **out, struct err *e)
{
    return daemons_attach(owner, out, e);
}

static void say(void *owner, const char *line)
{
    const struct cli *cli = owner;

    if (!cli->quiet)
        fprintf(stderr, "%s\n", line);
}

static void describe(const struct cli *cli, const char *project, const char *verb,
                     const char *message, struct operate *o)
{
    *o = OPERATE_NONE;
    o->cli = cli;
    o->project = strdup(project);
    if (!o->project)
        abort();
    o->config = (struct procedure_config){ .project = o->project,
                                           .verb = verb,
                                           .message = message ? message : "",
                                           .lock_wait_us = cli->lock_wait_us,
                                           .owner = (void *) (size_t) cli,
                                           .connect = connect_manager,
                                           .say = say };
}

int operate_begin_named(const struct cli *cli, const char *project, const char *verb,
                        const char *message, struct operate *o, struct err *e)
{
    describe(cli, project, verb, message, o);
    record_project(project);
    return procedure_begin(&o->config, &o->procedure, e);
}

int operate_begin(const struct cli *cli, const char *verb, const char *message, struct operate *o,
                  struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    int r = request_attach(cli, &client, &project, NULL, e);

    *o = OPERATE_NONE;
    return r < 0 ? r : operate_begin_named(cli, project, verb, message, o, e);
}

int operate_look(const struct cli *cli, const char *project, struct operate *o, struct err *e)
{
    auto_client client = NULL;
    auto_free char *found = NULL;
    int r = 0;

    *o = OPERATE_NONE;
    if (!project)
        r = request_attach(cli, &client, &found, NULL, e);
    if (r < 0)
        return r;
    describe(cli, project ? project : found, "", NULL, o);
    o->procedure.config = &o->config;
    o->procedure.project = strdup(o->project);
    if (!o->procedure.project)
        abort();
    return 0;
}

void operate_end(struct operate *o, int result)
{
    procedure_end(&o->procedure, result);
    free(o->project);
    *o = OPERATE_NONE;
}
