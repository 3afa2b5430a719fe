#include "cli/remote.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"

error_t remote_index(int *index, const char *arg, struct argp_state *state)
{
    uint64_t n = 0;

    if (num_u64(arg, INT_MAX, &n) < 0 || n == 0)
        argp_error(state, "--index needs a number from 1");
    *index = (int) n;
    return 0;
}

error_t remote_parse(struct remote_command *c, int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case 'i':
    case 't': return 0;
    case 'T': c->no_terminal = true; return 0;
    case 'e': strv_append(&c->env, arg); return 0;
    case 'w': c->workdir = arg; return 0;
    case 'u': c->user = arg; return 0;
    case 'd': c->detach = true; return 0;
    case ARGP_KEY_ARG:
        c->service = arg;
        c->argv = state->argv + state->next;
        /* `exec SERVICE -- COMMAND`, as many write it */
        c->argv += c->argv[0] && strcmp(c->argv[0], "--") == 0;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

json_t *remote_strings(const char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++)
        (void) json_array_append_new(list, json_string(*v));
    return list;
}

json_t *remote_variables(char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++) {
        const char *value = strchr(*v, '=') ? NULL : getenv(*v);

        if (strchr(*v, '='))
            (void) json_array_append_new(list, json_string(*v));
        else if (value)
            (void) json_array_append_new(list, json_sprintf("%s=%s", *v, value));
    }
    return list;
}

static int exit_status(const char *program, const json_t *answer, struct err *e)
{
    const char *what = "";
    int code = 0, signal = 0, error = 0;

    if (json_unpack((json_t *) (size_t) answer, "{s:{s:i,s:i,s:i,s:s}}", "exit", "code", &code,
                    "signal", &signal, "errno", &error, "what", &what) < 0)
        return err_set(e, -EBADMSG, "the manager's answer is not readable");
    if (error > 0) {
        err_set(e, -error, "%s: %s", program, what);
        return error == ENOENT   ? REMOTE_NOT_FOUND
               : error == EACCES ? REMOTE_NOT_EXECUTABLE
                                 : REMOTE_OURS;
    }
    if (what[0] != '\0') /* how a detached one is called */
        printf("%s\n", what);
    return signal > 0 ? REMOTE_SIGNAL + signal : code;
}

/* the exit status, or negative */
static int converse(struct client *client, struct relay *r, const char *program, struct err *e)
{
    int code;

    relay_begin(r);
    for (;;) {
        json_t *answer = NULL;

        code = relay_run(r, client_fd(client));
        if (code != 0)
            return code > 0 ? REMOTE_SIGNAL + code
                            : err_set(e, code, "writing: %s", strerror(-code));
        code = client_receive(client, 0, &answer, e);
        if (code == -EAGAIN || code == -EINTR)
            continue;
        if (code == 0 && (code = client_error(answer, e)) == 0)
            code = exit_status(program, answer, e);
        if (code >= 0)
            relay_drain(r);
        json_decref(answer);
        return code;
    }
}

int remote_carry(struct client *client, json_t *message, struct relay *r, const char *program,
                 struct err *e)
{
    int code = client_send_fds(client, message, r->theirs, RELAY_STREAMS, e);

    return code < 0 ? code : converse(client, r, program, e);
}

static void describe(json_t *message, const struct remote_command *c, const char *const *argv)
{
    (void) json_object_set_new(message, "argv", remote_strings(argv));
    (void) json_object_set_new(message, "env", remote_variables(c->env));
    (void) json_object_set_new(message, "detach", json_boolean(c->detach));
    if (c->workdir)
        (void) json_object_set_new(message, "workdir", json_string(c->workdir));
    if (c->user)
        (void) json_object_set_new(message, "user", json_string(c->user));
}

int remote_run(struct client *client, json_t *message, const struct remote_command *c,
               const char *const *argv, struct err *e)
{
    bool terminal = !c->no_terminal && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    auto_free struct relay *r = malloc(sizeof *r);
    int code;

    if (!r)
        abort();
    describe(message, c, argv);
    code = c->detach ? relay_open_nothing(r, e) : relay_open(r, terminal, e);
    if (code == 0)
        code = remote_carry(client, message, r, argv[0], e);
    else
        json_decref(message);
    relay_close(r);
    return code;
}
