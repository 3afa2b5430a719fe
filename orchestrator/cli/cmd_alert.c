/* alert: what Prometheus and Alertmanager of the project have to say, and whether it arrives. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "cli/alert_test.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/watcher.h"
#include "cli/when.h"
#include "compose/values.h"
#include "model/member.h"

enum { OPT_RECEIVER = 256, OPT_FOR };

#define SILENCE_US (2 * 3600 * USEC_PER_SEC)
#define TEST_US    (30 * USEC_PER_SEC)

struct input {
    const char *receiver, *message;
    uint64_t silence_us;
    char **words;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;
    int64_t ns = 0;

    switch (key) {
    case OPT_RECEIVER: in->receiver = arg; return 0;
    case 'm': in->message = arg; return 0;
    case OPT_FOR:
        if (values_duration(arg, &ns) < 0 || ns <= 0)
            argp_error(state, "--for '%s' is no duration such as 2h", arg);
        in->silence_us = (uint64_t) ns / 1000;
        return 0;
    case ARGP_KEY_ARG: strv_append(&in->words, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "receiver", OPT_RECEIVER, "NAME", 0, "test: who is to get it, email or webhook", 0 },
    { "for", OPT_FOR, "DURATION", 0, "silence: how long; 2h", 0 },
    { "message", 'm', "TEXT", 0, "silence: why", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[ls]\nrules\ntest --receiver NAME\nsilence ALERT [SERVICE]",
    .doc = "Shows what is alarming now, and the rules that say so; sends an alert that means "
           "nothing, to see it delivered; keeps an alert quiet for a while.  Needs the services of "
           "the profile monitoring.  The exit status of ls is 1 while anything is alarming."
};

/* ---- ls ---- */

static void print_alerts(const json_t *list)
{
    const json_t *one;
    size_t i;

    if (json_array_size(list) == 0)
        puts("nothing is alarming");
    else
        printf("%-20s %-10s %-10s %-20s %s\n", "ALERT", "SEVERITY", "STATE", "SINCE", "WHAT");
    json_array_foreach (list, i, one) {
        const json_t *labels = json_object_get(one, "labels");
        const json_t *notes = json_object_get(one, "annotations");
        const char *state = member_text(json_object_get(one, "status"), "state");

        printf("%-20s %-10s %-10s %-20.19s %s\n", member_text(labels, "alertname"),
               member_text(labels, "severity"), strcmp(state, "active") == 0 ? "firing" : state,
               member_text(one, "startsAt"), member_text(notes, "summary"));
        if (member_text(notes, "next")[0])
            printf("  next: %s\n", member_text(notes, "next"));
    }
}

static int list(const struct cli *cli, bool *quiet, struct err *e)
{
    auto_free char *project = NULL;
    char url[WATCHER_URL];
    json_t *alerts = NULL;
    int r = watcher_of(cli, WATCHER_ALERTMANAGER, url, &project, e);

    if (r == 0)
        r = watcher_ask(url, "/api/v2/alerts", "", &alerts, e);
    if (r < 0)
        return r;
    if (cli->format == FORMAT_JSON)
        documents_print_one(project, "alerts", alerts);
    else
        print_alerts(alerts);
    *quiet = json_array_size(alerts) == 0;
    json_decref(alerts);
    return 0;
}

/* ---- rules ---- */

static void print_group(const json_t *group)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(group, "rules"), i, one)
        printf("%-20s %-10s %-10s %5.0f  %s\n", member_text(one, "name"),
               member_text(json_object_get(one, "labels"), "severity"),
               member_text(one, "lastError")[0] ? "broken" : member_text(one, "state"),
               json_number_value(json_object_get(one, "duration")),
               member_text(one, "lastError")[0] ? member_text(one, "lastError")
                                                : member_text(one, "query"));
}

static int rules(const struct cli *cli, struct err *e)
{
    auto_free char *project = NULL;
    char url[WATCHER_URL];
    json_t *answer = NULL;
    const json_t *groups, *one;
    size_t i;
    int r = watcher_of(cli, WATCHER_PROMETHEUS, url, &project, e);

    if (r == 0)
        r = watcher_ask(url, "/api/v1/rules", "?type=alert", &answer, e);
    if (r < 0)
        return r;
    groups = json_object_get(json_object_get(answer, "data"), "groups");
    if (cli->format == FORMAT_JSON) {
        documents_print_one(project, "groups", groups);
    } else {
        printf("%-20s %-10s %-10s %5s  %s\n", "ALERT", "SEVERITY", "STATE", "FOR S", "WHEN");
        json_array_foreach (groups, i, one)
            print_group(one);
    }
    json_decref(answer);
    return 0;
}

/* ---- test, silence ---- */

static int test(const struct cli *cli, const struct input *in, struct err *e)
{
    auto_free char *project = NULL;
    char url[WATCHER_URL];
    uint64_t took_us = 0;
    int r = watcher_of(cli, WATCHER_ALERTMANAGER, url, &project, e);

    if (r == 0)
        r = alert_test(url, project, in->receiver, TEST_US, &took_us, e);
    if (r < 0)
        return r;
    if (cli->format == FORMAT_JSON)
        return documents_print(project,
                               json_pack("{s:s,s:s,s:f}", "receiver", in->receiver, "result",
                                         "delivered", "seconds", (double) took_us / 1e6));
    printf("%s: delivered after %.1f s\n", in->receiver, (double) took_us / 1e6);
    return 0;
}

static json_t *matcher(const char *name, const char *value)
{
    return json_pack("{s:s,s:s,s:b,s:b}", "name", name, "value", value, "isRegex", 0, "isEqual", 1);
}

static int silence(const struct cli *cli, const struct input *in, struct err *e)
{
    const struct passwd *pw = getpwuid(getuid());
    json_t *answer = NULL, *matchers = json_array();
    char url[WATCHER_URL], from[WHEN_TEXT], to[WHEN_TEXT];
    uint64_t now = clock_wall_us();
    int r = watcher_of(cli, WATCHER_ALERTMANAGER, url, NULL, e);

    when_format_utc(now, from);
    when_format_utc(now + in->silence_us, to);
    (void) json_array_append_new(matchers, matcher("alertname", in->words[1]));
    if (in->words[2])
        (void) json_array_append_new(matchers, matcher("service", in->words[2]));
    if (r == 0)
        r = watcher_tell(url, "/api/v2/silences",
                         json_pack("{s:O,s:s,s:s,s:s,s:s}", "matchers", matchers, "startsAt", from,
                                   "endsAt", to, "createdBy", pw ? pw->pw_name : "ipam-orch",
                                   "comment",
                                   in->message ? in->message : "ipam-orch alert silence"),
                         &answer, e);
    json_decref(matchers);
    if (r == 0)
        printf("%s is quiet until %.19s UTC (silence %s)\n", in->words[1], to,
               member_text(answer, "silenceID"));
    json_decref(answer);
    return r;
}

static int act(const struct cli *cli, const struct input *in, bool *quiet, struct err *e)
{
    const char *what = in->words ? in->words[0] : "ls";
    size_t n = strv_len(in->words);

    if (n <= 1 && strcmp(what, "ls") == 0)
        return list(cli, quiet, e);
    if (n == 1 && strcmp(what, "rules") == 0)
        return rules(cli, e);
    if (n == 1 && strcmp(what, "test") == 0 && in->receiver)
        return test(cli, in, e);
    if ((n == 2 || n == 3) && strcmp(what, "silence") == 0)
        return silence(cli, in, e);
    if (strcmp(what, "test") == 0)
        err_set(e, -EINVAL, "whom to test? --receiver email or --receiver webhook");
    else if (strcmp(what, "silence") == 0)
        err_set(e, -EINVAL, "which alert, and of which service, to silence?");
    else
        err_set(e, -EINVAL,
                "'%s' is none of: ls, rules, test --receiver NAME, silence ALERT [SERVICE]", what);
    err_hint(e, "ipam-orch alert rules");
    return err_classify(e, ERR_USAGE);
}

int cmd_alert(struct cli *cli, int argc, char **argv)
{
    struct input in = { .silence_us = SILENCE_US };
    struct err e = ERR_INIT;
    bool quiet = true;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = act(cli, &in, &quiet, &e);
    strv_free(in.words);
    if (r < 0)
        return cli_fail(cli, &e);
    return quiet ? 0 : ERR_FAILED;
}
