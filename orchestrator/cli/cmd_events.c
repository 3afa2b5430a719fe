/* events: what happened to a project, and what happens. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/log_watch.h"
#include "cli/request.h"
#include "cli/when.h"
#include "logs/line_reader.h"
#include "model/member.h"

enum { OPT_JSON = 256, OPT_SINCE, OPT_UNTIL, OPT_FILTER, OPT_NO_FOLLOW };

struct input {
    bool json, no_follow;
    const char *since, *until;
    char **filters; /* KEY=VALUE */
    char **services;
    uint64_t since_us, until_us;
};

static const struct argp_option options[] = {
    { "json", OPT_JSON, NULL, 0, "One JSON object per line", 0 },
    { "since", OPT_SINCE, "TIME", 0, "Begins with what happened then; otherwise with what is new",
      0 },
    { "until", OPT_UNTIL, "TIME", 0, "Ends with what happened before", 0 },
    { "filter", OPT_FILTER, "KEY=VALUE", 0, "Only events that say so: event=failed, service=web",
      0 },
    { "no-follow", OPT_NO_FOLLOW, NULL, 0, "Ends after what is known", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_JSON: in->json = true; return 0;
    case OPT_SINCE: in->since = arg; return 0;
    case OPT_UNTIL: in->until = arg; return 0;
    case OPT_NO_FOLLOW: in->no_follow = true; return 0;
    case OPT_FILTER:
        if (!strchr(arg, '='))
            argp_error(state, "'%s' is not KEY=VALUE", arg);
        strv_append(&in->filters, arg);
        return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[SERVICE...]",
    .doc = "Shows what happens to services as it happens, and with --since what has happened: "
           "states, why a service ended, who asked for what.  Works without a manager too."
};

static bool says(const json_t *event, const char *filter)
{
    size_t len = strcspn(filter, "=");
    auto_free char *key = strndup(filter, len);

    return strcmp(member_text(event, key), filter + len + 1) == 0;
}

static bool is_wanted(const struct input *in, const json_t *event)
{
    uint64_t at = (uint64_t) json_integer_value(json_object_get(event, "time_us"));

    if (at < in->since_us || (in->until && at >= in->until_us) ||
        (in->services && !strv_has(in->services, member_text(event, "service"))))
        return false;
    for (char **f = in->filters; f && *f; f++)
        if (!says(event, *f))
            return false;
    return true;
}

static void print_text(const json_t *event)
{
    const char *name = member_text(event, "name"), *detail = member_text(event, "detail");
    const char *operation = member_text(event, "operation"), *by = member_text(event, "by");
    const char *waits = member_text(event, "waits_for");
    char at[WHEN_TEXT];

    when_format((uint64_t) json_integer_value(json_object_get(event, "time_us")), at);
    printf("%s %-16s %s%s%s%s%s%s%s%s%s\n", at,
           name[0]                            ? name
           : member_text(event, "service")[0] ? member_text(event, "service")
                                              : member_text(event, "project"),
           operation, operation[0] ? " " : "", member_text(event, "event"), waits[0] ? " for " : "",
           waits, by[0] ? " by " : "", by, detail[0] ? ": " : "", detail);
}

/* true when it is over */
static bool print_available(const struct input *in, struct line_reader *lines)
{
    for (const char *line; (line = line_reader_next(lines));) {
        json_t *event = json_loads(line, 0, NULL);

        if (event && is_wanted(in, event)) {
            if (in->json)
                fputs(line, stdout);
            else
                print_text(event);
        }
        json_decref(event);
    }
    return fflush(stdout) != 0 || ferror(stdout) || in->no_follow ||
           (in->until && clock_wall_us() >= in->until_us);
}

/* -1 = for ever */
static int time_left_ms(const struct input *in)
{
    uint64_t now = clock_wall_us(), left;

    if (!in->until)
        return -1;
    left = in->until_us > now ? (in->until_us - now) / USEC_PER_MSEC + 1 : 0;
    return left < INT_MAX ? (int) left : INT_MAX;
}

static int show(const char *project, const struct input *in, struct err *e)
{
    auto_free char *path = paths_join("%s/%s/@events.json", paths_log(), project);
    auto_fd watch = -1;
    struct line_reader *lines = line_reader_new(path);
    char changes[16 * 1024];
    int r = log_watch_open(project, &watch, e);

    if (r == 0 && !in->since)
        line_reader_tail(lines, 0);
    while (r == 0 && !print_available(in, lines)) {
        struct pollfd p = { .fd = watch, .events = POLLIN };

        if (poll(&p, 1, time_left_ms(in)) > 0 && read(watch, changes, sizeof changes) <= 0)
            break;
    }
    line_reader_free(lines);
    return r;
}

int cmd_events(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    char *project = NULL, **services = NULL;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = in.since ? when_parse(in.since, clock_wall_us(), &in.since_us, &e) : 0;
    if (r == 0 && in.until)
        r = when_parse(in.until, clock_wall_us(), &in.until_us, &e);
    if (r == 0)
        r = request_services_named(cli, in.services, &project, &services, &e);
    if (r == 0)
        r = show(project, &in, &e);
    strv_free(services);
    strv_free(in.services);
    strv_free(in.filters);
    free(project);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
