/* scale: more or fewer instances of services. */
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/up.h"

enum { OPT_NO_DEPS = 256 };

static const struct argp_option options[] = {
    { "no-deps", OPT_NO_DEPS, NULL, 0, "do not start what the services depend on", 0 },
    PATIENCE_READY_OPTION,
    PATIENCE_GRACE_OPTION,
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct up *in = state->input;

    switch (key) {
    case OPT_NO_DEPS: in->no_deps = true; return 0;
    case ARGP_KEY_ARG:
        strv_append(&in->scale, arg);
        strv_appendf(&in->services, "%.*s", (int) strcspn(arg, "="), arg);
        return 0;
    case ARGP_KEY_END:
        if (!in->scale)
            argp_error(state, "say which service is to have how many: SERVICE=NUMBER");
        return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "SERVICE=NUMBER...",
    .doc = "Makes the number of instances of services what is said, until the next `up`."
};

int cmd_scale(struct cli *cli, int argc, char **argv)
{
    struct up in = { .skip_verify = true };

    return up_verb(cli, &argp, argc, argv, &in);
}
