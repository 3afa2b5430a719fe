/* wait: until services are as the caller wants them. */
#include <errno.h>
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
#include "cli/patience.h"
#include "cli/request.h"

enum { OPT_FOR = 256, OPT_DOWN };

enum wanted { WANTED_STOPPED, WANTED_HEALTHY, WANTED_COMPLETED };

struct input {
    enum wanted wanted;
    bool down; /* the project, when the first of them is there */
    struct patience patience;
    char **services;
};

static const struct argp_option options[] = {
    { "for", OPT_FOR, "STATE", 0,
      "stopped (the usual), completed, which is with success, or healthy", 0 },
    { "down-project", OPT_DOWN, NULL, 0,
      "as soon as one of them has stopped, take the whole project down", 0 },
    PATIENCE_READY_OPTION,
    { 0 },
};

static int wanted_of(const char *word)
{
    static const char *const words[] = { "stopped", "healthy", "completed" };

    for (int i = 0; i < (int) ARRAY_LEN(words); i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_FOR:
        if (wanted_of(arg) < 0)
            argp_error(state, "'%s' is not stopped, completed or healthy", arg);
        in->wanted = (enum wanted) wanted_of(arg);
        return 0;
    case OPT_DOWN: in->down = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    case ARGP_KEY_END:
        if (!in->services)
            argp_error(state, "which services?");
        if (in->down && in->wanted == WANTED_HEALTHY)
            argp_error(state, "--down-project waits for an end");
        return 0;
    default: return patience_parse(&in->patience, key, arg, state);
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "SERVICE...",
    .doc = "Waits until all instances of the services have stopped and prints the exit status of "
           "each, which is also that of this command if it is not 0; or until they are healthy."
};

static bool has_state(const json_t *one, const char *state)
{
    const char *text = json_string_value(json_object_get(one, "state"));

    return text && strcmp(text, state) == 0;
}

static bool is_there(const struct input *in, const json_t *one)
{
    switch (in->wanted) {
    case WANTED_STOPPED:
        return has_state(one, "down") || has_state(one, "failed") || has_state(one, "done");
    case WANTED_HEALTHY: return has_state(one, "up");
    case WANTED_COMPLETED: return has_state(one, "done");
    }
    return false;
}

static bool is_named(const struct input *in, const json_t *one)
{
    return strv_has(in->services, json_string_value(json_object_get(one, "service")));
}

/* the exit status of the first that has one which is not 0 */
static int tell(const struct input *in, const json_t *list)
{
    int code = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        int own = (int) json_integer_value(json_object_get(one, "exit_code"));

        if (!is_named(in, one) || in->wanted == WANTED_HEALTHY || !is_there(in, one))
            continue;
        printf("%s %d\n", json_string_value(json_object_get(one, "name")), own);
        code = code ? code : own;
    }
    return code;
}

/* 0 or more: it is over, with this status; -EAGAIN: not yet */
static int look(struct cli *cli, const struct input *in, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    const json_t *list;
    size_t named = 0, there = 0;
    int r = request_open(cli, in->services, &client, &project, &status, e);

    list = json_object_get(status, "services");
    for (size_t i = 0; i < json_array_size(list); i++) {
        named += is_named(in, json_array_get(list, i));
        there += is_named(in, json_array_get(list, i)) && is_there(in, json_array_get(list, i));
    }
    if (r == 0 && (in->down ? there == 0 : there < named))
        r = -EAGAIN;
    if (r == 0)
        r = tell(in, list);
    json_decref(status);
    return r;
}

/* -1 = for ever */
static int left_ms(const struct input *in, uint64_t began_us)
{
    uint64_t used = clock_now_us() - began_us;

    if (!in->patience.ready)
        return -1;
    return used < in->patience.ready_us ? (int) ((in->patience.ready_us - used) / USEC_PER_MSEC) + 1
                                        : 0;
}

/* what the project has done is in its journal: whoever looks again after each line misses nothing
 */
static int wait_for(struct cli *cli, const struct input *in, const char *project, struct err *e)
{
    auto_fd watch = -1;
    uint64_t began_us = clock_now_us();
    char changes[16 * 1024];
    int r = log_watch_open(project, &watch, e);

    if (r < 0)
        return r;
    for (;;) {
        struct pollfd p = { .fd = watch, .events = POLLIN };

        r = look(cli, in, e);
        if (r != -EAGAIN)
            return r;
        if (poll(&p, 1, left_ms(in, began_us)) == 0) {
            err_set(e, -ETIMEDOUT, "it is not so after %.1f s",
                    (double) in->patience.ready_us / USEC_PER_SEC);
            err_hint(e, "ipam-orch why");
            return err_classify(e, ERR_TIMEOUT);
        }
        if (read(watch, changes, sizeof changes) <= 0)
            return log_watch_failed(project, e);
    }
}

int cmd_wait(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    char *project = NULL, **services = NULL;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = request_services_named(cli, in.services, &project, &services, &e);
    if (r == 0)
        r = wait_for(cli, &in, project, &e);
    strv_free(services);
    strv_free(in.services);
    free(project);
    if (r >= 0 && in.down) {
        int down = cmd_down(cli, 1, (char *[]){ (char[]){ "down" }, NULL });

        return r ? r : down;
    }
    return r < 0 ? cli_fail(cli, &e) : r;
}
