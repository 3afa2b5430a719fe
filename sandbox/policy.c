#include "sandbox/policy.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/apparmor.h"
#include "base/auto.h"
#include "base/capability.h"
#include "base/device_rule.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/sysctl.h"
#include "sandbox/creds.h"
#include "sandbox/policy_impl.h"
#include "sandbox/program.h"
#include "sandbox/rlimits.h"

enum {
    ID_MAX = 128,
    NAME_MAX_BYTES = 64,
    MOUNTS_MAX = 128,
    FILES_MAX = 64,
    LINKS_MAX = 16,
    PORTS_MAX = 256,
    ETC_MAX = 64,
    ULIMITS_MAX = 16,
    DEVICES_MAX = 16,
    GROUPS_MAX = PROGRAM_GROUPS_MAX - 2, /* the user's own, and that of watchers */
    DEVICE_RULES_MAX = 8, /* with the devices as many as sandbox/devices.c has room for */
    SYSCTLS_MAX = 64,
    CPUSET_MAX = 1024,
    OOM_MOST = 1000,
    DISKS_MAX = 64,
    DISK_WEIGHT_MOST = 1000,
    SWAPPINESS_MOST = 100,
    SHARES_LEAST = 2, /* these four are the kernel's */
    SHARES_MOST = 262144,
    PERIOD_LEAST = 1000,
    PERIOD_MOST = 1000000,
    MILLI_CPUS_MOST = 8192 * 1000,
    OOM_LEAST = -900, /* below, the host would lose its own services first */
    ID_LIMIT = 65535, /* (uid_t) -1 of 16 bit, and everything dynamic above */
};
static_assert((int) CREDS_WATCHERS_GID >= (int) ID_LIMIT,
              "a service could be in the group of watchers");

#define HOOK_LONGEST_US (UINT64_C(24) * 3600 * 1000000)

int policy_refuse(struct err *e, const char *rule, const char *what, const char *value)
{
    return err_set(e, -EINVAL, "%s: %s '%.128s' is not acceptable", rule, what, value);
}

bool policy_made_of(const char *text, const char *chars, size_t max)
{
    size_t len = strnlen(text, max + 1);

    return len > 0 && len <= max && strspn(text, chars) == len;
}

int policy_id(const char *id, struct err *e)
{
    if (policy_made_of(id, "abcdefghijklmnopqrstuvwxyz0123456789_.-", ID_MAX) && id[0] != '.')
        return 0;
    return policy_refuse(e, "instance-id", "id", id);
}

int policy_name(const char *what, const char *name, struct err *e)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (policy_made_of(name, chars, NAME_MAX_BYTES) && name[0] != '.' && name[0] != '-')
        return 0;
    return policy_refuse(e, "name", what, name);
}

static bool normal_path(const char *path)
{
    size_t len = strlen(path);

    if (path[0] != '/' || len >= PATH_MAX)
        return false;
    if (len == 1)
        return true;
    for (const char *p = path; *p; p += strcspn(p + 1, "/") + 1) {
        size_t part = strcspn(p + 1, "/");

        if (part == 0 || (part == 1 && p[1] == '.') || (part == 2 && strncmp(p + 1, "..", 2) == 0))
            return false;
    }
    return true;
}

/* no "..", no "." and no empty part in what stands below a directory */
static bool normal_below(const char *path)
{
    char absolute[PATH_MAX];

    return path[0] != '\0' && path[0] != '/' &&
           snprintf(absolute, sizeof absolute, "/%s", path) < PATH_MAX && normal_path(absolute);
}

int policy_path(const char *what, const char *path, struct err *e)
{
    return normal_path(path) ? 0 : policy_refuse(e, "path", what, path);
}

/* true when `path` is `dir` or below it */
static bool is_within(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool policy_is_release(const char *project, const char *path)
{
    auto_free char *releases = paths_join("%s/operations/%s/releases", paths_state(), project);

    return normal_path(path) && is_within(path, releases) && strcmp(path, releases) != 0;
}

bool policy_is_manager(const char *path)
{
    auto_free char *manager = paths_join("%s/manager", paths_run());

    return strcmp(path, manager) == 0;
}

int policy_source(const char *project, const char *path, struct err *e)
{
    const char *const denied[] = { "/proc",        "/sys",           "/dev",
                                   "/run",         "/boot",          "/etc/shadow",
                                   "/etc/gshadow", "/etc/shadow-",   "/etc/gshadow-",
                                   "/etc/sudoers", "/etc/sudoers.d", paths_state(),
                                   paths_run() };

    if (!normal_path(path))
        return policy_refuse(e, "bind-source", "path", path);
    if (policy_is_release(project, path) || policy_is_manager(path))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(denied); i++) {
        if (is_within(path, denied[i]))
            return err_set(e, -EPERM, "bind-source: '%s' may not be bound: it is %s or below", path,
                           denied[i]);
        if (strcmp(path, "/") == 0 || is_within(denied[i], path))
            return err_set(e, -EPERM, "bind-source: '%s' may not be bound: it contains %s", path,
                           denied[i]);
    }
    return 0;
}

int policy_signal(int signo, struct err *e)
{
    if (signo >= 1 && signo <= SIGRTMAX && signo != SIGKILL && signo != SIGSTOP &&
        signo != SIGCHLD && signo != SIGCONT)
        return 0;
    return err_set(e, -EINVAL, "signal: %d is not a signal a program can be sent", signo);
}

static int check_user(const struct spec *s, struct err *e)
{
    if (s->uid == 0 || s->gid == 0 || s->uid >= ID_LIMIT || s->gid >= ID_LIMIT)
        return err_set(e, -EPERM, "user-id: %u:%u is outside 1 to %d", s->uid, s->gid,
                       ID_LIMIT - 1);
    if (strpbrk(s->user, ":\n") || strpbrk(s->home, ":\n"))
        return policy_refuse(e, "user-name", "user or home", s->user);
    return s->user[0] ? policy_name("user", s->user, e) : 0;
}

static int check_groups(const struct spec *s, struct err *e)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct spec_group *g = &s->groups[i];
        int r = g->name[0] ? policy_name("group", g->name, e) : 0;

        if (r < 0)
            return r;
        if (g->gid == 0 || g->gid >= ID_LIMIT)
            return err_set(e, -EPERM, "group-id: %u is outside 1 to %d", g->gid, ID_LIMIT - 1);
    }
    return 0;
}

static int check_ulimit(const struct spec_ulimit *u, struct err *e)
{
    int resource = rlimits_resource(u->resource);

    if (resource < 0)
        return policy_refuse(e, "ulimit", "resource", u->resource);
    if (resource == RLIMIT_NICE || resource == RLIMIT_RTPRIO)
        return err_set(e, -EPERM, "ulimit: '%s' would put a service before the host's own",
                       u->resource);
    if (u->soft > u->hard)
        return err_set(e, -EINVAL, "ulimit: '%s' has a soft limit above its hard one", u->resource);
    return 0;
}

static int check_disk(const struct spec_disk *d, struct err *e)
{
    int r = policy_path("disk", d->path, e);

    if (r == 0 && (!is_within(d->path, "/dev") || d->weight > DISK_WEIGHT_MOST))
        r = policy_refuse(e, "disk", "path or weight", d->path);
    return r;
}

static int check_disks(const struct spec *s, struct err *e)
{
    uint64_t swappiness = 0;
    int r = s->disk_weight > DISK_WEIGHT_MOST ? policy_refuse(e, "disk", "weight", "of all") : 0;

    for (size_t i = 0; i < s->n_disks && r == 0; i++)
        r = check_disk(&s->disks[i], e);
    if (r == 0 && s->swappiness[0] && num_u64(s->swappiness, SWAPPINESS_MOST, &swappiness) < 0)
        r = policy_refuse(e, "swappiness", "number", s->swappiness);
    return r;
}

int policy_limits(const struct spec_limits *l, struct err *e)
{
    const struct {
        const char *what;
        uint64_t value, least, most; /* 0 is always possible: no limit */
    } ranges[] = { { "cpu_shares", l->cpu_shares, SHARES_LEAST, SHARES_MOST },
                   { "cpu_period_us", l->cpu_period_us, PERIOD_LEAST, PERIOD_MOST },
                   { "cpu_quota_us", l->cpu_quota_us, PERIOD_LEAST, INT64_MAX },
                   { "milli_cpus", l->milli_cpus, 1, MILLI_CPUS_MOST },
                   { "pids", l->pids, 1, UINT32_MAX } };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (ranges[i].value &&
            (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most))
            return err_set(e, -EINVAL, "limit: %s must be from %" PRIu64 " to %" PRIu64,
                           ranges[i].what, ranges[i].least, ranges[i].most);
    if (l->cpuset[0] && !policy_made_of(l->cpuset, "0123456789,-", CPUSET_MAX))
        return policy_refuse(e, "cpuset", "list", l->cpuset);
    if (l->memory_swap && l->memory_swap < l->memory)
        return err_set(e, -EINVAL, "memory: with swap it is less than without");
    if (l->memory && l->memory_low > l->memory)
        return err_set(e, -EINVAL, "memory: more is reserved than the limit allows");
    return 0;
}

static int check_limits(const struct spec *s, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < s->n_ulimits && r == 0; i++)
        r = check_ulimit(&s->ulimits[i], e);
    if (r == 0)
        r = check_disks(s, e);
    if (r == 0)
        r = policy_limits(&s->limits, e);
    if (r == 0 && (s->oom_score_adj < OOM_LEAST || s->oom_score_adj > OOM_MOST))
        return err_set(e, -EPERM, "oom-score: %d is outside %d to %d", s->oom_score_adj, OOM_LEAST,
                       OOM_MOST);
    return r;
}

static int check_mount(const struct spec *s, const struct spec_mount *m, struct err *e)
{
    int r = policy_path("mount target", m->target, e);

    if (r < 0)
        return r;
    if (strcmp(m->target, "/") == 0 || is_within(m->target, "/proc"))
        return err_set(e, -EPERM, "mount-target: nothing may be mounted on '%s'", m->target);
    if (m->subpath && m->subpath[0] && (m->kind == SPEC_TMPFS || !normal_below(m->subpath)))
        return policy_refuse(e, "subpath", "path", m->subpath);
    if (m->follows && m->kind != SPEC_BIND)
        return err_set(e, -EINVAL, "propagation: '%s' is no directory of the host", m->target);
    switch (m->kind) {
    case SPEC_BIND:
        if (policy_is_release(s->project, m->source) && (!m->read_only || m->follows))
            return err_set(e, -EPERM, "bind-source: '%s' is a release, which is read only",
                           m->source);
        if (policy_is_manager(m->source) && (!m->read_only || m->follows))
            return err_set(e, -EPERM, "bind-source: '%s' is the manager's, to be read only",
                           m->source);
        return policy_source(s->project, m->source, e);
    case SPEC_VOLUME: return policy_name("volume", m->source, e);
    case SPEC_TMPFS:
        return m->mode > 01777 ? err_set(e, -EPERM, "mount-mode: %o on '%s'", m->mode, m->target)
                               : 0;
    }
    return -EINVAL;
}

static int check_file(const struct spec_file *f, size_t n_fds, struct err *e)
{
    if (f->fd >= n_fds)
        return err_set(e, -EINVAL, "file: '%s' names descriptor %u of %zu", f->target, f->fd,
                       n_fds);
    if (f->mode > 0777 || f->uid >= ID_LIMIT || f->gid >= ID_LIMIT)
        return err_set(e, -EPERM, "file: '%s' may not be %u:%u with mode %o", f->target, f->uid,
                       f->gid, f->mode);
    if (strcmp(f->target, "/") == 0 || is_within(f->target, "/proc"))
        return err_set(e, -EPERM, "mount-target: nothing may be mounted on '%s'", f->target);
    return policy_path("file target", f->target, e);
}

static bool is_of_network(const char *setting)
{
    return strncmp(setting, "net.", 4) == 0 || strncmp(setting, "net/", 4) == 0;
}

/* who lives in somebody else's namespace has nothing to say about it */
static int check_sysctls_of(const struct spec *s, bool network, struct err *e)
{
    for (size_t i = 0; s->sysctls && s->sysctls[i]; i++)
        if (is_of_network(s->sysctls[i]) == network)
            return err_set(e, -EPERM, "sysctl: '%.128s' is of %s that is not its own",
                           s->sysctls[i], network ? "a network" : "an IPC namespace");
    return 0;
}

static int check_network_of(const struct spec *s, struct err *e)
{
    if (s->inherits && (s->network_of[0] == '\0' || strcmp(s->network_of, SPEC_HOST) == 0))
        return err_set(e, -EINVAL, "listen: sockets come from the instance whose network it is");
    if (s->network_of[0] == '\0')
        return 0;
    if (strcmp(s->network_of, SPEC_HOST) != 0 && policy_id(s->network_of, e) < 0)
        return -EINVAL;
    if (s->n_links > 0)
        return err_set(e, -EINVAL, "network: links and the network of '%s' exclude each other",
                       s->network_of);
    return check_sysctls_of(s, true, e);
}

static int check_ipc_of(const struct spec *s, struct err *e)
{
    if (s->ipc_of[0] == '\0')
        return 0;
    if (strcmp(s->ipc_of, SPEC_HOST) != 0 && policy_id(s->ipc_of, e) < 0)
        return -EINVAL;
    if (s->no_shm)
        return err_set(e, -EINVAL, "ipc: no /dev/shm and that of '%s' exclude each other",
                       s->ipc_of);
    return check_sysctls_of(s, false, e);
}

#define BIT(c) (UINT64_C(1) << (c))

/* in a namespace of the host these are over the host */
static int check_masters(const struct spec *s, uint64_t mask, struct err *e)
{
    const struct {
        const char *of;
        uint64_t masters;
        const char *what;
    } over[] = { { s->network_of, BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW),
                   "NET_ADMIN and NET_RAW not in the host's network" },
                 { s->ipc_of, BIT(CAP_IPC_OWNER), "IPC_OWNER not in the host's IPC namespace" },
                 { s->pid_of,
                   BIT(CAP_KILL) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_NICE) | BIT(CAP_SYS_RESOURCE),
                   "KILL, SYS_PTRACE, SYS_NICE and SYS_RESOURCE not among the host's processes" } };

    for (size_t i = 0; i < ARRAY_LEN(over); i++)
        if (strcmp(over[i].of, SPEC_HOST) == 0 && mask & over[i].masters)
            return err_set(e, -EPERM, "capability: %s", over[i].what);
    return 0;
}

/* who shares a namespace shares it with the ids of the host */
static int check_shared(const struct spec *s, struct err *e)
{
    const struct {
        bool shared;
        const char *what;
    } of[] = { { s->host_uts, "UTS" },
               { s->host_cgroup, "cgroup" },
               { s->ipc_of[0] != '\0', "IPC" },
               { s->pid_of[0] != '\0', "PID" } };

    for (size_t i = 0; i < ARRAY_LEN(of); i++)
        if (of[i].shared && s->own_users)
            return err_set(e, -EPERM,
                           "namespace: a shared %s namespace excludes a user namespace of its own",
                           of[i].what);
    if (s->beside[0] && policy_id(s->beside, e) < 0)
        return -EINVAL;
    if (s->pid_of[0] && strcmp(s->pid_of, SPEC_HOST) != 0 && policy_id(s->pid_of, e) < 0)
        return -EINVAL;
    if (s->host_uts && s->domainname[0])
        return err_set(e, -EPERM, "namespace: a domain in the UTS namespace of the host");
    return 0;
}

/* what init made stays the host's: over that a capability of a user namespace is worth nothing */
static int check_users(const struct spec *s, struct err *e)
{
    bool host = strcmp(s->network_of, SPEC_HOST) == 0;

    for (const char *const *c = s->capabilities; s->own_users && c && *c; c++) {
        int number = capability_number(*c);

        if (!capability_of_users(number) || (host && number == CAP_NET_BIND_SERVICE))
            return err_set(e, -EPERM,
                           "capability: '%.64s' is worth nothing in a user namespace of its own",
                           *c);
    }
    return 0;
}

static int check_confinement(const struct spec *s, struct err *e)
{
    const char *wrong = NULL;
    uint64_t mask = 0;
    int r = policy_name("seccomp profile", s->seccomp, e);

    if (r == 0 && (r = capability_mask(s->capabilities, &mask, &wrong)) < 0)
        return err_set(e, r == -EPERM ? -EPERM : -EINVAL, "capability: '%.64s' %s", wrong,
                       r == -EPERM ? "is root of the host" : "is none");
    if (r == 0)
        r = check_masters(s, mask, e);
    return r < 0 ? r : check_users(s, e);
}

static int check_device(const struct spec_device *d, struct err *e)
{
    const char *const at[] = { d->source, d->target };

    for (size_t i = 0; i < ARRAY_LEN(at); i++)
        /* the last two hold what any user of the host, or the service, has put there */
        if (!normal_path(at[i]) || strcmp(at[i], "/dev") == 0 || !is_within(at[i], "/dev") ||
            is_within(at[i], "/dev/shm") || is_within(at[i], "/dev/pts"))
            return policy_refuse(e, "device", "path", at[i]);
    return policy_made_of(d->access, "rwm", 3) ? 0
                                               : policy_refuse(e, "device", "access", d->access);
}

static int check_device_rules(const struct spec *s, struct err *e)
{
    struct device_rule rule;

    for (size_t i = 0; s->device_rules && s->device_rules[i]; i++) {
        if (i == DEVICE_RULES_MAX)
            return err_set(e, -E2BIG, "count: more than %d device rules", DEVICE_RULES_MAX);
        if (device_rule_parse(s->device_rules[i], ' ', &rule) < 0)
            return policy_refuse(e, "device-rule", "rule", s->device_rules[i]);
    }
    return 0;
}

static int check_sysctls(const struct spec *s, struct err *e)
{
    for (size_t i = 0; s->sysctls && s->sysctls[i]; i++) {
        if (i == SYSCTLS_MAX)
            return err_set(e, -E2BIG, "count: more than %d sysctls", SYSCTLS_MAX);
        if (!sysctl_is_namespaced(s->sysctls[i]))
            return err_set(e, -EPERM, "sysctl: '%.128s' is not of one instance alone",
                           s->sysctls[i]);
    }
    return 0;
}

static int check_etc(const char *entry, struct err *e)
{
    static const char *const secret[] = { "shadow", "shadow-", "gshadow", "gshadow-", "sudoers" };
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "/etc/%s", entry) >= PATH_MAX || !normal_path(path) ||
        entry[0] == '\0')
        return policy_refuse(e, "etc", "entry", entry);
    for (size_t i = 0; i < ARRAY_LEN(secret); i++)
        if (strcmp(entry, secret[i]) == 0)
            return err_set(e, -EPERM, "etc: '%s' may not be bound", entry);
    return 0;
}

static int check_hook(const struct spec_hook *h, struct err *e)
{
    size_t n = 0;

    while (h->argv[n])
        n++;
    if (n == 0 || h->argv[0][0] == '\0' || n > POLICY_ARGS_MAX)
        return err_set(e, -EINVAL, "pre-start: a command has 1 to %d arguments", POLICY_ARGS_MAX);
    for (size_t i = 0; h->env[i]; i++)
        if (i == POLICY_ARGS_MAX || h->env[i][0] == '=' || !strchr(h->env[i], '='))
            return err_set(e, -EINVAL, "pre-start: variable %zu is not NAME=VALUE", i);
    if (h->deadline_us == 0 || h->deadline_us > HOOK_LONGEST_US)
        return err_set(e, -EINVAL, "pre-start: a deadline is up to a day");
    return h->workdir[0] ? policy_path("working directory", h->workdir, e) : 0;
}

static int check_counts(const struct spec *s, struct err *e)
{
    const struct {
        const char *what;
        size_t n, max;
    } counts[] = { { "mounts", s->n_mounts, MOUNTS_MAX },
                   { "files", s->n_files, FILES_MAX },
                   { "links", s->n_links, LINKS_MAX },
                   { "ulimits", s->n_ulimits, ULIMITS_MAX },
                   { "groups", s->n_groups, GROUPS_MAX },
                   { "ports", s->n_ports, PORTS_MAX },
                   { "hosts", s->n_hosts, POLICY_HOSTS_MAX },
                   { "devices", s->n_devices, DEVICES_MAX },
                   { "disks", s->n_disks, DISKS_MAX },
                   { "listeners", s->n_listen, POLICY_LISTEN_MAX },
                   { "commands before the program", s->n_pre_start, POLICY_PRE_START_MAX } };

    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (counts[i].n > counts[i].max)
            return err_set(e, -E2BIG, "count: %zu %s, the limit is %zu", counts[i].n,
                           counts[i].what, counts[i].max);
    if (s->argv[0] ? s->argv[0][0] == '\0' : s->n_listen == 0)
        return err_set(e, -EINVAL, "argv: no program is named");
    return 0;
}

static int check_names(const struct spec *s, struct err *e)
{
    static const char host_chars[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    int r = policy_id(s->id, e);

    if (r == 0)
        r = policy_name("project", s->project, e);
    if (r == 0 && !policy_made_of(s->hostname, host_chars, POLICY_HOSTNAME_MAX))
        r = policy_refuse(e, "host-name", "hostname", s->hostname);
    if (r == 0 && s->domainname[0] &&
        !policy_made_of(s->domainname, host_chars, POLICY_HOSTNAME_MAX))
        r = policy_refuse(e, "host-name", "domain", s->domainname);
    if (r == 0 && s->workdir[0])
        r = policy_path("working directory", s->workdir, e);
    if (r == 0 && s->home[0])
        r = policy_path("home", s->home, e);
    return r;
}

int policy_spec(const struct spec *s, size_t n_fds, struct err *e)
{
    int r = check_counts(s, e);

    if (r == 0)
        r = check_names(s, e);
    if (r == 0)
        r = check_user(s, e);
    if (r == 0)
        r = check_groups(s, e);
    if (r == 0)
        r = policy_dns(s, e);
    if (r == 0)
        r = check_sysctls(s, e);
    if (r == 0)
        r = check_network_of(s, e);
    if (r == 0)
        r = check_ipc_of(s, e);
    if (r == 0)
        r = check_shared(s, e);
    if (r == 0)
        r = check_confinement(s, e);
    if (r == 0)
        r = check_limits(s, e);
    for (size_t i = 0; i < s->n_mounts && r == 0; i++)
        r = check_mount(s, &s->mounts[i], e);
    for (size_t i = 0; i < s->n_listen && r == 0; i++)
        r = policy_listener(s, &s->listen[i], e);
    for (size_t i = 0; i < s->n_pre_start && r == 0; i++)
        r = check_hook(&s->pre_start[i], e);
    for (size_t i = 0; i < s->n_devices && r == 0; i++)
        r = check_device(&s->devices[i], e);
    if (r == 0)
        r = check_device_rules(s, e);
    if (r == 0 && s->apparmor[0] && !apparmor_is_profile(s->apparmor))
        r = policy_refuse(e, "apparmor", "profile", s->apparmor);
    for (size_t i = 0; i < s->n_files && r == 0; i++)
        r = check_file(&s->files[i], n_fds, e);
    for (size_t i = 0; i < s->n_links && r == 0; i++)
        r = policy_link(&s->links[i], e);
    for (size_t i = 0; i < s->n_ports && r == 0; i++)
        r = policy_port(s, &s->ports[i], e);
    if (r == 0)
        r = policy_hosts(s, e);
    for (size_t i = 0; s->etc && s->etc[i] && r == 0; i++)
        r = i < ETC_MAX ? check_etc(s->etc[i], e)
                        : err_set(e, -E2BIG, "count: more than %d etc entries", ETC_MAX);
    return r < 0 && s->id[0] ? err_wrap(e, "policy refuses '%.128s'", s->id) : r;
}
