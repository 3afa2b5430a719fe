/* run: a command in a sandbox like a service's, beside it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/daemons.h"
#include "cli/log_reader.h"
#include "cli/options.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "cli/request.h"
#include "compose/load.h"
#include "compose/publish.h"
#include "model/project_json.h"

enum { OPT_NO_DEPS = 256, OPT_ENTRYPOINT, OPT_NAME, OPT_ALIASES, OPT_RM };
enum { FAILURE_LINES = 40, SERVICE_ROOM = 128, NAME_ROOM = 16 };

/* what keeps a sandbox while a command is in it */
static const char *const keeper[] = { "/bin/sleep", "infinity", NULL };

struct wish {
    struct remote_command command;
    bool no_deps, ports, aliases;
    char **volumes, **publish;
    const char *entrypoint, *name;
};

static const struct argp_option options[] = {
    REMOTE_OPTIONS,
    { "detach", 'd', NULL, 0, "Prints a name and ends when the command runs", 0 },
    { "entrypoint", OPT_ENTRYPOINT, "PROGRAM", 0, "Instead of the entry point of the service", 0 },
    { "name", OPT_NAME, "NAME", 0, "Its name is SERVICE.run-NAME", 0 },
    { "volume", 'v', "SOURCE:TARGET[:ro]", 0, "One more volume or directory of the host", 0 },
    { "no-deps", OPT_NO_DEPS, NULL, 0, "Starts nothing else", 0 },
    { "service-ports", 'P', NULL, 0, "Publishes the ports of the service", 0 },
    { "publish", 'p', "[[ADDRESS:]PORT:]TARGET[/udp]", 0, "Publishes one more port", 0 },
    { "use-aliases", OPT_ALIASES, NULL, 0, "Others find it by the names of the service too", 0 },
    /* what is so anyway may be said */
    { "rm", OPT_RM, NULL, OPTION_HIDDEN, NULL, 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wish *w = state->input;

    switch (key) {
    case OPT_RM: return 0;
    case 'v': strv_append(&w->volumes, arg); return 0;
    case OPT_ENTRYPOINT: w->entrypoint = arg; return 0;
    case OPT_NAME: w->name = arg; return 0;
    case OPT_NO_DEPS: w->no_deps = true; return 0;
    case OPT_ALIASES: w->aliases = true; return 0;
    case 'P': w->ports = true; return 0;
    case 'p': strv_append(&w->publish, arg); return 0;
    case ARGP_KEY_END:
        if (!w->command.service)
            argp_error(state, "a service is needed");
        if (w->command.detach && w->command.user)
            argp_error(state, "-u is for commands with streams: -d runs as the service's user");
        return 0;
    default: return remote_parse(&w->command, key, arg, state);
    }
}

/* ---- what is to run ---- */

/* --entrypoint drops the service's command, as with docker compose; a command replaces it */
static const char *const *command_of(const struct wish *w, const struct unit *u, struct arena *a)
{
    size_t n_argv = 0, n_own = 0, n = 0, kept;
    const char **argv;

    while (u->argv[n_own])
        n_own++;
    while (w->command.argv[n_argv])
        n_argv++;
    kept = w->entrypoint ? 0 : n_argv > 0 ? u->n_entry : n_own;
    argv = arena_array(a, kept + n_argv + 2, sizeof *argv);
    if (w->entrypoint)
        argv[n++] = w->entrypoint;
    for (size_t i = 0; i < kept; i++)
        argv[n++] = u->argv[i];
    for (size_t i = 0; i < n_argv; i++)
        argv[n++] = w->command.argv[i];
    return argv;
}

/* SOURCE:TARGET[:ro|:rw] */
static int add_volume(const struct project *p, struct unit *u, const char *text, struct err *e)
{
    char *source = arena_strdup(p->arena, text), *target = strchr(source, ':'), *how;
    struct mount m = { .subpath = "" };

    if (!target || target[1] != '/') {
        err_set(e, -EINVAL, "-v %s: it must be SOURCE:TARGET, with an absolute target", text);
        return err_classify(e, ERR_USAGE);
    }
    *target++ = '\0';
    how = strchr(target, ':');
    if (how)
        *how++ = '\0';
    m.target = target;
    m.read_only = how && strcmp(how, "ro") == 0;
    if (source[0] == '/' || source[0] == '.' || source[0] == '~') {
        auto_free char *real = realpath(source, NULL);

        if (!real)
            return err_set(e, -errno, "-v %s: %s", text, strerror(errno));
        m.kind = MOUNT_BIND;
        m.source = arena_strdup(p->arena, real);
    } else {
        m.kind = MOUNT_VOLUME;
        for (size_t i = 0; i < p->n_volumes && !m.source; i++)
            if (strcmp(p->volumes[i].key, source) == 0)
                m.source = p->volumes[i].name;
        if (!m.source)
            return err_set(e, -ENOENT, "-v %s: the project has no volume '%s'", text, source);
    }
    u->mounts[u->n_mounts++] = m;
    return 0;
}

/* the names by which others know the service */
static const char *const *names_of(const struct unit *u, const struct attachment *at,
                                   struct arena *a)
{
    size_t n = 0;
    const char **names;

    while (at->aliases && at->aliases[n])
        n++;
    names = arena_array(a, n + 2, sizeof *names);
    names[0] = u->name;
    for (size_t i = 0; i < n; i++)
        names[i + 1] = at->aliases[i];
    return names;
}

static int add_ports(const struct wish *w, const struct project *p, struct unit *u, struct err *e)
{
    u->n_ports = w->ports ? u->n_ports : 0;
    for (char **text = w->publish; text && *text; text++)
        if (publish_port(p, u, *text, e) < 0) {
            err_wrap(e, "-p %s", *text);
            return err_classify(e, ERR_USAGE);
        }
    return 0;
}

/* the service as its one-off sibling; the project stays with the service's own definition */
static int make_definition(const struct wish *w, const struct project *p, struct unit *u,
                           struct err *e)
{
    struct mount *mounts =
        arena_array(p->arena, u->n_mounts + 1 + strv_len(w->volumes), sizeof *mounts);
    int r;

    if (u->n_mounts > 0)
        memcpy(mounts, u->mounts, u->n_mounts * sizeof *mounts);
    u->mounts = mounts;
    u->n_deps = 0;
    if (strcmp(u->hostname, u->name) == 0) /* which means the service, for it too */
        u->hostname = arena_printf(p->arena, "%s-run-%s", u->name, w->name);
    r = add_ports(w, p, u, e);
    for (size_t i = 0; i < u->n_networks; i++) {
        u->networks[i].aliases = w->aliases ? names_of(u, &u->networks[i], p->arena) : NULL;
        u->networks[i].ipv4 = u->networks[i].ipv6 = u->networks[i].mac = "";
    }
    for (char **v = w->volumes; v && *v && r == 0; v++)
        r = add_volume(p, u, *v, e);
    return r;
}

/* variables of the command for a program that is launched with them */
static void add_variables(const struct wish *w, const struct project *p, struct unit *u)
{
    json_t *list = remote_variables(w->command.env);
    size_t n = 0;
    const char **env;

    while (u->env && u->env[n])
        n++;
    env = arena_array(p->arena, n + json_array_size(list) + 1, sizeof *env);
    n = 0;
    for (size_t i = 0; u->env && u->env[i]; i++) {
        size_t len = strcspn(u->env[i], "=") + 1;
        bool replaced = false;

        for (size_t k = 0; k < json_array_size(list); k++)
            replaced |= strncmp(json_string_value(json_array_get(list, k)), u->env[i], len) == 0;
        if (!replaced)
            env[n++] = u->env[i];
    }
    for (size_t k = 0; k < json_array_size(list); k++)
        env[n++] = arena_strdup(p->arena, json_string_value(json_array_get(list, k)));
    json_decref(list);
    u->env = env;
}

/* ---- what it needs ---- */

static bool is_known(const json_t *status, const char *service)
{
    const json_t *list = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "service")),
                   service) == 0)
            return true;
    return false;
}

/* for a project that is up: what the service depends on; else the project, with that only */
static json_t *preparation(const struct wish *w, const struct project *p, const struct unit *u,
                           const json_t *status)
{
    json_t *services = json_array();

    for (size_t i = 0; status && !w->no_deps && i < u->n_deps; i++)
        if (is_known(status, u->deps[i].unit))
            (void) json_array_append_new(services, json_string(u->deps[i].unit));
    if (status)
        return json_pack("{s:s,s:s,s:s,s:o}", "op", "begin", "operation", "start", "project",
                         p->name, "services", services);
    (void) json_array_append_new(services, json_string(u->name));
    return json_pack("{s:s,s:s,s:o,s:o,s:b,s:b}", "op", "begin", "operation", "up", "definition",
                     project_to_tree(p), "services", services, "no_deps", w->no_deps, "deps_only",
                     1);
}

static int prepare(const struct cli *cli, struct client *client, const struct wish *w,
                   const struct project *p, const struct unit *u, struct err *e)
{
    struct cli named = *cli;
    auto_free char *project = NULL;
    json_t *status = NULL, *message;
    char service[SERVICE_ROOM] = "";
    bool ending = false, nothing;
    int r;

    named.project_name = p->name;
    (void) request_project(&named, client, &project, &status, NULL);
    message = preparation(w, p, u, status);
    nothing = status && json_array_size(json_object_get(message, "services")) == 0;
    json_decref(status);
    if (nothing) {
        json_decref(message);
        return 0;
    }
    r = request_run(cli, client, message, &ending, service, e);
    if (r < 0 && service[0] != '\0')
        log_reader_print_last(p->name, service, FAILURE_LINES, stderr);
    return r;
}

/* ---- the verb ---- */

static int go(struct client *client, const struct wish *w, struct project *p, struct unit *u,
              struct err *e)
{
    const struct remote_command *c = &w->command;
    const char *const *argv = command_of(w, u, p->arena);
    int code = make_definition(w, p, u, e);

    if (code < 0)
        return code;
    u->argv = c->detach ? argv : keeper;
    u->tty &= c->detach && !c->no_terminal; /* else the command has the caller's, or none */
    if (c->detach) {
        add_variables(w, p, u);
        u->workdir = c->workdir ? c->workdir : u->workdir;
    }
    record_project(p->name);
    return remote_run(client,
                      json_pack("{s:s,s:s,s:s,s:o}", "op", "run", "service", u->name, "name",
                                w->name, "definition", project_to_tree(p)),
                      c, argv, e);
}

static int run(struct cli *cli, const struct wish *w, struct err *e)
{
    char *const named[] = { (char *) (size_t) w->command.service, NULL };
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct project *p = NULL;
    struct unit *u = NULL;
    auto_client client = NULL;
    int code;

    load.services = named;
    code = load_project(&load, &p, &warnings, e);
    if (code == 0 && !cli->quiet)
        warnings_print(&warnings, stderr);
    for (size_t i = 0; code == 0 && i < p->n_units; i++)
        u = strcmp(p->units[i].name, w->command.service) == 0 ? &p->units[i] : u;
    if (code == 0 && !u) {
        err_set(e, -ENOENT, "no such service: '%s'", w->command.service);
        code = err_classify(e, ERR_USAGE);
    }
    if (code == 0)
        code = daemons_connect(cli, &client, e);
    if (code == 0)
        code = prepare(cli, client, w, p, u, e);
    if (code == 0)
        *e = ERR_INIT; /* that the manager had to be started is no failure */
    if (code == 0)
        code = go(client, w, p, u, e);
    project_free(p);
    return code;
}

int cmd_run(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "SERVICE [COMMAND [ARGUMENT...]]",
        .doc = "Runs a command, or that of the service, in a sandbox of its own: with the "
               "networks, volumes, secrets, limits and user of the service, without its ports, "
               "names, restart policy and health check.  What it depends on is started first; "
               "the sandbox is gone when the command has ended.  The exit status is the "
               "command's, else as with exec."
    };
    struct wish w = { 0 };
    struct err e = ERR_INIT;
    char name[NAME_ROOM];
    uint32_t number = 0;
    int code;

    if (cli_parse_in_order(cli, &argp, argc, argv, &w) != 0)
        return ERR_USAGE;
    (void) !getrandom(&number, sizeof number, 0);
    (void) snprintf(name, sizeof name, "%08" PRIx32, number);
    w.name = w.name ? w.name : name;
    code = run(cli, &w, &e);
    strv_free(w.command.env);
    strv_free(w.volumes);
    strv_free(w.publish);
    if (e.code == 0)
        return code;
    (void) cli_fail(cli, &e);
    return code > 0 ? code : REMOTE_OURS;
}
