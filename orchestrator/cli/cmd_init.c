#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cmd.h"
#include "cli/init.h"
#include "cli/options.h"
#include "compose/load.h"
#include "preflight/preflight.h"
#include "preflight/takeover.h"

enum { OPT_TAKE_OVER = 256, OPT_RELEASE_UNITS };

struct input {
    const char *dir;
    int units; /* what to do with those of the distribution, instead of making files */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key == OPT_TAKE_OVER || key == OPT_RELEASE_UNITS) {
        in->units = key;
        return 0;
    }
    if (key != ARGP_KEY_ARG || in->dir)
        return ARGP_ERR_UNKNOWN;
    in->dir = arg;
    return 0;
}

static const struct argp_option options[] = {
    { "take-over", OPT_TAKE_OVER, NULL, 0,
      "stop and disable units of the distribution that have the ports `check` wants free", 0 },
    { "release-units", OPT_RELEASE_UNITS, NULL, 0,
      "enable and start the units again that --take-over disabled", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
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

static void say_unit(void *owner, const char *unit, const char *what)
{
    const struct cli *cli = owner;

    made++;
    if (!cli->quiet)
        printf("%s: %s\n", unit, what);
}

static int units(struct cli *cli, const struct input *in, struct err *e)
{
    int r = in->units == OPT_TAKE_OVER
                ? takeover_take(preflight_ports_wanted, PREFLIGHT_PORTS, say_unit, cli, e)
                : takeover_release(say_unit, cli, e);

    if (r < 0)
        return cli_fail(cli, e);
    if (made == 0 && !cli->quiet)
        printf("nothing to do: %s\n", in->units == OPT_TAKE_OVER
                                          ? "no unit has a port that must be free"
                                          : "no unit was taken over");
    return 0;
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
    if (in.units)
        return units(cli, &in, &e);
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
