#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "cli/exposure.h"

static const struct syscalls_count half = { .total = 400, .allowed = 190, .by_argument = 10 };

/* as little as a unit can have */
static struct unit least(void)
{
    return (struct unit){ .name = "web",
                          .uid = 1000,
                          .seccomp = "default",
                          .seccomp_profile = "",
                          .network_of = "",
                          .ipc_of = "",
                          .pid_of = "",
                          .own_users = true,
                          .limits = { .memory = 1, .pids = 1, .milli_cpus = 1 } };
}

static struct exposure score(struct unit *u)
{
    static struct network networks[] = { { .key = "out" }, { .key = "in", .internal = true } };
    struct unit units[] = { *u, { .name = "other", .uid = 1 } };
    const struct project p = {
        .units = units, .n_units = ARRAY_LEN(units), .networks = networks, .n_networks = 2
    };
    struct exposure x;

    exposure_of(&p, &units[0], &half, &x);
    return x;
}

static struct attachment on_out = { .network = "out" }, on_in = { .network = "in" };
static struct port port = { .address = "", .published = 80, .target = 80 };
static struct port local = { .address = "127.0.0.1", .published = 80, .target = 80 };
static struct mount bind = { .kind = MOUNT_BIND, .source = "/srv", .target = "/x" };
static struct device device = { "/dev/fuse", "/dev/fuse", "rw" };
static struct extra_group group = { "", 4 };
static const char *const raw[] = { "NET_RAW", NULL }, *const admin[] = { "NET_ADMIN", NULL };

static void a_unit_that_touches_nothing_has_its_system_calls_only(void **state)
{
    struct unit u = least();
    struct exposure x = score(&u);

    (void) state;
    assert_int_equal(x.points, 15);
    assert_int_equal(x.n, 1);
    assert_string_equal(x.reasons[0].text, "system calls: 200 of 400, profile default");
}

/* each thing more adds, and has its reason */
static void every_right_makes_a_unit_more_exposed(void **state)
{
    struct unit u = least();
    unsigned before = score(&u).points;

    (void) state;
#define MORE(member, value, n_member, reason)                                                      \
    do {                                                                                           \
        struct exposure x;                                                                         \
        bool named = false;                                                                        \
        u.member = (value);                                                                        \
        u.n_member = 1;                                                                            \
        x = score(&u);                                                                             \
        for (size_t i = 0; i < x.n; i++)                                                           \
            named = named || strstr(x.reasons[i].text, reason);                                    \
        assert_true(named);                                                                        \
        assert_true(x.points > before);                                                            \
        before = x.points;                                                                         \
    } while (0)
    MORE(networks, &on_in, n_networks, "networks without a way out");
    MORE(networks, &on_out, n_networks, "a network with a way out");
    MORE(ports, &local, n_ports, "to the host alone: 1");
    MORE(ports, &port, n_ports, "to others: 1");
    MORE(devices, &device, n_devices, "devices of the host: 1");
    MORE(groups, &group, n_groups, "groups besides its own: 1");
    MORE(mounts, &bind, n_mounts, "paths of the host to write to: 1");
#undef MORE
    u.device_rules = (const char *const[]){ "c 10:229 w", NULL };
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.capabilities = raw;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.capabilities = admin;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.limits = (struct limits){ .cpuset = "" };
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.own_users = false;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.uid = 1;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.network_of = PROJECT_HOST;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.host_uts = true;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.host_cgroup = true;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.ipc_of = PROJECT_HOST;
    assert_true(score(&u).points > before);
    before = score(&u).points;
    u.pid_of = PROJECT_HOST;
    assert_true(score(&u).points > before);
}

static void the_largest_reason_comes_first_and_ten_is_the_most(void **state)
{
    static struct mount binds[] = { { .kind = MOUNT_BIND },
                                    { .kind = MOUNT_BIND },
                                    { .kind = MOUNT_BIND } };
    static struct device devices[4];
    static struct port ports[] = { { .address = "" }, { .address = "" }, { .address = "" } };
    static const char *const many[] = { "NET_ADMIN", "SETUID", "CHOWN", "FOWNER", NULL };
    struct unit u = least();
    struct exposure x;

    (void) state;
    u.capabilities = many;
    u.mounts = binds;
    u.n_mounts = ARRAY_LEN(binds);
    u.devices = devices;
    u.n_devices = ARRAY_LEN(devices);
    u.ports = ports;
    u.n_ports = ARRAY_LEN(ports);
    u.network_of = PROJECT_HOST;
    x = score(&u);
    assert_int_equal(x.points, EXPOSURE_MOST);
    for (size_t i = 1; i < x.n; i++)
        assert_true(x.reasons[i - 1].points >= x.reasons[i].points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_that_touches_nothing_has_its_system_calls_only),
        cmocka_unit_test(every_right_makes_a_unit_more_exposed),
        cmocka_unit_test(the_largest_reason_comes_first_and_ten_is_the_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
