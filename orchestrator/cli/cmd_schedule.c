/* schedule: what the manager runs by itself, when, and what came of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/documents.h"
#include "cli/record.h"
#include "cli/request.h"
#include "cli/when.h"
#include "model/member.h"

enum { SECONDS_ONLY = 19, DURATION = 32, COMMAND = 96 };

struct input {
    char **words;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    strv_append(&in->words, arg);
    return 0;
}

static uint64_t number(const json_t *o, const char *key)
{
    return (uint64_t) json_integer_value(json_object_get(o, key));
}

static void moment(uint64_t us, char out[WHEN_TEXT])
{
    if (us == 0)
        (void) snprintf(out, WHEN_TEXT, "-");
    else
        when_format(us, out);
    out[SECONDS_ONLY] = '\0';
}

static void duration(uint64_t us, char out[DURATION])
{
    uint64_t s = us / USEC_PER_SEC;

    if (s < 60)
        (void) snprintf(out, DURATION, "%" PRIu64 ".%" PRIu64 "s", s, us / 100000 % 10);
    else
        (void) snprintf(out, DURATION, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
}

static void join(const json_t *words, char out[COMMAND])
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(words) && used < COMMAND - 1; i++)
        used += (size_t) snprintf(out + used, COMMAND - used, "%s%s", i > 0 ? " " : "",
                                  json_string_value(json_array_get(words, i)));
}

static void print_table(const json_t *list)
{
    printf("%-14s %-16s %-19s %-19s %-11s %-8s %s\n", "NAME", "WHEN", "NEXT", "LAST", "RESULT",
           "TOOK", "RUNS");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *last = json_array_get(json_object_get(one, "runs"), 0);
        bool running = json_is_true(json_object_get(one, "running"));
        char next[WHEN_TEXT], started[WHEN_TEXT], took[DURATION] = "-", command[COMMAND];

        moment(number(one, "next_us"), next);
        moment(running ? number(one, "since_us") : number(last, "started_us"), started);
        if (last && !running)
            duration(number(last, "took_us"), took);
        join(json_object_get(one, "run"), command);
        printf("%-14s %-16s %-19s %-19s %-11s %-8s %s\n", member_text(one, "name"),
               member_text(one, "when"),
               json_is_true(json_object_get(one, "enabled")) ? next : "disabled", started,
               running ? "running"
               : last  ? member_text(last, "result")
                       : "-",
               took, command);
    }
}

static void print_run(const char *name, const json_t *run)
{
    const char *output = member_text(run, "output"), *by = member_text(run, "by");
    char started[WHEN_TEXT], took[DURATION];

    moment(number(run, "started_us"), started);
    duration(number(run, "took_us"), took);
    printf("%s %s %s, exit status %d, after %s%s%s\n", started, name, member_text(run, "result"),
           (int) number(run, "code"), took, by[0] ? ", asked for by " : "", by);
    for (const char *line = output; *line;) {
        int len = (int) strcspn(line, "\n");

        printf("    %.*s\n", len, line);
        line += len + (line[len] == '\n');
    }
}

static void print_history(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i), *runs = json_object_get(one, "runs");

        for (size_t k = json_array_size(runs); k > 0; k--)
            if (!name || strcmp(member_text(one, "name"), name) == 0)
                print_run(member_text(one, "name"), json_array_get(runs, k - 1));
    }
}

static int ask(struct client *c, json_t *message, json_t **answer, struct err *e)
{
    int r = client_send(c, message, e);

    do {
        if (r == 0 || r == -EINTR)
            r = client_receive(c, -1, answer, e);
    } while (r == -EINTR);
    return r == 0 ? client_error(*answer, e) : r;
}

static int check_name(const json_t *list, const char *name, struct err *e)
{
    auto_free const char **names = calloc(json_array_size(list) + 1, sizeof *names);
    const char *near;

    if (!names)
        abort();
    for (size_t i = 0; i < json_array_size(list); i++)
        names[i] = member_text(json_array_get(list, i), "name");
    if (!name || strv_has((char *const *) (size_t) names, name))
        return 0;
    near = suggest(name, names);
    err_set(e, -ENOENT, "no such schedule: '%s'%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    err_hint(e, "ipam-orch schedule ls");
    return err_classify(e, ERR_USAGE);
}

static int list(const struct cli *cli, const char *name, bool history, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *answer = NULL, *all;
    int r = daemons_attach(cli, &client, e);

    if (r == 0)
        r = request_project(cli, client, &project, NULL, e);
    if (r == 0)
        r = ask(client, json_pack("{s:s,s:s}", "op", "schedules", "project", project), &answer, e);
    all = json_object_get(answer, "schedules");
    if (r == 0)
        r = check_name(all, name, e);
    if (r == 0 && cli->format == FORMAT_JSON)
        documents_print_one(project, "schedules", all);
    else if (r == 0 && history)
        print_history(all, name);
    else if (r == 0)
        print_table(all);
    json_decref(answer);
    return r;
}

static int ended(const struct cli *cli, const char *project, const char *name, json_t *run,
                 struct err *e)
{
    const char *result = member_text(run, "result");

    if (cli->format == FORMAT_JSON)
        documents_print_one(project, "run", run);
    else
        print_run(name, run);
    (void) fflush(stdout);
    if (strcmp(result, "done") == 0)
        return 0;
    err_set(e, -ECHILD, "schedule '%s': %s", name, result);
    return err_hint(e, "ipam-orch schedule history %s", name);
}

static int change(const struct cli *cli, const char *what, const char *name, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *answer = NULL;
    int r = daemons_attach(cli, &client, e);

    if (r == 0)
        r = request_project(cli, client, &project, NULL, e);
    if (r == 0) {
        record_project(project);
        r = ask(client,
                json_pack("{s:s,s:s,s:s,s:s}", "op", "schedule", "project", project, "name", name,
                          "what", what),
                &answer, e);
    }
    if (r == 0 && strcmp(what, "run") == 0)
        r = ended(cli, project, name, json_object_get(answer, "run"), e);
    json_decref(answer);
    return r;
}

static int act(const struct cli *cli, char *const *words, struct err *e)
{
    const char *what = words ? words[0] : "ls";
    const char *name = strv_len(words) > 1 ? words[1] : NULL;
    bool changes =
        strcmp(what, "run") == 0 || strcmp(what, "enable") == 0 || strcmp(what, "disable") == 0;

    if (strv_len(words) <= 2 && strcmp(what, "history") == 0)
        return list(cli, name, true, e);
    if (strv_len(words) <= 1 && strcmp(what, "ls") == 0)
        return list(cli, NULL, false, e);
    if (changes && strv_len(words) == 2)
        return change(cli, what, name, e);
    err_set(e, -EINVAL,
            changes ? "which schedule, exactly one, to %s?"
                    : "'%s' is none of: ls, run NAME, enable NAME, disable NAME, "
                      "history [NAME]",
            what);
    err_hint(e, "ipam-orch schedule ls");
    return err_classify(e, ERR_USAGE);
}

int cmd_schedule(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "[ls]\nrun NAME\nenable NAME\ndisable NAME\nhistory [NAME]",
        .doc = "Shows what the manager runs by itself for the project, when it will and how it "
               "went; runs one now, or keeps one from running.  What was missed while nothing ran "
               "is made up for once.  See x-ipam-orch.schedules of the compose file."
    };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = act(cli, in.words, &e);
    strv_free(in.words);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
