/* port: where a port of a service is published. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/paths.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/ports.h"
#include "cli/published.h"
#include "cli/remote.h"
#include "cli/request.h"
#include "model/member.h"

struct input {
    const char *service, *protocol;
    int index;
    char *port; /* NULL: all */
};

enum { OPT_PROTOCOL = 256, OPT_INDEX };

static const struct argp_option options[] = {
    { "protocol", OPT_PROTOCOL, "tcp|udp", 0, "The same as PORT/udp", 0 },
    { "index", OPT_INDEX, "N", 0, "Which instance of the service, 1 if it is not said", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_PROTOCOL: in->protocol = arg; return 0;
    case OPT_INDEX: return remote_index(&in->index, arg, state);
    case ARGP_KEY_ARG:
        if (in->port)
            return ARGP_ERR_UNKNOWN;
        if (in->service)
            in->port = arg;
        else
            in->service = arg;
        return 0;
    case ARGP_KEY_END:
        if (!in->service)
            argp_error(state, "a service is needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_one(const struct input *in, const json_t *port)
{
    char text[PUBLISHED_TEXT];

    if (!in->port)
        printf("%d/%s -> ", (int) json_integer_value(json_object_get(port, "target")),
               member_text(port, "protocol"));
    puts(published_text(member_text(port, "address"), "0.0.0.0",
                        (int) json_integer_value(json_object_get(port, "published")), text));
}

/* Removes from the list what was not asked for. */
static void keep_wanted(const struct input *in, uint16_t target, json_t *ports)
{
    for (size_t i = json_array_size(ports); i > 0; i--) {
        const json_t *p = json_array_get(ports, i - 1);

        if (json_integer_value(json_object_get(p, "published")) == 0 ||
            (in->port && json_integer_value(json_object_get(p, "target")) != target) ||
            (in->protocol && strcmp(member_text(p, "protocol"), in->protocol) != 0))
            (void) json_array_remove(ports, i - 1);
    }
}

static json_t *ports_of(const json_t *status, const char *service, int index)
{
    const json_t *list = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(member_text(json_array_get(list, i), "service"), service) == 0 &&
            json_integer_value(json_object_get(json_array_get(list, i), "index")) == index)
            return json_object_get(json_array_get(list, i), "ports");
    return NULL;
}

static int show(struct cli *cli, const struct input *in, uint16_t target, struct err *e)
{
    char *const named[] = { (char *) (size_t) in->service, NULL };
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *ports = NULL;
    int r = request_open(cli, named, &client, &project, &status, e);

    if (r == 0) {
        ports = ports_of(status, in->service, in->index);
        if (json_array_size(ports) == 0) { /* compose/resolve_listen.c */
            auto_free char *holder = paths_join("%s.sockets", in->service);
            json_t *held = ports_of(status, holder, 1);

            ports = held ? held : ports;
        }
        keep_wanted(in, target, ports);
    }
    if (r == 0 && in->port && json_array_size(ports) == 0) {
        err_set(e, -ENOENT, "port %s/%s of '%s' is not published", in->port,
                in->protocol ? in->protocol : "tcp", in->service);
        err_hint(e, "ipam-orch port %s", in->service);
        r = err_classify(e, ERR_FAILED);
    } else if (r == 0 && cli->format == FORMAT_JSON) {
        documents_write(ports, stdout);
    } else if (r == 0 && json_array_size(ports) == 0) {
        (void) fprintf(stderr, "'%s' publishes no port\n", in->service);
    } else {
        for (size_t i = 0; r == 0 && i < json_array_size(ports); i++)
            print_one(in, json_array_get(ports, i));
        if (r == 0 && !cli->quiet)
            ports_warn_shut(in->service, ports);
    }
    json_decref(status);
    return r;
}

int cmd_port(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .args_doc = "SERVICE [PORT[/PROTOCOL]]",
                                      .doc = "Shows where a port of a service is published on the "
                                             "host, or where all of them are." };
    struct input in = { .index = 1 };
    struct err e = ERR_INIT;
    uint16_t target = 0;
    char *slash;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    if (in.port && (slash = strchr(in.port, '/'))) {
        *slash = '\0';
        in.protocol = slash + 1;
    }
    if (in.port && !in.protocol)
        in.protocol = "tcp";
    if (in.port && num_port(in.port, &target) < 0) {
        err_set(&e, -EINVAL, "'%s' is no port", in.port);
        err_classify(&e, ERR_USAGE);
        return cli_fail(cli, &e);
    }
    return show(cli, &in, target, &e) < 0 ? cli_fail(cli, &e) : 0;
}
