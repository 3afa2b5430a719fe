#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/policy.h"

static const char *const sh[] = { "sh", NULL };
static const char *const nothing[] = { "", NULL };
static const char *const none[] = { NULL };
static const char *const low[] = { "NET_BIND_SERVICE", NULL };

static struct spec good(void)
{
    return (struct spec){ .id = "p.a.1.1",
                          .project = "p",
                          .argv = sh,
                          .env = none,
                          .workdir = "/",
                          .hostname = "a",
                          .domainname = "",
                          .network_of = "",
                          .ipc_of = "",
                          .pid_of = "",
                          .beside = "",
                          .limits.cpuset = "",
                          .swappiness = "",
                          .user = "nobody",
                          .home = "/",
                          .uid = 65534,
                          .gid = 65534,
                          .etc = none,
                          .seccomp = "default",
                          .seccomp_profile = "",
                          .apparmor = "" };
}

/* one specification per rule, each wrong in one place */
enum wrong {
    ID,
    PROJECT,
    ROOT_UID,
    ROOT_GID,
    HIGH_UID,
    USER_COLON,
    NO_PROGRAM,
    RELATIVE_WORKDIR,
    HOSTNAME,
    PROFILE,
    ETC_SHADOW,
    ETC_UP,
    ETC_ABSOLUTE,
    TARGET_UP,
    TARGET_ROOT,
    TARGET_PROC,
    VOLUME_UP,
    BIND_ROOT,
    TMPFS_SETUID,
    FILE_FD,
    FILE_SETUID,
    FILE_ROOT,
    BRIDGE,
    LINK_ADDRESS,
    LINK_MAC,
    LINK_MAC_SHORT,
    LINK_LOOPBACK,
    LINK_NAME,
    PORT_ZERO,
    PORT_ADDRESS,
    PORT_NO_LINK,
    HOST_ADDRESS,
    HOST_NEWLINE,
    MANY_MOUNTS,
    GROUP_ROOT,
    GROUP_NAME,
    ULIMIT_UNKNOWN,
    ULIMIT_PRIORITY,
    ULIMIT_UPSIDE_DOWN,
    OOM_PROTECTED,
    DOMAIN_BLANK,
    DNS_NAME,
    DNS_NEWLINE,
    CPUSET,
    SYSCTL_OF_HOST,
    SWAP_BELOW,
    DISK_OUTSIDE,
    DISK_ABOVE,
    DISK_WEIGHT,
    SWAPPINESS,
    CAPABILITY_NONE,
    CAPABILITY_ROOT,
    PROFILE_OWN,
    CAPABILITY_OVER_HOST,
    CAPABILITY_OF_NAMESPACE,
    LOW_PORTS_OF_HOST,
    SHARED_WITH_USERS,
    IPC_WITH_USERS,
    IPC_SYSCTL,
    IPC_NO_SHM,
    IPC_ID,
    PID_ID,
    PID_WITH_USERS,
    KILL_OVER_HOST,
    IPC_OVER_HOST,
    DOMAIN_OF_HOST,
    SUBPATH_UP,
    SUBPATH_ABSOLUTE,
    SUBPATH_OF_TMPFS,
    PROPAGATION_OF_VOLUME,
    DEVICE_NOT_IN_DEV,
    DEVICE_OF_ANYBODY,
    DEVICE_ON_ROOT,
    DEVICE_ACCESS,
    APPARMOR,
    DEVICE_RULE,
    DEVICE_RULES_MANY,
    PRE_START_NOTHING,
    PRE_START_VARIABLE,
    PRE_START_FOREVER,
    PRE_START_DIRECTORY,
    PRE_START_MANY,
    LISTEN_PORT,
    LISTEN_NAME,
    LISTEN_ADDRESS,
    LISTEN_ELSEWHERE,
    LISTEN_MANY,
    INHERIT_NOTHING,
    INHERIT_OF_HOST,
    WRONG_COUNT
};

static const struct {
    int code;
    const char *rule;
} expected[] = {
    [ID] = { -EINVAL, "instance-id" },
    [PROJECT] = { -EINVAL, "name" },
    [ROOT_UID] = { -EPERM, "user-id" },
    [ROOT_GID] = { -EPERM, "user-id" },
    [HIGH_UID] = { -EPERM, "user-id" },
    [USER_COLON] = { -EINVAL, "user-name" },
    [NO_PROGRAM] = { -EINVAL, "argv" },
    [RELATIVE_WORKDIR] = { -EINVAL, "path" },
    [HOSTNAME] = { -EINVAL, "host-name" },
    [PROFILE] = { -EINVAL, "name" },
    [ETC_SHADOW] = { -EPERM, "etc" },
    [ETC_UP] = { -EINVAL, "etc" },
    [ETC_ABSOLUTE] = { -EINVAL, "etc" },
    [TARGET_UP] = { -EINVAL, "path" },
    [TARGET_ROOT] = { -EPERM, "mount-target" },
    [TARGET_PROC] = { -EPERM, "mount-target" },
    [VOLUME_UP] = { -EINVAL, "name" },
    [BIND_ROOT] = { -EPERM, "bind-source" },
    [TMPFS_SETUID] = { -EPERM, "mount-mode" },
    [FILE_FD] = { -EINVAL, "file" },
    [FILE_SETUID] = { -EPERM, "file" },
    [FILE_ROOT] = { -EPERM, "mount-target" },
    [BRIDGE] = { -EINVAL, "bridge-name" },
    [LINK_ADDRESS] = { -EINVAL, "address" },
    [LINK_MAC] = { -EINVAL, "hardware-address" },
    [LINK_MAC_SHORT] = { -EINVAL, "hardware-address" },
    [LINK_LOOPBACK] = { -EINVAL, "interface-name" },
    [LINK_NAME] = { -EINVAL, "interface-name" },
    [PORT_ZERO] = { -EINVAL, "port" },
    [PORT_ADDRESS] = { -EINVAL, "port" },
    [PORT_NO_LINK] = { -EINVAL, "port" },
    [HOST_ADDRESS] = { -EINVAL, "hosts" },
    [HOST_NEWLINE] = { -EINVAL, "hosts" },
    [MANY_MOUNTS] = { -E2BIG, "count" },
    [GROUP_ROOT] = { -EPERM, "group-id" },
    [GROUP_NAME] = { -EINVAL, "name" },
    [ULIMIT_UNKNOWN] = { -EINVAL, "ulimit" },
    [ULIMIT_PRIORITY] = { -EPERM, "ulimit" },
    [ULIMIT_UPSIDE_DOWN] = { -EINVAL, "ulimit" },
    [OOM_PROTECTED] = { -EPERM, "oom-score" },
    [DOMAIN_BLANK] = { -EINVAL, "host-name" },
    [DNS_NAME] = { -EINVAL, "dns" },
    [DNS_NEWLINE] = { -EINVAL, "dns" },
    [SYSCTL_OF_HOST] = { -EPERM, "sysctl" },
    [CPUSET] = { -EINVAL, "cpuset" },
    [SWAP_BELOW] = { -EINVAL, "memory" },
    [DISK_OUTSIDE] = { -EINVAL, "disk" },
    [DISK_ABOVE] = { -EINVAL, "path" },
    [DISK_WEIGHT] = { -EINVAL, "disk" },
    [SWAPPINESS] = { -EINVAL, "swappiness" },
    [CAPABILITY_NONE] = { -EINVAL, "capability" },
    [CAPABILITY_ROOT] = { -EPERM, "capability" },
    [CAPABILITY_OVER_HOST] = { -EPERM, "capability" },
    [CAPABILITY_OF_NAMESPACE] = { -EPERM, "capability" },
    [LOW_PORTS_OF_HOST] = { -EPERM, "capability" },
    [SHARED_WITH_USERS] = { -EPERM, "namespace" },
    [IPC_WITH_USERS] = { -EPERM, "namespace" },
    [IPC_SYSCTL] = { -EPERM, "sysctl" },
    [IPC_NO_SHM] = { -EINVAL, "ipc" },
    [IPC_ID] = { -EINVAL, "instance-id" },
    [PID_ID] = { -EINVAL, "instance-id" },
    [PID_WITH_USERS] = { -EPERM, "namespace" },
    [KILL_OVER_HOST] = { -EPERM, "capability: KILL" },
    [IPC_OVER_HOST] = { -EPERM, "capability: IPC_OWNER" },
    [DOMAIN_OF_HOST] = { -EPERM, "namespace" },
    [DEVICE_NOT_IN_DEV] = { -EINVAL, "device" },
    [DEVICE_OF_ANYBODY] = { -EINVAL, "device" },
    [DEVICE_ON_ROOT] = { -EINVAL, "device" },
    [DEVICE_ACCESS] = { -EINVAL, "device" },
    [APPARMOR] = { -EINVAL, "apparmor" },
    [DEVICE_RULE] = { -EINVAL, "device-rule" },
    [DEVICE_RULES_MANY] = { -E2BIG, "count" },
    [PRE_START_NOTHING] = { -EINVAL, "pre-start" },
    [PRE_START_VARIABLE] = { -EINVAL, "pre-start" },
    [PRE_START_FOREVER] = { -EINVAL, "pre-start" },
    [PRE_START_DIRECTORY] = { -EINVAL, "working directory" },
    [PRE_START_MANY] = { -E2BIG, "count" },
    [LISTEN_PORT] = { -EINVAL, "listen" },
    [LISTEN_NAME] = { -EINVAL, "listen" },
    [LISTEN_ADDRESS] = { -EINVAL, "listen" },
    [LISTEN_ELSEWHERE] = { -EINVAL, "listen" },
    [LISTEN_MANY] = { -E2BIG, "count" },
    [INHERIT_NOTHING] = { -EINVAL, "listen" },
    [INHERIT_OF_HOST] = { -EINVAL, "listen" },
    [PROFILE_OWN] = { -EINVAL, "name" },
    [SUBPATH_UP] = { -EINVAL, "subpath" },
    [SUBPATH_ABSOLUTE] = { -EINVAL, "subpath" },
    [SUBPATH_OF_TMPFS] = { -EINVAL, "subpath" },
    [PROPAGATION_OF_VOLUME] = { -EINVAL, "propagation" },
};
static_assert(ARRAY_LEN(expected) == WRONG_COUNT, "a refusal has no expectation");

static struct spec_mount mount;
static struct spec_file file;
static struct spec_link net_link;
static struct spec_port port;
static struct spec_host host;
static struct spec_group group;
static struct spec_device device;
static struct spec_ulimit ulimit;

static struct spec with_listeners(struct spec_listener listener, size_t n)
{
    static struct spec_listener listeners[17];
    struct spec s = good();

    for (size_t i = 0; i < n; i++)
        listeners[i] = listener;
    s.listen = listeners;
    s.n_listen = n;
    return s;
}

static struct spec with_hooks(struct spec_hook hook, size_t n)
{
    static struct spec_hook hooks[17];
    struct spec s = good();

    for (size_t i = 0; i < n; i++)
        hooks[i] = hook;
    s.pre_start = hooks;
    s.n_pre_start = n;
    return s;
}

static struct spec with_disk(const char *path, uint64_t weight)
{
    static struct spec_disk disk;
    struct spec s = good();

    disk = (struct spec_disk){ .path = path, .weight = weight };
    s.disks = &disk;
    s.n_disks = 1;
    return s;
}

static struct spec with_mount(enum spec_mount_kind kind, const char *source, const char *target)
{
    struct spec s = good();

    mount = (struct spec_mount){ .kind = kind, .source = source, .target = target };
    s.mounts = &mount;
    s.n_mounts = 1;
    return s;
}

static struct spec with_subpath(enum spec_mount_kind kind, const char *subpath)
{
    struct spec s = with_mount(kind, "data", "/data");

    mount.subpath = subpath;
    return s;
}

static struct spec with_file(const char *target, unsigned mode, unsigned fd)
{
    struct spec s = good();

    file = (struct spec_file){ .target = target, .uid = 1, .gid = 1, .mode = mode, .fd = fd };
    s.files = &file;
    s.n_files = 1;
    return s;
}

static struct spec with_port(const char *bridge, const char *ipv4, const char *address, uint16_t n)
{
    struct spec s = good();

    net_link = (struct spec_link){ bridge, ipv4, "10.0.0.1", "", "", "", "" };
    port = (struct spec_port){ .address = address, .published = n, .last = n, .target = 80 };
    s.links = &net_link;
    s.n_links = bridge[0] ? 1 : 0;
    s.ports = &port;
    s.n_ports = 1;
    return s;
}

static struct spec with_link(const char *mac, const char *interface)
{
    struct spec s = with_port("io-1", "10.0.0.2/24", "", 80);

    net_link.mac = mac;
    net_link.interface = interface;
    return s;
}

static struct spec with_host(const char *address, const char *names)
{
    struct spec s = good();

    host = (struct spec_host){ address, names };
    s.hosts = &host;
    s.n_hosts = 1;
    return s;
}

static struct spec with_group(const char *name, uint32_t gid)
{
    struct spec s = good();

    group = (struct spec_group){ name, gid };
    s.groups = &group;
    s.n_groups = 1;
    return s;
}

static struct spec with_ulimit(const char *resource, uint64_t soft, uint64_t hard)
{
    struct spec s = good();

    ulimit = (struct spec_ulimit){ resource, soft, hard };
    s.ulimits = &ulimit;
    s.n_ulimits = 1;
    return s;
}

static const char *const wrong_rule[] = { "c 1:3 r", "c 1:3 x", NULL };
static const char *const many_rules[] = { "c 1:3 r", "c 1:3 r", "c 1:3 r", "c 1:3 r", "c 1:3 r",
                                          "c 1:3 r", "c 1:3 r", "c 1:3 r", "c 1:3 r", NULL };

static struct spec with_device_rules(const char *const *rules)
{
    struct spec s = good();

    s.device_rules = rules;
    return s;
}

static struct spec with_device(const char *source, const char *target, const char *access)
{
    struct spec s = good();

    device = (struct spec_device){ source, target, access };
    s.devices = &device;
    s.n_devices = 1;
    return s;
}

static struct spec with_etc(const char *const entry[])
{
    struct spec s = good();

    s.etc = entry;
    return s;
}

static struct spec make(enum wrong w)
{
    static const char
        *const shadow[] = { "shadow", NULL },
               *const up[] = { "../x", NULL }, *const absolute[] = { "/etc/x", NULL },
               *const killer[] = { "KILL", NULL }, *const owner[] = { "IPC_OWNER", NULL },
               *const semaphores[] = { "kernel.sem=1 1 1 1", NULL },
               *const sysctl[] = { "kernel.core_pattern=|/x", NULL },
               *const raw[] = { "NET_RAW", NULL }, *const all[] = { "NET_RAW", "ALL", NULL },
               *const admin[] = { "NET_RAW", "SYS_ADMIN", NULL },
               *const dns_name[] = { "ns.example", NULL },
               *const dns_newline[] = { "a\nnameserver 6.6.6.6", NULL };
    struct spec s = good();

    switch (w) {
    case ID: s.id = "P/../x"; break;
    case PROJECT: s.project = "../p"; break;
    case ROOT_UID: s.uid = 0; break;
    case ROOT_GID: s.gid = 0; break;
    case HIGH_UID: s.uid = 65535; break;
    case USER_COLON: s.user = "a:0:0"; break;
    case NO_PROGRAM: s.argv = nothing; break;
    case RELATIVE_WORKDIR: s.workdir = "srv"; break;
    case HOSTNAME: s.hostname = "a b"; break;
    case PROFILE: s.seccomp = "../../etc/x"; break;
    case ETC_SHADOW: return with_etc(shadow);
    case ETC_UP: return with_etc(up);
    case ETC_ABSOLUTE: return with_etc(absolute);
    case TARGET_UP: return with_mount(SPEC_TMPFS, "", "/a/../../b");
    case TARGET_ROOT: return with_mount(SPEC_TMPFS, "", "/");
    case TARGET_PROC: return with_mount(SPEC_TMPFS, "", "/proc/sys");
    case VOLUME_UP: return with_mount(SPEC_VOLUME, "../x", "/data");
    case BIND_ROOT: return with_mount(SPEC_BIND, "/", "/host");
    case TMPFS_SETUID:
        s = with_mount(SPEC_TMPFS, "", "/t");
        mount.mode = 04777;
        break;
    case FILE_FD: return with_file("/run/x", 0400, 1);
    case FILE_SETUID: return with_file("/run/x", 04755, 0);
    case FILE_ROOT: return with_file("/proc/x", 0400, 0);
    case BRIDGE: return with_port("eth0", "10.0.0.2/24", "", 80);
    case LINK_ADDRESS: return with_port("io-1", "10.0.0.2", "", 80);
    case LINK_MAC: return with_link("03:00:00:00:00:01", "");
    case LINK_MAC_SHORT: return with_link("02:00:00:00:00:1 ", "");
    case LINK_LOOPBACK: return with_link("", "lo");
    case LINK_NAME: return with_link("", "../eth0");
    case PORT_ZERO: return with_port("io-1", "10.0.0.2/24", "", 0);
    case PORT_ADDRESS: return with_port("io-1", "10.0.0.2/24", "localhost", 80);
    case PORT_NO_LINK: return with_port("", "", "", 80);
    case HOST_ADDRESS: return with_host("db", "db");
    case HOST_NEWLINE: return with_host("10.0.0.1", "db\n6.6.6.6 bank");
    case MANY_MOUNTS: s.n_mounts = 100000; break;
    case GROUP_ROOT: return with_group("", 0);
    case GROUP_NAME: return with_group("a:x:0:", 7);
    case ULIMIT_UNKNOWN: return with_ulimit("files", 1, 1);
    case ULIMIT_PRIORITY: return with_ulimit("rtprio", 1, 1);
    case ULIMIT_UPSIDE_DOWN: return with_ulimit("nofile", 2, 1);
    case DOMAIN_BLANK: s.domainname = "a b"; break;
    case SYSCTL_OF_HOST: s.sysctls = sysctl; break;
    case CPUSET: s.limits.cpuset = "0\n1"; break;
    case SWAP_BELOW: s.limits.memory = 2 * (s.limits.memory_swap = 1); break;
    case CAPABILITY_NONE: s.capabilities = all; break;
    case CAPABILITY_ROOT: s.capabilities = admin; break;
    case CAPABILITY_OF_NAMESPACE:
        s.own_users = true;
        s.capabilities = raw;
        break;
    case LOW_PORTS_OF_HOST:
        s.own_users = true;
        s.network_of = SPEC_HOST;
        s.capabilities = low;
        break;
    case SHARED_WITH_USERS: s.own_users = s.host_cgroup = true; break;
    case IPC_WITH_USERS:
        s.own_users = true;
        s.ipc_of = "p.b.1.1";
        break;
    case IPC_SYSCTL:
        s.ipc_of = "p.b.1.1";
        s.sysctls = semaphores;
        break;
    case IPC_NO_SHM:
        s.ipc_of = SPEC_HOST;
        s.no_shm = true;
        break;
    case IPC_ID: s.ipc_of = "../x"; break;
    case PID_ID: s.pid_of = "../x"; break;
    case KILL_OVER_HOST:
        s.pid_of = SPEC_HOST;
        s.capabilities = killer;
        break;
    case IPC_OVER_HOST:
        s.ipc_of = SPEC_HOST;
        s.capabilities = owner;
        break;
    case PID_WITH_USERS:
        s.own_users = true;
        s.pid_of = SPEC_HOST;
        break;
    case DOMAIN_OF_HOST:
        s.host_uts = true;
        s.domainname = "example.org";
        break;
    case DEVICE_NOT_IN_DEV: return with_device("/dev/../etc/passwd", "/dev/x", "r");
    case DEVICE_OF_ANYBODY: return with_device("/dev/shm/x", "/dev/x", "r");
    case DEVICE_ON_ROOT: return with_device("/dev/fuse", "/usr/x", "r");
    case DEVICE_ACCESS: return with_device("/dev/fuse", "/dev/fuse", "rx");
    case APPARMOR: s.apparmor = "unconfined"; break;
    case DEVICE_RULE: return with_device_rules(wrong_rule);
    case DEVICE_RULES_MANY: return with_device_rules(many_rules);
    case PRE_START_NOTHING: return with_hooks((struct spec_hook){ nothing, none, "", 1 }, 1);
    case PRE_START_VARIABLE: return with_hooks((struct spec_hook){ sh, sh, "", 1 }, 1);
    case PRE_START_FOREVER: return with_hooks((struct spec_hook){ sh, none, "", 1ull << 40 }, 1);
    case PRE_START_DIRECTORY: return with_hooks((struct spec_hook){ sh, none, "/..", 1 }, 1);
    case LISTEN_PORT: return with_listeners((struct spec_listener){ "a", "", 0 }, 1);
    case LISTEN_NAME: return with_listeners((struct spec_listener){ "a:b", "", 1 }, 1);
    case LISTEN_ADDRESS: return with_listeners((struct spec_listener){ "a", "localhost", 1 }, 1);
    case LISTEN_ELSEWHERE:
        s = with_listeners((struct spec_listener){ "a", "", 1 }, 1);
        s.network_of = SPEC_HOST;
        break;
    case LISTEN_MANY: return with_listeners((struct spec_listener){ "a", "", 1 }, 17);
    case INHERIT_NOTHING: s.inherits = true; break;
    case INHERIT_OF_HOST:
        s.inherits = true;
        s.network_of = SPEC_HOST;
        break;
    case PRE_START_MANY: return with_hooks((struct spec_hook){ sh, none, "", 1 }, 17);
    case CAPABILITY_OVER_HOST:
        s.network_of = SPEC_HOST;
        s.capabilities = raw;
        break;
    case PROFILE_OWN: s.seccomp = "own/init"; break;
    case DISK_OUTSIDE: return with_disk("/etc/passwd", 10);
    case DISK_ABOVE: return with_disk("/dev/../etc/passwd", 10);
    case DISK_WEIGHT: return with_disk("/dev/sda", 1001);
    case SWAPPINESS: s.swappiness = "101"; break;
    case DNS_NAME: s.dns = dns_name; break;
    case DNS_NEWLINE: s.dns_search = dns_newline; break;
    case OOM_PROTECTED: s.oom_score_adj = -1000; break;
    case SUBPATH_UP: return with_subpath(SPEC_VOLUME, "a/../../b");
    case SUBPATH_ABSOLUTE: return with_subpath(SPEC_VOLUME, "/etc");
    case SUBPATH_OF_TMPFS: return with_subpath(SPEC_TMPFS, "a");
    case PROPAGATION_OF_VOLUME:
        s = with_mount(SPEC_VOLUME, "data", "/data");
        s.mounts[0].follows = true;
        return s;
    case WRONG_COUNT: break;
    }
    return s;
}

static void each_rule_refuses_and_names_itself(void **state)
{
    (void) state;
    for (enum wrong w = 0; w < WRONG_COUNT; w++) {
        struct spec s = make(w);
        struct err e = ERR_INIT;

        assert_int_equal(policy_spec(&s, 1, &e), expected[w].code);
        assert_non_null(strstr(e.msg, expected[w].rule));
    }
}

static void a_modest_specification_is_accepted(void **state)
{
    const struct spec ok[] = { good(), with_mount(SPEC_BIND, "/srv/x", "/x"),
                               with_file("/run/secrets/x", 0400, 0),
                               with_port("io-12ab34cd", "10.0.0.2/24", "127.0.0.1", 443),
                               with_host("fd00::1", "db database.example") };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(ok); i++)
        assert_int_equal(policy_spec(&ok[i], 1, NULL), 0);
}

static void what_belongs_to_the_host_may_not_be_bound_nor_what_contains_it(void **state)
{
    static const char *const denied[] = { "/",
                                          "/proc",
                                          "/proc/1/root",
                                          "/sys",
                                          "/dev/vda",
                                          "/run",
                                          "/boot",
                                          "/etc/shadow",
                                          "/etc/shadow-",
                                          "/etc/gshadow-",
                                          "/etc/sudoers.d/x",
                                          "/etc",
                                          "/var/lib/ipam-orch",
                                          "/var/lib",
                                          "/var",
                                          "/run/ipam-orch",
                                          "/run/ipam-orch/manager/control.sock",
                                          "srv",
                                          "/srv/../etc",
                                          "/srv//x",
                                          "/srv/",
                                          "",
                                          "/srv/./x",
                                          "/var/lib/ipam-orch/volumes/x",
                                          "/var/lib/ipam-orch/operations/p/releases",
                                          "/var/lib/ipam-orch/operations/p/backups/x",
                                          "/var/lib/ipam-orch/operations/q/releases/1/x" };
    static const char *const allowed[] = { "/srv",
                                           "/root/project",
                                           "/home/a/b",
                                           "/procs",
                                           "/etc/ssl",
                                           "/running",
                                           "/var/log",
                                           "/var/lib/ipam",
                                           "/srv/..x",
                                           "/devel",
                                           "/run/ipam-orch/manager",
                                           "/var/lib/ipam-orch/operations/p/releases/1/x" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(denied); i++)
        assert_true(policy_source("p", denied[i], NULL) < 0);
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        assert_int_equal(policy_source("p", allowed[i], NULL), 0);
}

static void limits_outside_the_kernels_ranges_are_refused_and_named(void **state)
{
    static const struct {
        struct spec_limits limits;
        const char *rule; /* NULL: accepted */
    } cases[] = {
        { { .cpuset = "", .cpu_shares = 1 }, "cpu_shares" },
        { { .cpuset = "", .cpu_shares = 262145 }, "cpu_shares" },
        { { .cpuset = "", .cpu_period_us = 999 }, "cpu_period_us" },
        { { .cpuset = "", .cpu_quota_us = 999 }, "cpu_quota_us" },
        { { .cpuset = "", .milli_cpus = 8192001 }, "milli_cpus" },
        { { .cpuset = "", .pids = UINT64_C(1) << 32 }, "pids" },
        { { .cpuset = "0;1" }, "cpuset" },
        { { .cpuset = "", .memory = 2, .memory_swap = 1 }, "memory" },
        { { .cpuset = "", .memory = 2, .memory_low = 3 }, "memory" },
        { { .cpuset = "" }, NULL },
        { { .cpuset = "0-3,5",
            .memory = 2,
            .memory_low = 2,
            .memory_swap = INT64_MAX,
            .cpu_shares = 2,
            .cpu_period_us = 1000,
            .cpu_quota_us = 1000,
            .pids = 1 },
          NULL },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        int r = policy_limits(&cases[i].limits, &e);

        assert_int_equal(r, cases[i].rule ? -EINVAL : 0);
        if (cases[i].rule)
            assert_non_null(strstr(e.msg, cases[i].rule));
    }
}

static void signals_that_would_stop_or_confuse_init_are_refused(void **state)
{
    static const int refused[] = { -1, 0, SIGKILL, SIGSTOP, SIGCHLD, 1000 };
    static const int fine[] = { SIGTERM, SIGQUIT, SIGHUP, SIGUSR2, SIGWINCH };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_int_equal(policy_signal(refused[i], NULL), -EINVAL);
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        assert_int_equal(policy_signal(fine[i], NULL), 0);
}

static void a_subnet_needs_an_address_and_a_sane_prefix(void **state)
{
    static const char *const bad4[] = { "",           "10.0.0.1", "10.0.0.1/33", "10.0.0.1/",
                                        "10.0.0.1/x", "a/24",     "0.0.0.0/0",   "fd00::1/64" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad4); i++)
        assert_int_equal(policy_subnets(bad4[i], "", NULL), -EINVAL);
    assert_int_equal(policy_subnets("10.0.0.1/24", "10.0.0.1/24", NULL), -EINVAL);
    assert_int_equal(policy_subnets("10.0.0.1/24", "fd00::1/4", NULL), -EINVAL);
    assert_int_equal(policy_subnets("", "10.0.0.1/24", NULL), -EINVAL);
    assert_int_equal(policy_subnets("10.0.0.1/24", "", NULL), 0);
    assert_int_equal(policy_subnets("", "fd00::1/64", NULL), 0);
    assert_int_equal(policy_subnets("10.0.0.1/24", "fd00::1/64", NULL), 0);
    assert_int_equal(policy_mtu(0, true, NULL), 0);
    assert_int_equal(policy_mtu(1279, true, NULL), -EINVAL);
    assert_int_equal(policy_mtu(1279, false, NULL), 0);
    assert_int_equal(policy_mtu(-1, false, NULL), -EINVAL);
    assert_int_equal(policy_mtu(65536, true, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_refuses_and_names_itself),
        cmocka_unit_test(what_belongs_to_the_host_may_not_be_bound_nor_what_contains_it),
        cmocka_unit_test(limits_outside_the_kernels_ranges_are_refused_and_named),
        cmocka_unit_test(signals_that_would_stop_or_confuse_init_are_refused),
        cmocka_unit_test(a_subnet_needs_an_address_and_a_sane_prefix),
        cmocka_unit_test(a_modest_specification_is_accepted),
    };

    /* the deny list contains these */
    (void) setenv("IPAM_ORCH_RUN_DIR", "/run/ipam-orch", 1);
    (void) setenv("IPAM_ORCH_STATE_DIR", "/var/lib/ipam-orch", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
