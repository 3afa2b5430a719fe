/* A project as JSON: what the supervisor refuses, and that nothing is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/project.h"
#include "model/project_json.h"

static const char *const argv[] = { "/bin/true", "with space", NULL };
static const char *const env[] = { "A=1", "B=", NULL };
static const char *const aliases[] = { "database", NULL };
static const char *const none[] = { NULL };

static struct dep deps[] = { { .unit = "db", .condition = DEP_HEALTHY, .required = true } };
static struct mount mounts[] = {
    { .kind = MOUNT_VOLUME,
      .source = "p_data",
      .target = "/data",
      .size = 7,
      .mode = 0700,
      .subpath = "a",
      .external = true,
      .reach = MOUNT_REACH_TOP,
      .follows = true },
};
static struct secret_file files[] = {
    { .secret = "key", .target = "/run/secrets/key", .uid = 5, .gid = 6, .mode = 0400 },
};
static struct attachment networks[] = { { .network = "back",
                                          .aliases = aliases,
                                          .ipv4 = "10.9.0.2",
                                          .ipv6 = "",
                                          .mac = "02:00:00:00:00:01",
                                          .interface = "wan0",
                                          .gw_priority = -3 } };
static struct ulimit ulimits[] = { { .resource = "nofile", .soft = 1, .hard = INT64_MAX } };
static struct extra_host hosts[] = { { .name = "h", .address = "10.0.0.1" } };
static struct extra_group groups[] = { { .name = "mail", .gid = 8 } };
static struct port ports[] = { { .address = "", .published = 443, .last = 443, .target = 8443 } };

#define UNIT(n)                                                                                    \
    {                                                                                              \
        .name = (n), .image = "i", .recipe = "r", .digest = "d", .argv = argv, .env = env,         \
        .workdir = "/", .hostname = (n), .domainname = "", .network_of = "", .ipc_of = "",         \
        .pid_of = "", .limits.cpuset = "", .swappiness = "", .release = "", .user = "u",           \
        .home = "/", .uid = 5, .gid = 6, .etc = none, .seccomp = "default", .seccomp_profile = "", \
        .log_forward = LOG_FORWARD_NONE, .apparmor = "", .stop_signal = SIGTERM,                   \
        .stop_grace_us = 9, .log_files = 3, .log_compress = true, .logs = { 4, 5 },                \
        .health = { .probe = PROBE_BLANK },                                                        \
    }

/* an example with one of everything */
static json_t *example(void)
{
    static const char secret[] = { 's', '\0', '\xff' };
    struct unit units[] = { UNIT("web"), UNIT("db") };
    struct network nets[] = {
        { .key = "back",
          .name = "p_back",
          .internal = true,
          .mtu = 1400,
          .ipv4 = { "10.9.0.0/24", "10.9.0.254", "10.9.0.128/25", aliases },
          .ipv6 = { "", "", "", NULL } },
    };
    struct disk_limit disks[] = { { "/dev/sda", 100, 1, 2, 3, 4 }, { .path = "/dev/b" } };
    struct volume volumes[] = { { .key = "data", .name = "p_data", .external = true } };
    struct secret secrets[] = { { .name = "key", .value = secret, .len = sizeof secret } };
    struct project p = {
        .name = "p",
        .dir = "/srv/p",
        .release = "1",
        .units = units,
        .n_units = ARRAY_LEN(units),
        .networks = nets,
        .n_networks = ARRAY_LEN(nets),
        .volumes = volumes,
        .n_volumes = ARRAY_LEN(volumes),
        .secrets = secrets,
        .n_secrets = ARRAY_LEN(secrets),
        .database = { .unit = "db",
                      .schema = "s",
                      .user = "u",
                      .password_secret = "key",
                      .migrations = "/m",
                      .seeds = "",
                      .seed_sets = none,
                      .no_production = true },
        .backup = { .directory = "/b",
                    .compress = "gzip",
                    .encrypt = "key",
                    .method = "",
                    .keep_days = 7,
                    .after = none },
        .verify = VERIFY_BLANK,
        .maintenance = { .unit = "web", .directory = "/d" },
        .urls = none,
        .logs = { .budget = 7, .max_age_us = 8 },
    };
    auto_free char *text = NULL;
    struct err e = ERR_INIT;

    units[0].deps = deps;
    units[0].n_deps = ARRAY_LEN(deps);
    units[0].mounts = mounts;
    units[0].n_mounts = ARRAY_LEN(mounts);
    units[0].files = files;
    units[0].n_files = ARRAY_LEN(files);
    units[0].networks = networks;
    units[0].n_networks = ARRAY_LEN(networks);
    units[0].ports = ports;
    units[0].n_ports = ARRAY_LEN(ports);
    units[0].ulimits = ulimits;
    units[0].n_ulimits = ARRAY_LEN(ulimits);
    units[0].groups = groups;
    units[0].hosts = hosts;
    units[0].n_hosts = ARRAY_LEN(hosts);
    units[0].dns = env;
    units[0].n_groups = ARRAY_LEN(groups);
    units[0].oom_score_adj = -7;
    units[0].disks = disks;
    units[0].n_disks = ARRAY_LEN(disks);
    units[0].disk_weight = 300;
    units[0].swappiness = "7";
    units[0].stdin_open = true;
    units[0].own_users = true;
    units[0].host_uts = units[0].host_cgroup = true;
    units[0].tty = true;
    assert_int_equal(project_to_json(&p, &text, &e), 0);
    return json_loads(text, 0, NULL);
}

static int read_back(const json_t *json, struct project **out, struct err *e)
{
    auto_free char *text = json_dumps(json, JSON_COMPACT);

    return project_from_json(text, strlen(text), out, e);
}

/* the value at "units/0/name", or what holds it and the last key */
static json_t *walk(json_t *at, const char *path, char last[32])
{
    const char *slash;

    while ((slash = strchr(path, '/'))) {
        char key[32] = "";

        memcpy(key, path, (size_t) (slash - path));
        at = json_is_array(at) ? json_array_get(at, (size_t) atoi(key)) : json_object_get(at, key);
        assert_non_null(at);
        path = slash + 1;
    }
    (void) snprintf(last, 32, "%s", path);
    return at;
}

static void each_wrong_member_is_refused_and_named(void **state)
{
    static const struct {
        const char *path, *value; /* value NULL: the member is removed */
        const char *says;
    } cases[] = {
        { "name", "\"../p\"", "'../p' is no project name" },
        { "name", "\"\"", "is no project name" },
        { "name", "7", "'name' must be text" },
        { "name", NULL, "has no 'name'" },
        { "surprise", "1", "a member nobody knows" },
        { "units", "{}", "'units' must be a list" },
        { "units/0/name", "\"a/b\"", "'a/b' is no service name" },
        { "units/0/name", "\"db\"", "there twice" },
        { "units/0/argv", "[]", "has no program" },
        { "units/0/argv", "[1]", "'argv' must be text" },
        { "units/0/argv", "\"/bin/true\"", "'argv' must be a list" },
        { "units/0/uid", "0", "may not run as root" },
        { "units/0/gid", "0", "may not run as root" },
        { "units/0/uid", "-1", "'uid' must be a number in range" },
        { "units/0/uid", "4294967296", "'uid' must be a number in range" },
        { "units/0/uid", "5.5", "'uid' must be a number" },
        { "units/0/deps/0/unit", "\"absent\"", "depends on 'absent', which is not there" },
        { "units/0/deps/0/condition", "\"maybe\"", "one of the known words" },
        { "units/0/deps/0/required", "1", "true or false" },
        { "units/0/networks/0/network", "\"absent\"", "on network 'absent'" },
        { "units/0/files/0/secret", "\"absent\"", "uses secret 'absent'" },
        { "units/0/inherits", "true", "handed sockets that nobody holds" },
        { "units/0/health/probe/ca_secret", "\"absent\"", "uses secret 'absent'" },
        { "units/0/health/probe/kind", "\"log\"", "a pattern has 1 to 256 bytes" },
        { "units/0/health/probe/password_secret", "\"absent\"", "uses secret 'absent'" },
        { "units/0/ports/0/published", "65536", "'published' must be a number in range" },
        { "units/0/ports/0/more", "1", "a port has a member nobody knows" },
        { "units/0/restart/policy", "\"sometimes\"", "one of the known words" },
        { "networks/0/key", "\".\"", "'.' is no network name" },
        { "database/unit", "\"absent\"", "the database service 'absent' is not there" },
        { "secrets", "null", "'secrets' must be a list" },
        { "secrets/0/value", "5", "'value' must be text or bytes" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct project *p = NULL;
        struct err e = ERR_INIT;
        json_t *json = example();
        char last[32];
        json_t *at = walk(json, cases[i].path, last);

        if (!cases[i].value)
            assert_int_equal(json_object_del(at, last), 0);
        else
            assert_int_equal(
                json_object_set_new(at, last, json_loads(cases[i].value, JSON_DECODE_ANY, NULL)),
                0);
        assert_true(read_back(json, &p, &e) < 0);
        assert_null(p);
        if (!strstr(e.msg, cases[i].says))
            fail_msg("%s: '%s' does not say '%s'", cases[i].path, e.msg, cases[i].says);
        json_decref(json);
    }
}

static void text_that_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "{", "[]", "null", "{\"name\":\"p\"} trailing", "\"p\""
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct project *p = NULL;
        struct err e = ERR_INIT;

        assert_int_equal(project_from_json(bad[i], strlen(bad[i]), &p, &e), -EINVAL);
        assert_null(p);
    }
}

static void a_project_comes_back_as_it_was(void **state)
{
    json_t *json = example(), *again;
    auto_free char *text = NULL;
    struct project *p = NULL;
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(read_back(json, &p, &e), 0);
    assert_string_equal(p->units[0].argv[1], "with space");
    assert_string_equal(p->units[0].networks[0].aliases[0], "database");
    assert_string_equal(p->units[0].networks[0].interface, "wan0");
    assert_int_equal(p->units[0].networks[0].gw_priority, -3);
    assert_string_equal(p->networks[0].ipv4.pool, "10.9.0.128/25");
    assert_int_equal(p->units[0].ports[0].published, 443);
    assert_ptr_equal(project_unit(p, "db"), &p->units[1]);
    assert_true(project_network(p, "back")->internal);
    /* a secret is bytes: with a NUL, and not always UTF-8 */
    assert_int_equal(project_secret(p, "key")->len, 3);
    assert_memory_equal(project_secret(p, "key")->value, "s\0\xff", 4);
    assert_int_equal(project_to_json(p, &text, &e), 0);
    again = json_loads(text, 0, NULL);
    assert_true(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    project_free(p);
}

static void an_optional_dependency_may_be_missing(void **state)
{
    json_t *json = example(), *dep;
    struct project *p = NULL;
    struct err e = ERR_INIT;
    char last[32];

    (void) state;
    dep = walk(json, "units/0/deps/0/unit", last);
    (void) json_object_set_new(dep, "unit", json_string("absent"));
    (void) json_object_set_new(dep, "required", json_false());
    assert_int_equal(read_back(json, &p, &e), 0);
    project_free(p);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_member_is_refused_and_named),
        cmocka_unit_test(text_that_is_no_json_is_refused),
        cmocka_unit_test(a_project_comes_back_as_it_was),
        cmocka_unit_test(an_optional_dependency_may_be_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
