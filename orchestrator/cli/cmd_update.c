/* update, rollback, promote, confirm, abort: one release of a project after another. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/next.h"
#include "cli/operate.h"
#include "cli/releases.h"
#include "cli/request.h"
#include "cli/updating.h"
#include "ops/canary.h"
#include "ops/update.h"

enum {
    OPT_ORDER = 256,
    OPT_PARALLELISM,
    OPT_DELAY,
    OPT_MONITOR,
    OPT_RATIO,
    OPT_ON_FAILURE,
    OPT_CANARY
};

/* instead of what the files say, for every service */
struct overrides {
    int order, on_failure, permill; /* -1: as the files say */
    int64_t parallelism, delay_us, monitor_us;
};

struct input {
    struct updating updating;
    struct overrides over;
    const char *release;
    bool list;
};

#define NO_OVERRIDES                                                                               \
    {                                                                                              \
        -1, -1, -1, -1, -1, -1                                                                     \
    }

static int word(const char *arg, const char *const *words, int n, struct argp_state *state)
{
    for (int k = 0; k < n; k++)
        if (strcmp(words[k], arg) == 0)
            return k;
    argp_error(state, "'%s' is none of: %s, %s%s%s", arg, words[0], words[1], n > 2 ? ", " : "",
               n > 2 ? words[2] : "");
    return -1;
}

static int permill(const char *arg, struct argp_state *state)
{
    enum { WHOLE = 1000 };
    char *end = NULL;
    double ratio = strtod(arg, &end);

    if (end == arg || *end != '\0' || !(ratio >= 0 && ratio <= 1))
        argp_error(state, "'%s' is no ratio: from 0 to 1", arg);
    return (int) (ratio * WHOLE + 0.5);
}

static error_t parse_override(struct overrides *o, int key, char *arg, struct argp_state *state)
{
    uint64_t n = 0;

    switch (key) {
    case OPT_ORDER: o->order = word(arg, rollout_order_text, ROLLOUT_ORDER_COUNT, state); return 0;
    case OPT_ON_FAILURE:
        o->on_failure = word(arg, rollout_failure_text, ROLLOUT_FAILURE_COUNT, state);
        return 0;
    case OPT_RATIO: o->permill = permill(arg, state); return 0;
    case OPT_DELAY: o->delay_us = (int64_t) patience_time(arg, state); return 0;
    case OPT_MONITOR: o->monitor_us = (int64_t) patience_time(arg, state); return 0;
    case OPT_PARALLELISM:
        if (num_u64(arg, UINT16_MAX, &n) < 0)
            argp_error(state, "'%s' is no number of instances", arg);
        o->parallelism = (int64_t) n;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void override(struct rollout_spec *s, const struct overrides *o)
{
    if (o->order >= 0)
        s->order = (enum rollout_order) o->order;
    if (o->on_failure >= 0)
        s->on_failure = (enum rollout_failure) o->on_failure;
    if (o->permill >= 0)
        s->max_failure_permill = (unsigned) o->permill;
    if (o->parallelism >= 0)
        s->parallelism = (unsigned) o->parallelism;
    if (o->delay_us >= 0)
        s->delay_us = (uint64_t) o->delay_us;
    if (o->monitor_us >= 0)
        s->monitor_us = (uint64_t) o->monitor_us;
}

/* ---- update ---- */

static error_t parse_update(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;
    error_t r = parse_override(&in->over, key, arg, state);

    if (r != ARGP_ERR_UNKNOWN)
        return r;
    if (key == OPT_CANARY) {
        if (num_u64(arg, UINT16_MAX, &in->updating.canaries) < 0 || in->updating.canaries == 0)
            argp_error(state, "'%s' is no number of instances", arg);
        return 0;
    }
    if (key == ARGP_KEY_END && in->updating.canaries > 0 && strv_len(in->updating.services) != 1)
        argp_error(state, "--canary is about one service");
    if (key != ARGP_KEY_ARG)
        return updating_parse(&in->updating, key, arg, state);
    strv_append(&in->updating.services, arg);
    return 0;
}

static const struct argp_option update_options[] = {
    { "order", OPT_ORDER, "ORDER", 0, "start-first or stop-first, for every service", 0 },
    { "parallelism", OPT_PARALLELISM, "N", 0, "so many instances of a service at a time, 0 = all",
      0 },
    { "delay", OPT_DELAY, "TIME", 0, "between one group of instances and the next", 0 },
    { "monitor", OPT_MONITOR, "TIME", 0, "so long a new instance has to stay well", 0 },
    { "max-failure-ratio", OPT_RATIO, "RATIO", 0, "of the instances of a service, from 0 to 1", 0 },
    { "on-failure", OPT_ON_FAILURE, "ACTION", 0, "rollback, pause or continue", 0 },
    { "canary", OPT_CANARY, "N", 0,
      "so many instances of the service only, until ipam-orch promote or rollback", 0 },
    UPDATING_OPTIONS,
    { 0 },
};

/* an instance of the release before has to be left to compare with, and to go back to */
static int check_canaries(const struct project *p, const struct updating *in, struct err *e)
{
    const struct unit *u = in->canaries > 0 ? project_unit(p, in->services[0]) : NULL;

    if (u && p->release[0] == '\0') {
        err_set(e, -EINVAL, "project '%s' has no releases that a canary could be one of", p->name);
        err_hint(e, "x-ipam-orch.release in the compose file makes them");
        return err_classify(e, ERR_USAGE);
    }
    if (!u || in->canaries < u->replicas)
        return 0;
    err_set(e, -EINVAL, "service '%s' has %u instance%s, of which %" PRIu64 " cannot be canaries",
            u->name, u->replicas, u->replicas == 1 ? "" : "s", in->canaries);
    err_hint(e, "ipam-orch update --confirm-within 10m tries a release with a way back");
    return err_classify(e, ERR_USAGE);
}

static int update(struct cli *cli, struct input *in, struct err *e)
{
    struct operate o = OPERATE_NONE;
    struct next n = { 0 };
    int r = operate_begin(cli, "update", in->updating.message, &o, e);

    if (r == 0)
        r = next_load(cli, &o.procedure, in->updating.services, true, &n, e);
    if (r == 0)
        r = check_canaries(n.project, &in->updating, e);
    for (size_t i = 0; r == 0 && i < n.project->n_units; i++)
        override(&n.project->units[i].update, &in->over);
    if (r == 0)
        r = updating_run(cli, &o, &n, &in->updating, e);
    next_clear(&n);
    operate_end(&o, r);
    return r;
}

int cmd_update(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = update_options,
        .parser = parse_update,
        .args_doc = "[SERVICE...]",
        .doc =
            "Makes what runs what the files say now, service by service, as deploy.update_config "
            "of each says.  When something fails everything becomes what it was before (exit "
            "status 9)."
    };
    struct input in = { .updating = { .verb = "update" }, .over = NO_OVERRIDES };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = daemons_may_change(cli, &e);
    if (r == 0)
        r = update(cli, &in, &e);
    strv_free(in.updating.services);
    return r < 0 ? cli_fail(cli, &e) : 0;
}

/* ---- rollback ---- */

enum { OPT_LIST = 512 };

static error_t parse_rollback(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key == OPT_LIST) {
        in->list = true;
        return 0;
    }
    if (key != ARGP_KEY_ARG)
        return updating_parse(&in->updating, key, arg, state);
    if (in->release)
        argp_error(state, "one release, please");
    in->release = arg;
    return 0;
}

static const struct argp_option rollback_options[] = {
    { "list", OPT_LIST, NULL, 0, "show the releases there are", 0 },
    { "message", 'm', "TEXT", 0, "why, for the history", 0 },
    { "confirm-within", UPDATING_CONFIRM, "TIME", 0,
      "undo it after so long unless ipam-orch confirm says that it is good", 0 },
    PATIENCE_READY_OPTION,
    { 0 },
};

static int choose(const struct operate *o, const char *wanted, char id[RELEASE_ID], struct err *e)
{
    const char *project = o->project;
    char current[RELEASE_ID] = "";
    struct canary c;
    int r =
        wanted ? release_find(project, wanted, id, e) : release_current(project, current, id, e);

    if (r == 0 && !wanted && canary_read(o->procedure.dir, &c)) /* what serves but for it */
        memcpy(id, c.from, sizeof c.from);
    if (r < 0 || id[0] != '\0')
        return r;
    err_set(e, -ENOENT, "project '%s' has had no other release", project);
    err_hint(e, "ipam-orch releases ls");
    return err_classify(e, ERR_USAGE);
}

static int rollback(struct cli *cli, struct input *in, struct err *e)
{
    struct operate o = OPERATE_NONE;
    struct next n = { 0 };
    char id[RELEASE_ID] = "";
    int r = operate_begin(cli, "rollback", in->updating.message, &o, e);

    if (r == 0 && in->list) {
        r = releases_list(cli, o.project, e);
        operate_end(&o, r);
        return r;
    }
    if (r == 0)
        r = choose(&o, in->release, id, e);
    if (r == 0)
        r = next_load_release(cli, &o.procedure, id, &n, e);
    if (r == 0)
        r = updating_run(cli, &o, &n, &in->updating, e);
    next_clear(&n);
    operate_end(&o, r);
    return r;
}

int cmd_rollback(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = rollback_options,
        .parser = parse_rollback,
        .args_doc = "[RELEASE]",
        .doc = "Makes what runs an earlier release of it, by default the one before, as "
               "deploy.rollback_config of each service says.  The database stays as it is."
    };
    struct input in = { .updating = { .verb = "rollback", .back = true } };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return rollback(cli, &in, &e) < 0 ? cli_fail(cli, &e) : 0;
}

/* ---- promote ---- */

static error_t parse_promote(int key, char *arg, struct argp_state *state)
{
    return updating_parse(state->input, key, arg, state);
}

static int promote(struct cli *cli, struct updating *in, struct err *e)
{
    struct operate o = OPERATE_NONE;
    struct next n = { 0 };
    struct canary c;
    int r = operate_begin(cli, "promote", in->message, &o, e);

    if (r == 0 && !canary_read(o.procedure.dir, &c)) {
        err_set(e, -ENOENT, "project '%s' has no canary", o.project);
        err_hint(e, "ipam-orch update --canary 1 SERVICE makes one");
        r = err_classify(e, ERR_USAGE);
    }
    if (r == 0)
        r = next_load_release(cli, &o.procedure, c.to, &n, e);
    if (r == 0)
        r = updating_run(cli, &o, &n, in, e);
    next_clear(&n);
    operate_end(&o, r);
    return r;
}

int cmd_promote(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = { UPDATING_OPTIONS, { 0 } };
    static const struct argp argp = { .options = options,
                                      .parser = parse_promote,
                                      .doc = "Makes everything the release of which update "
                                             "--canary has made some instances." };
    struct updating in = { .verb = "promote" };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return promote(cli, &in, &e) < 0 ? cli_fail(cli, &e) : 0;
}

/* ---- confirm, abort ---- */

static int say(struct cli *cli, bool good, int argc, char **argv, const char *doc)
{
    const struct argp argp = { .doc = doc };
    auto_client client = NULL;
    auto_free char *project = NULL;
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, NULL) != 0)
        return ERR_USAGE;
    r = daemons_attach(cli, &client, &e);
    if (r == 0)
        r = request_project(cli, client, &project, NULL, &e);
    if (r == 0)
        r = update_answer(project, good, &e);
    return r < 0 ? cli_fail(cli, &e) : 0;
}

int cmd_confirm(struct cli *cli, int argc, char **argv)
{
    return say(cli, true, argc, argv,
               "Tells an update that waits for it (--confirm-within) that the release is good.");
}

int cmd_abort(struct cli *cli, int argc, char **argv)
{
    return say(cli, false, argc, argv,
               "Tells an update that waits for it (--confirm-within) to go back.");
}
