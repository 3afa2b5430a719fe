#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cmd.h"
#include "cli/init.h"
#include "cli/options.h"
#include "compose/load.h"

struct input {
    const char *dir;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key != ARGP_KEY_ARG || in->dir)
        return ARGP_ERR_UNKNOWN;
    in->dir = arg;
    return 0;
}

static const struct argp argp = {
    .parser = parse,
    .args_doc = "[DIR]",
    .doc =
        "Creates .env.prod (mode 0600) with generated secrets from the project's env.template.  "
        "Where there is no compose file yet, the IPAM project is created first.  Nothing is ever "
        "overwritten."
};

static unsigned made;

static void say(void *owner, const char *path, const char *what)
{
    const struct cli *cli = owner;

    made++;
    if (!cli->quiet)
        printf("created %s (%s)\n", path, what);
}

int cmd_init(struct cli *cli, int argc, char **argv)
{
    struct load_options load = options_load(cli);
    struct input in = { 0 };
    struct err e = ERR_INIT;
    auto_free char *dir = NULL;
    int r = 0;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    if (!in.dir && (r = load_project_dir(&load, &dir, &e)) == -ENOENT)
        r = 0;
    if (r == 0 && dir) /* there is a project: only its variables may be missing */
        r = init_variables(dir, say, cli, &e);
    else if (r == 0)
        r = init_project(in.dir ? in.dir : load_default_dir(), say, cli, &e);
    if (r < 0)
        return cli_fail(cli, &e);
    if (!cli->quiet)
        printf(made ? "next: ipam-orch up\n" : "nothing to do: the configuration is there\n");
    return 0;
}
