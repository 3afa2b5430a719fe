/* maintenance: a page for everybody but some, while something is done that nobody should see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/operate.h"
#include "cli/when.h"
#include "model/member.h"
#include "ops/maintenance.h"

enum { OPT_MESSAGE = 256, OPT_ALLOW };

struct input {
    const char *what, *message;
    char **allow;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const words[] = { "on", "off", "status" };
    struct input *in = state->input;

    switch (key) {
    case OPT_MESSAGE: in->message = arg; return 0;
    case OPT_ALLOW: strv_append(&in->allow, arg); return 0;
    case ARGP_KEY_ARG:
        for (size_t i = 0; !in->what && i < ARRAY_LEN(words); i++)
            if (strcmp(words[i], arg) == 0) {
                in->what = words[i];
                return 0;
            }
        argp_error(state, "'%s' is none of on, off, status", arg);
        return 0;
    case ARGP_KEY_END:
        if (!in->what)
            argp_error(state, "one of on, off, status is needed");
        else if (strcmp(in->what, "on") != 0 && (in->allow || in->message))
            argp_error(state, "--message and --allow belong to `maintenance on`");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "message", OPT_MESSAGE, "TEXT", 0, "what the page says", 0 },
    { "allow", OPT_ALLOW, "CIDR", 0, "who sees the application; may be repeated", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "on|off|status",
    .doc = "Shows a page with the status 503 to everybody but the ranges that are allowed, or the "
           "application again.  The proxy tests its configuration first; when it refuses, "
           "everything stays as it was.  It outlives restarts.",
};

static void print(const struct cli *cli, const char *project, const json_t *state)
{
    const json_t *allow = json_object_get(state, "allow"), *one;
    char since[WHEN_TEXT];
    size_t i;

    if (cli->format == FORMAT_JSON) {
        documents_print_one(project, "maintenance", state);
        return;
    }
    if (!json_is_true(json_object_get(state, "on"))) {
        puts("maintenance is off");
        return;
    }
    when_format((uint64_t) json_integer_value(json_object_get(state, "since")) * USEC_PER_SEC,
                since);
    since[strcspn(since, ".")] = '\0';
    printf("maintenance is on since %s%s%s\n", since, member_text(state, "message")[0] ? ": " : "",
           member_text(state, "message"));
    json_array_foreach (allow, i, one)
        printf("  allowed: %s\n", json_string_value(one));
}

static int run(struct cli *cli, const struct input *in, struct err *e)
{
    struct operate o = OPERATE_NONE;
    const struct maintenance m = { .on = strcmp(in->what, "on") == 0,
                                   .message = in->message ? in->message : "",
                                   .allow = (const char *const *) in->allow };
    json_t *state = NULL;
    int r = operate_begin(cli, "maintenance", in->message, &o, e);

    if (r == 0 && strcmp(in->what, "status") != 0)
        r = maintenance_set(&o.procedure, &m, e);
    if (r == 0)
        r = maintenance_status(&o.procedure, &state, e);
    if (r == 0 && !cli->quiet)
        print(cli, o.project, state);
    json_decref(state);
    operate_end(&o, r);
    return r;
}

int cmd_maintenance(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = run(cli, &in, &e);
    strv_free(in.allow);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
