/* plan, apply: what an update would do, and exactly that. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/next.h"
#include "cli/operate.h"
#include "cli/updating.h"
#include "model/member.h"
#include "ops/plan.h"

enum { OPT_EXIT_CODE = 256, OPT_FULL, PLAN_MAX = 16 * 1024 * 1024, PLAN_MODE = 0640 };

struct input {
    char **services;
    const char *output;
    bool exit_code, full;
};

static error_t parse_plan(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'o': in->output = arg; return 0;
    case OPT_EXIT_CODE: in->exit_code = true; return 0;
    case OPT_FULL: in->full = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option plan_options[] = {
    { "output", 'o', "FILE", 0, "write the plan for apply, and make the release it leads to", 0 },
    { "exit-code", OPT_EXIT_CODE, NULL, 0, "exit with 20 when there is something to do", 0 },
    { "full", OPT_FULL, NULL, 0, "also show services that stay as they are", 0 },
    { 0 },
};
static const struct argp plan_argp = {
    .options = plan_options,
    .parser = parse_plan,
    .args_doc = "[SERVICE...]",
    .doc = "Shows what an update would do to each service that runs: create, update, replace, "
           "remove or none; what differs, and whether it can be used meanwhile.  Nothing is "
           "changed."
};

static json_t *document(const char *project, const struct next *n)
{
    json_t *all = documents_begin(project);

    (void) json_object_set_new(all, "kind", json_string("plan"));
    (void) json_object_set_new(all, "release", json_string(n->release));
    (void) json_object_set_new(all, "basis", json_string(n->basis));
    (void) json_object_set(all, "services", n->plan);
    return all;
}

static int write_plan(const char *file, const char *project, const struct next *n, struct err *e)
{
    json_t *all = document(project, n);
    auto_free char *text = json_dumps(all, JSON_INDENT(2));
    int r = text ? fsio_write_atomic(AT_FDCWD, file, text, strlen(text), PLAN_MODE) : -ENOMEM;

    json_decref(all);
    return r < 0 ? err_set(e, r, "writing %s: %s", file, strerror(-r)) : 0;
}

static int plan(struct cli *cli, const struct input *in, bool *pending, struct err *e)
{
    struct operate o = OPERATE_NONE;
    struct next n = { 0 };
    int r = operate_begin(cli, "plan", "", &o, e);

    if (r == 0)
        r = next_load(cli, &o.procedure, in->services, in->output != NULL, &n, e);
    if (r == 0 && in->output)
        r = write_plan(in->output, o.project, &n, e);
    if (r == 0) {
        *pending = plan_changes(n.plan);
        if (cli->format == FORMAT_JSON) {
            documents_end(document(o.project, &n));
        } else {
            next_print(n.plan, in->full);
            if (!*pending && !cli->quiet)
                printf("nothing to do\n");
        }
    }
    next_clear(&n);
    operate_end(&o, r);
    return r;
}

int cmd_plan(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    bool pending = false;
    int r;

    if (cli_parse(cli, &plan_argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = plan(cli, &in, &pending, &e);
    strv_free(in.services);
    if (r < 0)
        return cli_fail(cli, &e);
    return in.exit_code && pending ? ERR_PENDING : 0;
}

/* ---- apply ---- */

static int read_plan(const char *file, json_t **out, struct err *e)
{
    auto_free char *text = NULL;
    int r = fsio_read(AT_FDCWD, file, PLAN_MAX, &text, NULL);
    json_t *json;

    if (r < 0)
        return err_set(e, r, "%s: %s", file, strerror(-r));
    json = json_loads(text, 0, NULL);
    if (json && strcmp(member_text(json, "kind"), "plan") == 0) {
        *out = json;
        return 0;
    }
    json_decref(json);
    err_set(e, -EINVAL, "%s is no plan", file);
    err_hint(e, "ipam-orch plan -o %s", file);
    return err_classify(e, ERR_USAGE);
}

static int check_basis(const struct next *n, const json_t *plan_file, struct err *e)
{
    if (strcmp(n->basis, member_text(plan_file, "basis")) == 0)
        return 0;
    err_set(e, -ESTALE, "the plan is of %s, and what runs is another since",
            member_text(plan_file, "time"));
    err_hint(e, "ipam-orch plan -o FILE, and look at it again");
    return err_classify(e, ERR_UNSAFE);
}

static int apply(struct cli *cli, const char *file, struct updating *in, struct err *e)
{
    struct operate o = OPERATE_NONE;
    struct next n = { 0 };
    json_t *plan_file = NULL;
    char id[RELEASE_ID];
    int r = read_plan(file, &plan_file, e);

    if (r == 0)
        r = operate_begin_named(cli, member_text(plan_file, "project"), "apply", in->message, &o,
                                e);
    if (r == 0)
        r = release_find(o.project, member_text(plan_file, "release"), id, e);
    if (r == 0)
        r = next_load_release(cli, &o.procedure, id, &n, e);
    if (r == 0)
        r = check_basis(&n, plan_file, e);
    if (r == 0)
        r = updating_run(cli, &o, &n, in, e);
    json_decref(plan_file);
    next_clear(&n);
    operate_end(&o, r);
    return r;
}

struct apply_input {
    const char *file;
    struct updating updating;
};

static error_t parse_apply(int key, char *arg, struct argp_state *state)
{
    struct apply_input *in = state->input;

    if (key == ARGP_KEY_ARG && !in->file) {
        in->file = arg;
        return 0;
    }
    if (key == ARGP_KEY_END && !in->file)
        argp_error(state, "which plan?");
    return updating_parse(&in->updating, key, arg, state);
}

static const struct argp_option apply_options[] = { UPDATING_OPTIONS, { 0 } };

int cmd_apply(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .options = apply_options,
                                      .parser = parse_apply,
                                      .args_doc = "PLAN",
                                      .doc = "Does what a plan says that plan -o has written, with "
                                             "the release it made.  Refused (15) when what runs "
                                             "has changed since." };
    struct apply_input in = { .updating = { .verb = "apply" } };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return apply(cli, in.file, &in.updating, &e) < 0 ? cli_fail(cli, &e) : 0;
}
