/* kill: a signal for services. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/record.h"
#include "cli/request.h"

struct input {
    const char *signal;
    char **services;
};

static const struct argp_option options[] = {
    { "signal", 's', "SIGNAL", 0, "Name or number; KILL if not given", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 's': in->signal = arg; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print(const struct cli *cli, const json_t *killed)
{
    if (cli->format == FORMAT_JSON) {
        documents_write(killed, stdout);
        return;
    }
    for (size_t i = 0; i < json_array_size(killed) && !cli->quiet; i++) {
        const json_t *one = json_array_get(killed, i);

        printf("%s %d\n", json_string_value(json_object_get(one, "name")),
               (int) json_integer_value(json_object_get(one, "pid")));
    }
}

static int kill_services(struct cli *cli, const struct input *in, int signo, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *names = json_array(), *answer = NULL;
    int r = request_open(cli, in->services, &client, &project, &status, e);

    for (char **s = in->services; s && *s; s++)
        (void) json_array_append_new(names, json_string(*s));
    if (r == 0)
        record_project(project);
    if (r == 0)
        r = client_send(client,
                        json_pack("{s:s,s:s,s:O,s:i}", "op", "kill", "project", project, "services",
                                  names, "signal", signo),
                        e);
    if (r == 0)
        r = client_receive(client, -1, &answer, e);
    if (r == 0)
        r = client_error(answer, e);
    if (r == 0)
        print(cli, json_object_get(answer, "killed"));
    json_decref(names);
    json_decref(status);
    json_decref(answer);
    return r;
}

int cmd_kill(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[SERVICE...]",
        .doc = "Sends a signal to the main process of services, KILL to all of their processes, "
               "and prints which got it.  What comes then is for the restart policy to say."
    };
    struct input in = { .signal = "KILL" };
    struct err e = ERR_INIT;
    int signo, r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    signo = num_signal(in.signal);
    if (signo <= 0) {
        err_set(&e, -1, "unknown signal '%s'", in.signal);
        err_hint(&e, "a name such as HUP or SIGHUP, or a number");
        r = err_classify(&e, ERR_USAGE);
    } else {
        r = kill_services(cli, &in, signo, &e);
    }
    strv_free(in.services);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
