#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/up.h"

enum { OPT_KEEP = 256, OPT_NO_WAIT, OPT_NO_DEPS, OPT_WAIT, OPT_SCALE, OPT_SKIP_VERIFY };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct up *in = state->input;

    switch (key) {
    case 'd': /* as in docker compose: this is how `up` always works */
    case OPT_WAIT: return 0;
    case OPT_KEEP: in->keep = true; return 0;
    case OPT_SKIP_VERIFY: in->skip_verify = true; return 0;
    case OPT_NO_WAIT: in->no_wait = true; return 0;
    case OPT_NO_DEPS: in->no_deps = true; return 0;
    case OPT_SCALE: strv_append(&in->scale, arg); return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

static const struct argp_option options[] = {
    { "detach", 'd', NULL, 0, "accepted for compatibility: services always run on", 0 },
    { "wait", OPT_WAIT, NULL, 0, "accepted for compatibility: this is the default", 0 },
    { "no-wait", OPT_NO_WAIT, NULL, 0, "do not wait until services are healthy", 0 },
    { "no-deps", OPT_NO_DEPS, NULL, 0, "do not start what the services depend on", 0 },
    PATIENCE_READY_OPTION,
    PATIENCE_GRACE_OPTION,
    { "scale", OPT_SCALE, "SERVICE=N", 0, "how many instances there are to be; may be repeated",
      0 },
    { "skip-verify", OPT_SKIP_VERIFY, NULL, 0, "do not verify at the end that it works", 0 },
    { "keep", OPT_KEEP, NULL, 0, "leave what was started running when something fails", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[SERVICE...]",
    .doc = "Brings the project up in dependency order and waits until every service is healthy.  "
           "Without a configuration it asks on a terminal whether to make one, and fails elsewhere "
           "(see init).  A certificate that is missing is made, signed by itself."
};

int cmd_up(struct cli *cli, int argc, char **argv)
{
    struct up in = { 0 };

    return up_verb(cli, &argp, argc, argv, &in);
}
