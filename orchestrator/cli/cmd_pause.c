/* pause, unpause: services frozen where they are, and let go on. */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/request.h"

static void print(const struct cli *cli, const json_t *instances)
{
    if (cli->format == FORMAT_JSON) {
        documents_write(instances, stdout);
        return;
    }
    for (size_t i = 0; i < json_array_size(instances) && !cli->quiet; i++)
        puts(json_string_value(json_object_get(json_array_get(instances, i), "name")));
}

static int change(const struct cli *cli, const char *op, char *const *services, struct err *e)
{
    json_t *instances = NULL;
    int r = request_inquiry(cli, op, services, NULL, &instances, e);

    if (r == 0)
        print(cli, instances);
    json_decref(instances);
    return r;
}

static int run(struct cli *cli, const char *op, const struct argp *argp, int argc, char **argv)
{
    auto_strv services = NULL;
    struct err e = ERR_INIT;

    if (cli_parse(cli, argp, argc, argv, &services) != 0)
        return ERR_USAGE;
    return change(cli, op, services, &e) < 0 ? cli_fail(cli, &e) : 0;
}

int cmd_pause(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = cli_parse_words,
        .args_doc = "[SERVICE...]",
        .doc = "Freezes the processes of services and prints which.  They keep their memory, "
               "addresses and connections, and are not probed.  `unpause`, `start` and `up` let "
               "them go on; whatever ends or signals a service lets it go on first."
    };

    return run(cli, "pause", &argp, argc, argv);
}

int cmd_unpause(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .parser = cli_parse_words,
                                      .args_doc = "[SERVICE...]",
                                      .doc = "Lets paused services go on and prints which." };

    return run(cli, "unpause", &argp, argc, argv);
}
