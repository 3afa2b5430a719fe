#include "cli/exposure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

/* what a part adds at most, in tenths; together they are more than the whole, as no unit has all */
enum {
    CALLS_MOST = 30,
    CAPABILITY = 5,
    CAPABILITY_STRONG = 10,
    CAPABILITIES_MOST = 30,
    WRITABLE_BIND = 7,
    WRITABLE_MOST = 20,
    READABLE_BIND = 1,
    READABLE_MOST = 5,
    DEVICE = 5,
    DEVICES_MOST = 15,
    GROUP = 2,
    GROUPS_MOST = 6,
    NETWORK_INTERNAL = 3,
    NETWORK_OUT = 8,
    NETWORK_HOST = 25,
    PORT_LOCAL = 2,
    PORT_OPEN = 5,
    PORTS_MOST = 12,
    NO_LIMIT = 3,
    SHARED_USER = 3,
    HOST_USERS = 5,
    HOST_UTS = 1,
    HOST_CGROUP = 1,
    HOST_IPC = 8,
    HOST_PID = 8,
};

static void add(struct exposure *x, unsigned points, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* keeps the largest first */
static void add(struct exposure *x, unsigned points, const char *fmt, ...)
{
    struct exposure_reason reason = { .points = points };
    size_t at = x->n;
    va_list ap;

    if (points == 0 || x->n == EXPOSURE_REASONS_MAX)
        return;
    va_start(ap, fmt);
    (void) vsnprintf(reason.text, sizeof reason.text, fmt, ap);
    va_end(ap);
    for (; at > 0 && x->reasons[at - 1].points < points; at--)
        x->reasons[at] = x->reasons[at - 1];
    x->reasons[at] = reason;
    x->n++;
    x->points = x->points + points < EXPOSURE_MOST ? x->points + points : EXPOSURE_MOST;
}

static unsigned at_most(size_t n, unsigned each, unsigned most)
{
    return n * each < most ? (unsigned) n * each : most;
}

static void add_capabilities(struct exposure *x, const struct unit *u)
{
    static const char *const strong[] = { "DAC_OVERRIDE", "SETUID", "CHOWN", "FOWNER",
                                          "NET_ADMIN" };
    unsigned points = 0;
    size_t n = 0;

    for (; u->capabilities && u->capabilities[n]; n++) {
        unsigned one = CAPABILITY;

        for (size_t i = 0; i < ARRAY_LEN(strong); i++)
            if (strcmp(strong[i], u->capabilities[n]) == 0)
                one = CAPABILITY_STRONG;
        points += one;
    }
    add(x, points < CAPABILITIES_MOST ? points : CAPABILITIES_MOST, "capabilities: %zu", n);
}

static void add_files(struct exposure *x, const struct unit *u)
{
    size_t written = 0, read = 0, rules = 0;

    for (size_t i = 0; i < u->n_mounts; i++)
        if (u->mounts[i].kind == MOUNT_BIND)
            *(u->mounts[i].read_only ? &read : &written) += 1;
    add(x, at_most(written, WRITABLE_BIND, WRITABLE_MOST), "paths of the host to write to: %zu",
        written);
    add(x, at_most(read, READABLE_BIND, READABLE_MOST), "paths of the host to read: %zu", read);
    add(x, at_most(u->n_devices, DEVICE, DEVICES_MOST), "devices of the host: %zu", u->n_devices);
    while (u->device_rules && u->device_rules[rules])
        rules++;
    add(x, at_most(rules, DEVICE, DEVICES_MOST), "rules for devices of the host: %zu", rules);
    add(x, at_most(u->n_groups, GROUP, GROUPS_MOST), "groups besides its own: %zu", u->n_groups);
}

static bool leads_out(const struct project *p, const struct unit *u)
{
    for (size_t i = 0; i < u->n_networks; i++) {
        const struct network *n = project_network(p, u->networks[i].network);

        if (n && !n->internal)
            return true;
    }
    return false;
}

static void add_network(struct exposure *x, const struct project *p, const struct unit *u)
{
    size_t open = 0;

    if (strcmp(u->network_of, PROJECT_HOST) == 0)
        add(x, NETWORK_HOST, "the network of the host");
    else if (u->network_of[0] || leads_out(p, u))
        add(x, NETWORK_OUT, "a network with a way out");
    else if (u->n_networks > 0)
        add(x, NETWORK_INTERNAL, "networks without a way out");
    for (size_t i = 0; i < u->n_ports; i++)
        open +=
            strncmp(u->ports[i].address, "127.", 4) != 0 && strcmp(u->ports[i].address, "::1") != 0;
    add(x, at_most(open, PORT_OPEN, PORTS_MOST), "ports published to others: %zu", open);
    add(x, at_most(u->n_ports - open, PORT_LOCAL, PORT_OPEN),
        "ports published to the host alone: %zu", u->n_ports - open);
}

static void add_limits(struct exposure *x, const struct unit *u)
{
    add(x, u->limits.memory ? 0 : NO_LIMIT, "no limit of memory");
    add(x, u->limits.pids ? 0 : NO_LIMIT, "no limit of processes");
    add(x, u->limits.milli_cpus || u->limits.cpu_quota_us ? 0 : 1, "no limit of processor time");
}

void exposure_of(const struct project *p, const struct unit *u, const struct syscalls_count *calls,
                 struct exposure *out)
{
    size_t n = calls->allowed + calls->by_argument, shared = 0;

    *out = (struct exposure){ .n = 0 };
    add(out, calls->total ? (unsigned) (n * CALLS_MOST / calls->total) : CALLS_MOST,
        "system calls: %zu of %zu, profile %.64s", n, calls->total,
        u->seccomp_profile[0] ? "of its own" : u->seccomp);
    add_capabilities(out, u);
    add_files(out, u);
    add_network(out, p, u);
    add_limits(out, u);
    add(out, u->own_users ? 0 : HOST_USERS, "its user is one of the host");
    add(out, strcmp(u->ipc_of, PROJECT_HOST) == 0 ? HOST_IPC : 0, "the shared memory of the host");
    add(out, strcmp(u->pid_of, PROJECT_HOST) == 0 ? HOST_PID : 0, "the processes of the host");
    add(out, u->host_uts ? HOST_UTS : 0, "the name of the host, as it changes");
    add(out, u->host_cgroup ? HOST_CGROUP : 0, "the control groups of the host by name");
    for (size_t i = 0; i < p->n_units && !u->own_users; i++)
        shared += &p->units[i] != u && !p->units[i].own_users && p->units[i].uid == u->uid;
    add(out, shared ? SHARED_USER : 0, "services that run as the same user: %zu", shared);
}
