#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/paths.h"
#include "sandbox/permit.h"

static char house[] = "/tmp/ipam-permit.XXXXXX";

static char *file(void)
{
    return paths_join("%s/policy.conf", house);
}

/* what is loaded from `text`, which may be NULL for no file */
static int load(const char *text, struct permit **out, struct err *e)
{
    auto_free char *path = file();

    (void) unlink(path);
    if (text) {
        auto_file f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
    }
    return permit_load(out, e);
}

static struct permit *loaded(const char *text)
{
    struct permit *p = NULL;
    struct err e = ERR_INIT;

    if (load(text, &p, &e) < 0)
        fail_msg("%s", e.msg);
    return p;
}

static const char *const none[] = { NULL }, *const raw[] = { "CHOWN", "NET_RAW", NULL };
static const char *const rules[] = { "c 10:* rw", NULL };
static struct spec_mount mount;
static struct spec_port port;
static struct spec_group group;
static struct spec_device device = { "/dev/fuse", "/dev/fuse", "rw" };

enum wish {
    PLAIN,
    OTHER_USER,
    OTHER_GROUP,
    MORE_GROUP,
    READS,
    WRITES,
    PUBLISHES,
    CAPABLE,
    UNCONFINED,
    OWN_PROFILE,
    DEVICE,
    DEVICE_RULE,
    APPARMOR,
    HOST_UTS,
    HOST_CGROUP,
    HOST_IPC,
    HOST_PID,
};

static struct spec make(enum wish w)
{
    struct spec s = { .id = "p.a.1.1",
                      .project = "p",
                      .network_of = "",
                      .ipc_of = "",
                      .pid_of = "",
                      .beside = "",
                      .etc = none,
                      .uid = 1000,
                      .gid = 1000,
                      .seccomp = "default",
                      .apparmor = "",
                      .seccomp_profile = "" };

    mount = (struct spec_mount){ .kind = SPEC_BIND, .source = "/srv/www", .target = "/x" };
    port = (struct spec_port){ .address = "", .published = 80, .last = 80, .target = 80 };
    group = (struct spec_group){ "", 44 };
    switch (w) {
    case PLAIN: break;
    case OTHER_USER: s.uid = 999; break;
    case OTHER_GROUP: s.gid = 999; break;
    case MORE_GROUP:
        s.groups = &group;
        s.n_groups = 1;
        break;
    case READS:
        mount.read_only = true;
        s.mounts = &mount;
        s.n_mounts = 1;
        break;
    case WRITES:
        s.mounts = &mount;
        s.n_mounts = 1;
        break;
    case PUBLISHES:
        s.ports = &port;
        s.n_ports = 1;
        break;
    case CAPABLE: s.capabilities = raw; break;
    case UNCONFINED: s.seccomp = "unconfined"; break;
    case DEVICE:
        s.devices = &device;
        s.n_devices = 1;
        break;
    case APPARMOR: s.apparmor = "web"; break;
    case HOST_UTS: s.host_uts = true; break;
    case HOST_CGROUP: s.host_cgroup = true; break;
    case HOST_IPC: s.ipc_of = SPEC_HOST; break;
    case HOST_PID: s.pid_of = SPEC_HOST; break;
    case DEVICE_RULE: s.device_rules = rules; break;
    case OWN_PROFILE: s.seccomp_profile = "{}"; break;
    }
    return s;
}

static const struct {
    const char *text;
    enum wish wish;
    const char *message; /* NULL: permitted */
} cases[] = {
    { NULL, PLAIN, NULL },
    { NULL, READS, NULL },
    { NULL, WRITES, NULL },
    { NULL, PUBLISHES, NULL },
    { NULL, MORE_GROUP, NULL },
    { "users = 1000-1999\n", PLAIN, NULL },
    { "# one\n\nusers = 33, 1000-1999 # two\n", OTHER_USER,
      ":3: users = 33, 1000-1999: 'p.a.1.1' may not run as user 999" },
    { "groups=1000", OTHER_GROUP, ":1: groups = 1000: 'p.a.1.1' may not run with group 999" },
    { "groups=1000", MORE_GROUP, "may not run with group 44" },
    { "groups=44 1000", MORE_GROUP, NULL },
    { "bind-read = /srv/www\nbind-write = none", READS, NULL },
    { "bind-read = /srv/www\nbind-write = none", WRITES,
      ":2: bind-write = none: 'p.a.1.1' may not write to '/srv/www'" },
    { "bind-read = /srv/ww /srv/www/x", READS, "may not read '/srv/www'" },
    { "bind-read = /srv/", READS, NULL },
    { "bind-read = /", READS, NULL },
    { "ports = 1024-65535", PUBLISHES,
      ":1: ports = 1024-65535: 'p.a.1.1' may not publish port 80" },
    { "ports = 79-81", PUBLISHES, NULL },
    /* a project's rule stands instead of the general one, for that project only */
    { "ports = none\n[project p]\nports = 80", PUBLISHES, NULL },
    { "ports = any\n[project p]\nports = none", PUBLISHES, ":3: ports = none" },
    { "ports = 80\n[project q]\nports = none", PUBLISHES, NULL },
    { "users = 1\n[project p]\nports = 80", PLAIN, ":1: users = 1" },
    { NULL, CAPABLE, "policy: capabilities = none: 'p.a.1.1' may not have the capability CHOWN" },
    { "capabilities = chown", CAPABLE,
      ":1: capabilities = chown: 'p.a.1.1' may not have the "
      "capability NET_RAW" },
    { "capabilities = CAP_NET_RAW chown", CAPABLE, NULL },
    { "capabilities = none\n[project p]\ncapabilities = NET_RAW CHOWN", CAPABLE, NULL },
    { NULL, UNCONFINED, "policy: seccomp = none: 'p.a.1.1' may not run without a system call" },
    { "seccomp = custom", UNCONFINED, ":1: seccomp = custom" },
    { "seccomp = custom unconfined", UNCONFINED, NULL },
    { NULL, OWN_PROFILE, "may not have a system call profile of its own" },
    { "seccomp = unconfined", OWN_PROFILE, ":1: seccomp = unconfined" },
    { "seccomp = custom", OWN_PROFILE, NULL },
    { NULL, DEVICE, "policy: devices = none: 'p.a.1.1' may not have the device /dev/fuse:rw" },
    { "devices = /dev/fuse:r /dev/fuse2", DEVICE, ":1: devices = /dev/fuse:r /dev/fuse2" },
    { "devices = /dev/null /dev/fuse", DEVICE, NULL },
    { "devices = /dev/fuse:wr", DEVICE, NULL },
    { NULL, APPARMOR, NULL },
    { "apparmor = web-2 web", APPARMOR, NULL },
    { "apparmor = web-2", APPARMOR,
      ":1: apparmor = web-2: 'p.a.1.1' may not run under the AppArmor profile 'web'" },
    { "apparmor = none", APPARMOR, ":1: apparmor = none" },
    { NULL, HOST_UTS,
      "policy: host-uts = no: 'p.a.1.1' may not have the host's name as the host has it" },
    { "host-cgroup = yes", HOST_UTS, "policy: host-uts = no" },
    { "host-uts = no\n[project p]\nhost-uts = yes", HOST_UTS, NULL },
    { "host-cgroup = no", HOST_CGROUP,
      ":1: host-cgroup = no: 'p.a.1.1' may not see the control groups of the host" },
    { "host-cgroup = yes", HOST_CGROUP, NULL },
    { NULL, HOST_IPC,
      "policy: host-ipc = no: 'p.a.1.1' may not live in the IPC namespace of the host" },
    { "host-ipc = yes", HOST_IPC, NULL },
    { "host-ipc = yes", HOST_PID,
      "policy: host-pid = no: 'p.a.1.1' may not live among the processes of the host" },
    { "host-pid = yes", HOST_PID, NULL },
    { NULL, DEVICE_RULE,
      "policy: device-rules = none: 'p.a.1.1' may not have the device rule 'c 10:* rw'" },
    { "device-rules = c:10:229:rw c:10:*:r", DEVICE_RULE, ":1: device-rules = c:10:229:rw" },
    { "device-rules = b:8:*:r c:10:*:rwm", DEVICE_RULE, NULL },
};

static void a_launch_is_held_against_the_rules_of_its_project(void **state)
{
    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct permit *p = loaded(cases[i].text);
        struct spec s = make(cases[i].wish);
        struct err e = ERR_INIT;
        int r = permit_spec(p, &s, &e);

        if (r != (cases[i].message ? -EPERM : 0) ||
            (cases[i].message && !strstr(e.msg, cases[i].message)))
            fail_msg("case %zu: %d %s", i, r, e.msg);
        permit_free(p);
    }
}

static void a_network_must_be_in_a_permitted_range(void **state)
{
    struct permit *p = loaded("subnets = 10.89.0.0/16 fd00::/8");
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(permit_subnet(p, "p", "10.90.0.1/24", &e), -EPERM);
    assert_non_null(strstr(e.msg, ":1: subnets = 10.89.0.0/16 fd00::/8: 'p' may not have a network "
                                  "with '10.90.0.1/24'"));
    assert_int_equal(permit_subnet(p, "p", "10.88.0.0/15", &e), -EPERM);
    assert_int_equal(permit_subnet(p, "p", "10.89.3.1/24", &e), 0);
    assert_int_equal(permit_subnet(p, "p", "fd12::1/64", &e), 0);
    permit_free(p);
    p = loaded(NULL);
    assert_int_equal(permit_subnet(p, "p", "10.90.0.1/24", &e), 0);
    permit_free(p);
}

static void a_link_that_leads_out_of_a_permitted_directory_is_refused(void **state)
{
    const struct permit_asker by = { "p", "p.a.1.1", false };
    auto_free char *rule = paths_join("bind-read = %s", house), *link = paths_join("%s/out", house);
    struct permit *p = loaded(rule);
    struct err e = ERR_INIT;
    auto_fd inside = open(house, O_PATH | O_CLOEXEC);

    (void) state;
    (void) unlink(link);
    assert_int_equal(symlink("/usr", link), 0);
    auto_fd outside = open(link, O_PATH | O_CLOEXEC);
    assert_int_equal(permit_source(p, &by, link, true, &e), 0);
    assert_int_equal(permit_opened(p, &by, inside, true, &e), 0);
    assert_int_equal(permit_opened(p, &by, outside, true, &e), -EPERM);
    assert_non_null(strstr(e.msg, "may not read '/usr'"));
    (void) unlink(link);
    permit_free(p);
}

static void a_file_that_is_none_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "users", "policy.conf:1: 'users' is not KEY = VALUE" },
        { "\nuser = 1", "policy.conf:2: 'user' is no rule, did you mean 'users'?" },
        { "users =", "'users' has no value" },
        { "users = root", "'root' is no number or range" },
        { "users = 0", "'0' is no number or range" },
        { "users = 5-3", "'5-3' is no number or range" },
        { "users = 1-", "'1-' is no number or range" },
        { "users = 1-65535", "from 1 to 65534" },
        { "users = any 5", "'any' stands alone" },
        { "users = 1\nusers = 2", "policy.conf:2: 'users' is said in line 1 already" },
        { "ports = 65536", "from 1 to 65535" },
        { "bind-read = srv", "no absolute path" },
        { "bind-read = /srv/../etc", "no absolute path" },
        { "capabilities = NET_RAW SYS_ADMIN", "'SYS_ADMIN' would make a service root" },
        { "capabilities = ALL", "'ALL' is no capability" },
        { "capabilities = NET_EVERYTHING", "no capability" },
        { "devices = /etc/passwd", "neither none nor /dev/NAME" },
        { "devices = /dev/fuse:x", "neither none nor /dev/NAME" },
        { "device-rules = any", "a rule such as c:10:229:rw" },
        { "device-rules = c:10:229", "a rule such as c:10:229:rw" },
        { "seccomp = off", "not none, custom or unconfined" },
        { "subnets = 10.0.0.0/33", "no range of addresses" },
        { "host-network = any", "neither yes nor no" },
        { "host-uts = none", "neither yes nor no" },
        { "propagation = rslave", "neither yes nor no" },
        { "privileged = yes", "the host's root" },
        { "log-denied = 1", "neither yes nor no" },
        { "user-namespaces = any", "'any' is neither none nor a range of ids" },
        { "user-namespaces = 65536-131070", "neither none nor a range" },
        { "user-namespaces = 1-65535", "neither none nor a range" },
        { "user-namespaces = 65536-4294967295", "below 2147483648" },
        { "trash-min-free = 5", "neither none nor a part such as 5%" },
        { "trash-min-free = 100%", "neither none nor a part" },
        { "[web]", "'[web]' is not [project NAME]" },
        { "[project ../x]", "project '../x' is not acceptable" },
        { "[project a]\n[project a]", "policy.conf:2: project 'a' has a section already" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct permit *p = NULL;
        struct err e = ERR_INIT;
        int r = load(bad[i].text, &p, &e);

        if (r >= 0 || p || !strstr(e.msg, bad[i].message))
            fail_msg("case %zu: %d %s", i, r, e.msg);
    }
}

static void user_namespaces_have_the_ids_the_file_says(void **state)
{
    static const struct {
        const char *text;
        uint32_t first, last; /* 0: refused */
    } said[] = {
        { NULL, 1879048192, 2147352575 },
        { "user-namespaces = 65536-196607", 65536, 196607 },
        { "user-namespaces = none", 0, 0 },
        { "user-namespaces = none\n[project p]\nuser-namespaces = 131072-196607", 131072, 196607 },
        { "[project q]\nuser-namespaces = none", 1879048192, 2147352575 },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        struct permit *p = loaded(said[i].text);
        uint32_t first = 0, last = 0;
        struct err e = ERR_INIT;
        int r = permit_user_namespace(p, &(struct permit_asker){ "p", "p.a.1.1", false }, &first,
                                      &last, &e);

        assert_int_equal(r, said[i].first ? 0 : -EPERM);
        assert_int_equal(first, said[i].first);
        assert_int_equal(last, said[i].last);
        permit_free(p);
    }
}

static void a_file_that_others_may_write_to_is_refused(void **state)
{
    auto_free char *path = file();
    struct permit *p = NULL;
    struct err e = ERR_INIT;

    (void) state;
    if (geteuid() != 0)
        skip();
    permit_free(loaded("users = 1"));
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(permit_load(&p, &e), -EPERM);
    assert_non_null(strstr(e.msg, "others than root may write"));
    assert_int_equal(chmod(path, 0644) + chown(path, 65534, 0), 0);
    assert_int_equal(permit_load(&p, &e), -EPERM);
    assert_int_equal(chown(path, 0, 0) + chmod(house, 01777), 0);
    assert_int_equal(permit_load(&p, &e), -EPERM);
    assert_int_equal(chmod(house, 0755), 0);
    assert_int_equal(permit_load(&p, &e), 0);
    permit_free(p);
}

static void the_ceiling_is_what_any_section_permits(void **state)
{
    struct permit *p = loaded("capabilities = CHOWN\n[project p]\ncapabilities = cap_net_raw");

    (void) state;
    assert_true(permit_capabilities(p) == (1 | 1 << 13));
    permit_free(p);
    p = loaded(NULL);
    assert_true(permit_capabilities(p) == 0);
    permit_free(p);
}

static int make_house(void **state)
{
    (void) state;
    return mkdtemp(house) && setenv("IPAM_ORCH_CONF_DIR", house, 1) == 0 ? 0 : -1;
}

static int remove_house(void **state)
{
    auto_free char *path = file();

    (void) state;
    (void) unlink(path);
    return rmdir(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_launch_is_held_against_the_rules_of_its_project),
        cmocka_unit_test(a_network_must_be_in_a_permitted_range),
        cmocka_unit_test(a_link_that_leads_out_of_a_permitted_directory_is_refused),
        cmocka_unit_test(a_file_that_is_none_is_refused_with_its_line),
        cmocka_unit_test(user_namespaces_have_the_ids_the_file_says),
        cmocka_unit_test(a_file_that_others_may_write_to_is_refused),
        cmocka_unit_test(the_ceiling_is_what_any_section_permits),
    };

    return cmocka_run_group_tests(tests, make_house, remove_house);
}
