/* x-native.listen: a unit beside the service holds its network and its sockets, and the service
 * lives in there.  That one is restarted, the other stays. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cidr.h"
#include "base/clock.h"
#include "base/num.h"
#include "compose/resolve.h"

enum { LISTEN_MAX = 16, NAME_MAX_BYTES = 63, FIRST_FD = 3 };

static bool is_name(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t len = strlen(text);

    return len > 0 && len <= NAME_MAX_BYTES && strspn(text, allowed) == len;
}

static bool is_address(const char *text)
{
    struct cidr c;

    return cidr_parse_address(text, &c) == 0;
}

static int listeners(struct resolve *r, const struct node *list, struct unit *u, struct err *e)
{
    if (list->n > LISTEN_MAX)
        return resolve_refuse(list, e, "at most %d sockets are held", LISTEN_MAX);
    u->listen = arena_array(r->arena, list->n, sizeof *u->listen);
    for (size_t i = 0; i < list->n; i++) {
        const struct node *item = list->items[i], *port = node_get(item, "port");
        struct held_socket *l = &u->listen[u->n_listen++];

        if (!port || num_port(port->text, &l->port) < 0)
            return resolve_refuse(port ? port : item, e, "'port' must be a port");
        l->address = node_get_text(item, "address", "");
        l->name = node_get_text(item, "name", arena_printf(r->arena, "%u", l->port));
        if (l->address[0] && !is_address(l->address))
            return resolve_refuse(node_get(item, "address"), e, "'%s' is no address", l->address);
        if (!is_name(l->name))
            return resolve_refuse(node_get(item, "name"), e,
                                  "a socket is called by letters, digits, '_', '.' and '-'");
    }
    return 0;
}

/* what makes a network of its own impossible, or what only its owner could do */
static int check(const struct resolve *r, const struct node *list, const char *name, struct err *e)
{
    const struct unit *u = r->unit;

    if (u->network_of[0] != '\0' || u->n_networks == 0)
        return resolve_refuse(list, e, "sockets are held in a network of its own: no network_mode");
    if (u->own_users)
        return resolve_refuse(list, e, "sockets are not handed into a user namespace yet");
    for (size_t i = 0; i < u->n_hosts; i++)
        if (strcmp(u->hosts[i].address, "host-gateway") == 0)
            return resolve_refuse(list, e, "with sockets that are held there is no host-gateway");
    if (project_unit(r->project, name) || strlen(name) > NAME_MAX_BYTES)
        return resolve_refuse(list, e, "what holds its sockets is called '%s', and cannot be",
                              name);
    return 0;
}

/* the service is found under its name, though the address is the holder's */
static void give_names(const struct resolve *r, struct unit *holder)
{
    for (size_t i = 0; i < holder->n_networks; i++) {
        struct attachment *at = &holder->networks[i];
        size_t n = 0;
        const char **names;

        while (at->aliases && at->aliases[n])
            n++;
        names = arena_array(r->arena, n + 2, sizeof *names);
        names[0] = r->unit->name;
        for (size_t k = 0; k < n; k++)
            names[k + 1] = at->aliases[k];
        at->aliases = names;
    }
    for (size_t i = 0; i < r->project->n_units; i++)
        for (size_t k = 0; k < r->project->units[i].n_links; k++)
            if (strcmp(r->project->units[i].links[k].unit, r->unit->name) == 0)
                r->project->units[i].links[k].unit = holder->name;
}

/* settings of the network are its owner's */
static void give_sysctls(const struct resolve *r, struct unit *holder)
{
    const char *const *all = r->unit->sysctls;
    size_t n = 0, mine = 0, theirs = 0;
    const char **stay, **go;

    while (all && all[n])
        n++;
    stay = arena_array(r->arena, n + 1, sizeof *stay);
    go = arena_array(r->arena, n + 1, sizeof *go);
    for (size_t i = 0; i < n; i++)
        if (strncmp(all[i], "net", 3) == 0)
            go[theirs++] = all[i];
        else
            stay[mine++] = all[i];
    r->unit->sysctls = stay;
    holder->sysctls = go;
}

static void depend(struct resolve *r, const struct unit *holder)
{
    struct unit *u = r->unit;
    struct dep *deps = arena_array(r->arena, u->n_deps + 1, sizeof *deps);

    if (u->n_deps > 0)
        memcpy(deps, u->deps, u->n_deps * sizeof *deps);
    deps[u->n_deps++] =
        (struct dep){ .unit = holder->name, .condition = DEP_STARTED, .required = true };
    u->deps = deps;
}

/* fds of the program, as nginx takes them over from itself: "3;4;" */
static void tell(struct resolve *r, const char *variable, size_t n)
{
    struct unit *u = r->unit;
    const char *value = "";
    const char **env;
    size_t count = 0;

    while (u->env && u->env[count])
        count++;
    env = arena_array(r->arena, count + 2, sizeof *env);
    for (size_t i = 0; i < count; i++)
        env[i] = u->env[i];
    for (size_t i = 0; i < n; i++)
        value = arena_printf(r->arena, "%s%zu;", value, i + FIRST_FD);
    env[count] = arena_printf(r->arena, "%s=%s", variable, value);
    u->env = env;
}

static struct unit bare(const struct unit *u, const char *name)
{
    static const char *const none[] = { NULL };

    return (struct unit){ .name = name,
                          .image = "",
                          .recipe = "x-native.listen",
                          .digest = "",
                          .replicas = 1,
                          .argv = none,
                          .workdir = "/",
                          .hostname = u->hostname,
                          .domainname = "",
                          .user = u->user,
                          .home = "/",
                          .uid = u->uid,
                          .gid = u->gid,
                          .network_of = "",
                          .ipc_of = "",
                          .pid_of = "",
                          .networks = u->networks,
                          .n_networks = u->n_networks,
                          .ports = u->ports,
                          .n_ports = u->n_ports,
                          .limits.cpuset = "",
                          .swappiness = "",
                          .release = "",
                          .seccomp = "default",
                          .seccomp_profile = "",
                          .apparmor = "",
                          .health.probe = PROBE_BLANK,
                          .restart = restart_spec_default(RESTART_ALWAYS),
                          .stop_signal = SIGTERM,
                          .stop_grace_us = 10 * USEC_PER_SEC,
                          .log_max_size = u->log_max_size,
                          .log_files = u->log_files,
                          .log_forward = LOG_FORWARD_NONE };
}

int resolve_listen(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->native, "listen");
    const struct node *variable = node_get(r->native, "listen_variable");
    const char *name = arena_printf(r->arena, "%s.sockets", r->unit->name);
    struct unit *holder;
    int code;

    if (r->missing)
        return 0; /* the unit is not complete, and will not be */
    if (node_count(list) == 0)
        return variable ? resolve_refuse(variable, e, "'listen_variable' needs 'listen'") : 0;
    code = check(r, list, name, e);
    if (code < 0)
        return code;
    holder = &r->project->units[r->project->n_units];
    *holder = bare(r->unit, name);
    code = listeners(r, list, holder, e);
    if (code < 0)
        return code;
    r->project->n_units++;
    give_names(r, holder);
    give_sysctls(r, holder);
    depend(r, holder);
    if (variable)
        tell(r, variable->text, holder->n_listen);
    r->unit->network_of = name;
    r->unit->inherits = true;
    r->unit->networks = NULL;
    r->unit->ports = NULL;
    r->unit->n_networks = r->unit->n_ports = 0;
    return 0;
}
