/* daemon: the two programs of the manager, and how they are replaced under running services. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/options.h"
#include "cli/patience.h"
#include "cli/when.h"
#include "control/client.h"
#include "model/member.h"

#define PATIENCE_US (60 * USEC_PER_SEC)

struct input {
    const char *what;
    struct patience patience;
};

static const struct argp_option options[] = {
    { "wait-timeout", PATIENCE_READY, "TIME", 0,
      "seconds, or 1m30s, that reexec waits for operations and commands to end; 60 if not given",
      0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    if (key != ARGP_KEY_ARG)
        return patience_parse(&in->patience, key, arg, state);
    if (in->what)
        return ARGP_ERR_UNKNOWN;
    in->what = arg;
    return 0;
}

static void print_one(const json_t *d)
{
    char rss[NUM_BYTES_TEXT], since[WHEN_TEXT];

    if (json_object_get(d, "error")) {
        printf("%-14s not running: %s\n", member_text(d, "program"), member_text(d, "error"));
        return;
    }
    num_bytes_text((uint64_t) json_integer_value(json_object_get(d, "rss")), rss);
    when_format((uint64_t) json_integer_value(json_object_get(d, "since_us")), since);
    since[strcspn(since, ".")] = '\0';
    printf("%-14s %8d %-8s %-20s %-9s %10s  %s\n", member_text(d, "program"),
           (int) json_integer_value(json_object_get(d, "pid")), member_text(d, "version"), since,
           json_is_true(json_object_get(d, "installed")) ? "installed" : "older", rss,
           member_text(d, "socket"));
}

static void print_daemons(const struct cli *cli, const json_t *list)
{
    const json_t *instances;

    if (cli->format == FORMAT_JSON) {
        documents_write(list, stdout);
        return;
    }
    printf("%-14s %8s %-8s %-20s %-9s %10s  %s\n", "PROGRAM", "PID", "VERSION", "SINCE", "FILE",
           "MEMORY", "SOCKET");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        print_one(one);
        instances = json_object_get(one, "instances");
        if (instances)
            printf("%d instances are running or not yet put away\n",
                   (int) json_integer_value(instances));
    }
}

static int ask(const struct cli *cli, json_t *request, struct client **client, struct err *e)
{
    auto_free char *path = options_socket(cli);
    int r = client_open(path, client, e);

    if (r < 0)
        json_decref(request);
    return r < 0 ? r : client_send(*client, request, e);
}

static int status(const struct cli *cli, struct err *e)
{
    auto_client client = NULL;
    json_t *answer = NULL;
    int r = ask(cli, json_pack("{s:s}", "op", "daemon"), &client, e);

    if (r == 0)
        r = client_receive(client, -1, &answer, e);
    if (r == 0)
        r = client_error(answer, e);
    if (r == 0)
        print_daemons(cli, json_object_get(answer, "daemons"));
    json_decref(answer);
    return r;
}

static int give_up(const char *program, const char *waiting, struct err *e)
{
    err_set(e, -ETIMEDOUT, "%s was not replaced: %s", program,
            waiting[0] ? waiting : "it does not answer");
    err_hint(e, "services and %s go on; later: ipam-orch daemon reexec", program);
    return err_classify(e, ERR_TIMEOUT);
}

static void print_replaced(const struct cli *cli, const char *program, const json_t *answer)
{
    if (!cli->quiet)
        printf("%s replaced, it is process %d now\n", program,
               (int) json_integer_value(json_object_get(answer, "pid")));
}

/* from its first answer to its last one */
static int follow(const struct cli *cli, struct client *client, const char *program,
                  uint64_t end_us, struct err *e)
{
    char waiting[256] = "";

    for (;;) {
        uint64_t now = clock_now_us();
        json_t *answer = NULL;
        int r = now < end_us
                    ? client_receive(client, (int) ((end_us - now) / USEC_PER_MSEC), &answer, e)
                    : -EAGAIN;
        const char *why = json_string_value(json_object_get(answer, "waiting"));

        if (r == -EAGAIN)
            return give_up(program, waiting, e);
        if (r == 0)
            r = client_error(answer, e);
        if (r == 0 && why) {
            (void) snprintf(waiting, sizeof waiting, "%s", why);
            if (!cli->quiet)
                fprintf(stderr, "waiting: %s\n", why);
        } else if (r == 0) {
            print_replaced(cli, program, answer);
        }
        json_decref(answer);
        if (r < 0 || !why)
            return r;
    }
}

static int replace(const struct cli *cli, const char *program, uint64_t end_us, struct err *e)
{
    auto_client client = NULL;
    int r = ask(cli, json_pack("{s:s,s:s}", "op", "reexec", "program", program), &client, e);

    return r < 0 ? r : follow(cli, client, program, end_us, e);
}

static int reexec(const struct cli *cli, const struct patience *p, struct err *e)
{
    uint64_t end_us = clock_now_us() + (p->ready ? p->ready_us : PATIENCE_US);
    /* a new broker does what an older supervisor asks for, not the other way round */
    int r = replace(cli, "ipam-sandboxd", end_us, e);

    return r < 0 ? r : replace(cli, "ipam-orchd", end_us, e);
}

static int stop(const struct cli *cli, struct err *e)
{
    auto_client client = NULL;
    json_t *answer = NULL;
    int r = ask(cli, json_pack("{s:s}", "op", "rest"), &client, e);

    if (r == 0)
        r = client_receive(client, -1, &answer, e);
    if (r == 0)
        r = client_error(answer, e);
    if (r == 0 && !cli->quiet)
        puts("all services have stopped; the manager starts them again when it is started");
    json_decref(answer);
    return r;
}

int cmd_daemon(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "status|reexec|stop",
        .doc = "status shows the two programs of the manager, and whether they run from the files "
               "that are installed now.  reexec replaces them by those, while services run: it "
               "waits for operations and commands that are under way.  A new program that does "
               "not get ready leaves the old one in its place.  stop stops all services of all "
               "projects in reverse order, for the machine to stop: they stay wanted, and the next "
               "manager starts them again."
    };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    if (in.what && strcmp(in.what, "status") == 0) {
        r = status(cli, &e);
    } else if (in.what && strcmp(in.what, "reexec") == 0) {
        r = reexec(cli, &in.patience, &e);
    } else if (in.what && strcmp(in.what, "stop") == 0) {
        r = stop(cli, &e);
    } else {
        if (in.what)
            err_set(&e, -EINVAL, "daemon: '%s' is none of its words", in.what);
        else
            err_set(&e, -EINVAL, "daemon what? Its words are: status, reexec, stop");
        err_hint(&e, "ipam-orch daemon status");
        r = err_classify(&e, ERR_USAGE);
    }
    return r < 0 ? cli_fail(cli, &e) : 0;
}
