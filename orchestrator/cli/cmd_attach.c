/* attach: what a service writes, live, and what it reads. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "base/fsio.h"
#include "cli/cmd.h"
#include "cli/detach_keys.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/request.h"

enum { OPT_KEYS = 256, OPT_INDEX, OPT_NO_STDIN, OPT_PROXY };

struct input {
    const char *keys, *service;
    bool no_stdin, no_proxy;
    int index;
};

static const struct argp_option options[] = {
    { "detach-keys", OPT_KEYS, "KEYS", 0,
      "end this and not the service, on a terminal; otherwise " DETACH_KEYS_USUAL, 0 },
    { "index", OPT_INDEX, "N", 0, "which instance of the service, 1 if it is not said", 0 },
    { "no-stdin", OPT_NO_STDIN, NULL, 0, "only look", 0 },
    { "sig-proxy", OPT_PROXY, "YES", OPTION_ARG_OPTIONAL,
      "hand INT, QUIT and TERM on to the service: true (the usual) or false", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_KEYS: in->keys = arg; return 0;
    case OPT_INDEX: return remote_index(&in->index, arg, state);
    case OPT_NO_STDIN: in->no_stdin = true; return 0;
    case OPT_PROXY:
        if (arg && strcmp(arg, "true") != 0 && strcmp(arg, "false") != 0)
            argp_error(state, "--sig-proxy is true or false");
        in->no_proxy = arg && strcmp(arg, "false") == 0;
        return 0;
    case ARGP_KEY_ARG:
        if (in->service)
            argp_error(state, "one service, not more");
        in->service = arg;
        return 0;
    case ARGP_KEY_END:
        if (!in->service)
            argp_error(state, "a service is needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "SERVICE",
    .doc = "Shows what a running service writes from now on and, where it has stdin_open, writes "
           "what is typed to its stdin; a service with tty gets the size of this terminal.  Ends "
           "with the service and its exit status, or by the keys that detach."
};

struct session {
    const struct input *in;
    struct client *client;
    const char *project;
    struct relay *relay;
    bool over; /* with this exit status: */
    int status;
};

/* ---- what comes ---- */

static int print_output(json_t *output, struct err *e)
{
    const char *stream = "", *text = "";
    size_t len = 0;

    if (json_unpack(output, "{s:s,s:s%}", "stream", &stream, "text", &text, &len) < 0)
        return err_set(e, -EBADMSG, "the manager's answer is not readable");
    auto_free char *bytes = malloc(len + 1);
    if (!bytes)
        abort();
    memcpy(bytes, text, len);
    int r = bytetext_decode(bytes, len, &len);
    if (r == 0)
        r = fsio_write_all(strcmp(stream, "stderr") == 0 ? STDERR_FILENO : STDOUT_FILENO, bytes,
                           len);
    return r < 0 ? err_set(e, r, "writing: %s", strerror(-r)) : 0;
}

static int take_exit(struct session *s, json_t *end, struct err *e)
{
    const char *what = "";
    int code = 0, signo = 0, error = 0;

    if (json_unpack(end, "{s:i,s:i,s:i,s:s}", "code", &code, "signal", &signo, "errno", &error,
                    "what", &what) < 0)
        return err_set(e, -EBADMSG, "the manager's answer is not readable");
    s->over = true;
    s->status = signo > 0 ? REMOTE_SIGNAL + signo : code;
    return error > 0 ? err_set(e, -error, "service '%s': %s", s->in->service, what) : 0;
}

static int take(struct session *s, const json_t *message, struct err *e)
{
    json_t *output = json_object_get(message, "output"), *end = json_object_get(message, "exit");
    json_int_t missed = json_integer_value(json_object_get(message, "missed"));
    int r = client_error(message, e);

    if (r < 0)
        return r;
    if (missed > 0)
        fprintf(stderr,
                "\r\nipam-orch: %" PRId64 " bytes came faster than they were read; see: "
                "ipam-orch logs %s\r\n",
                (int64_t) missed, s->in->service);
    if (output)
        return print_output(output, e);
    return end ? take_exit(s, end, e) : 0; /* else who got a signal: known */
}

static int take_all(struct session *s, struct err *e)
{
    int r = 0;

    while (r == 0 && !s->over) {
        json_t *message = NULL;

        r = client_receive(s->client, 0, &message, e);
        if (r == -EAGAIN || r == -EINTR)
            return 0;
        if (r == 0)
            r = take(s, message, e);
        json_decref(message);
    }
    return r;
}

/* ---- what goes ---- */

static int hand_on(struct session *s, int signo, struct err *e)
{
    return client_send(s->client,
                       json_pack("{s:s,s:s,s:[s],s:i,s:i}", "op", "kill", "project", s->project,
                                 "services", s->in->service, "index", s->in->index, "signal",
                                 signo),
                       e);
}

/* SIGHUP is the terminal's end, which is not the service's */
static bool is_handed_on(const struct input *in, int signo)
{
    return !in->no_proxy && (signo == SIGINT || signo == SIGQUIT || signo == SIGTERM);
}

static int converse(struct session *s, struct err *e)
{
    int r = take_all(s, e); /* what came with the answer */

    while (r == 0 && !s->over) {
        int end = relay_run(s->relay, client_fd(s->client));

        if (end == -ECANCELED)
            return 0;
        if (end > 0 && is_handed_on(s->in, end)) {
            r = hand_on(s, end, e);
        } else if (end > 0) {
            s->status = REMOTE_SIGNAL + end;
            return 0;
        } else {
            r = end < 0 ? err_set(e, end, "%s", strerror(-end)) : take_all(s, e);
        }
    }
    return r;
}

static int begin(struct session *s, const struct detach_keys *keys, struct err *e)
{
    int terminal = 0, reads = 0;
    json_t *answer = NULL;
    int r = client_send(s->client,
                        json_pack("{s:s,s:s,s:s,s:i,s:b}", "op", "attach", "project", s->project,
                                  "service", s->in->service, "index", s->in->index, "input", 1),
                        e);

    if (r == 0)
        r = client_receive(s->client, -1, &answer, e);
    if (r == 0)
        r = client_error(answer, e);
    if (r == 0 && json_unpack(answer, "{s:{s:b,s:b}}", "attached", "terminal", &terminal, "reads",
                              &reads) < 0)
        r = err_set(e, -EBADMSG, "the manager's answer is not readable");
    json_decref(answer);
    if (r == 0)
        r = relay_open_input(s->relay, client_take_fd(s->client), terminal,
                             reads && !s->in->no_stdin, e);
    if (r == 0 && s->relay->terminal)
        s->relay->keys = *keys;
    return r;
}

static int attach(struct cli *cli, const struct input *in, int *status, struct err *e)
{
    char *const named[] = { (char *) (size_t) in->service, NULL };
    auto_free struct relay *relay = malloc(sizeof *relay);
    auto_client client = NULL;
    auto_free char *project = NULL;
    struct session s = { .in = in, .relay = relay };
    struct detach_keys keys;
    json_t *status_now = NULL;
    int r = detach_keys_parse(in->keys, &keys, e);

    if (!relay)
        abort();
    if (r == 0)
        r = request_open(cli, named, &client, &project, &status_now, e);
    json_decref(status_now);
    if (r < 0)
        return r;
    s.client = client;
    s.project = project;
    *relay = RELAY_CLOSED;
    r = begin(&s, &keys, e);
    if (r == 0)
        r = converse(&s, e);
    relay_close(relay);
    *status = s.status;
    return r;
}

int cmd_attach(struct cli *cli, int argc, char **argv)
{
    struct input in = { .keys = DETACH_KEYS_USUAL, .index = 1 };
    struct err e = ERR_INIT;
    int status = 0;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return attach(cli, &in, &status, &e) < 0 ? cli_fail(cli, &e) : status;
}
