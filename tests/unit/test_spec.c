#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sandbox/spec.h"

static const char *const argv[] = { "nginx", "-g", "daemon off;", NULL };
static const char *const env[] = { "A=1", "B=", NULL };
static const char *const etc[] = { "mime.types", NULL };
static const char *const none[] = { NULL };

static const char *const caps[] = { "NET_RAW", NULL };

static struct spec full(void)
{
    static struct spec_mount mounts[] = {
        { .kind = SPEC_BIND,
          .source = "/srv/a",
          .target = "/a",
          .read_only = true,
          .reach = SPEC_REACH_WRITABLE,
          .follows = true },
        { .kind = SPEC_VOLUME,
          .source = "p_data",
          .target = "/data",
          .subpath = "a/b",
          .existing = true },
        { .kind = SPEC_TMPFS,
          .source = "",
          .target = "/t",
          .noexec = true,
          .size = 4096,
          .mode = 0700 },
    };
    static struct spec_file files[] = {
        { .target = "/run/s", .uid = 1, .gid = 2, .mode = 0400, .fd = 0 }
    };
    static struct spec_link links[] = { { "io-1", "10.0.0.2/24", "10.0.0.1", "fd00::2/64", "",
                                          "02:00:00:00:00:01", "wan0" } };
    static struct spec_port ports[] = {
        { .address = "", .published = 443, .last = 443, .target = 8443 },
        { "127.0.0.1", 53, 60, 5353, true }
    };
    static struct spec_host hosts[] = { { "10.0.0.3", "db database" } };

    static struct spec_ulimit ulimits[] = { { "nofile", 100, INT64_MAX } };
    static struct spec_disk disks[] = { { "/dev/sda", 100, 1, 2, 3, 4 }, { .path = "/dev/b" } };
    static struct spec_hook hooks[] = { { argv, env, "/w", 7 }, { argv, none, "", 8 } };
    static struct spec_listener listeners[] = { { "web", "", 80 }, { "other", "::1", 81 } };
    static struct spec_group groups[] = { { "mail", 8 }, { "", 4321 } };

    return (struct spec){ .id = "p.web.1.2",
                          .project = "p",
                          .argv = argv,
                          .env = env,
                          .workdir = "/",
                          .hostname = "web",
                          .domainname = "example",
                          .network_of = "",
                          .ipc_of = "",
                          .pid_of = "",
                          .beside = "",
                          .dns = etc,
                          .user = "www-data",
                          .home = "/var/www",
                          .uid = 33,
                          .gid = 33,
                          .mounts = mounts,
                          .n_mounts = ARRAY_LEN(mounts),
                          .files = files,
                          .n_files = ARRAY_LEN(files),
                          .ulimits = ulimits,
                          .n_ulimits = ARRAY_LEN(ulimits),
                          .groups = groups,
                          .n_groups = ARRAY_LEN(groups),
                          .disks = disks,
                          .n_disks = ARRAY_LEN(disks),
                          .disk_weight = 300,
                          .swappiness = "7",
                          .oom_score_adj = -5,
                          .stdin_open = true,
                          .own_users = true,
                          .notify = true,
                          .pre_start = hooks,
                          .n_pre_start = ARRAY_LEN(hooks),
                          .listen = listeners,
                          .n_listen = ARRAY_LEN(listeners),
                          .inherits = true,
                          .host_uts = true,
                          .host_cgroup = true,
                          .tty = true,
                          .etc = etc,
                          .links = links,
                          .n_links = ARRAY_LEN(links),
                          .ports = ports,
                          .n_ports = ARRAY_LEN(ports),
                          .hosts = hosts,
                          .n_hosts = ARRAY_LEN(hosts),
                          .limits.memory = UINT64_C(1) << 33,
                          .limits.milli_cpus = 1500,
                          .limits.pids = 100,
                          .limits.memory_swap = INT64_MAX,
                          .limits.cpuset = "0-1",
                          .nofile = 65536,
                          .seccomp = "default",
                          .seccomp_profile = "{}",
                          .capabilities = caps };
}

static struct spec small(void)
{
    return (struct spec){ .id = "p.a.1.1",
                          .project = "p",
                          .argv = argv,
                          .env = none,
                          .workdir = "",
                          .hostname = "a",
                          .user = "",
                          .home = "",
                          .uid = 1,
                          .gid = 1,
                          .etc = none,
                          .seccomp = "default",
                          .seccomp_profile = "",
                          .apparmor = "" };
}

/* replaces one member of an encoded specification; `path` is KEY or LIST.KEY of its first item */
static void replace(json_t *json, const char *path, json_t *value)
{
    const char *dot = strchr(path, '.');
    char list[32];

    if (!dot) {
        (void) json_object_set_new(json, path, value);
        return;
    }
    (void) snprintf(list, sizeof list, "%.*s", (int) (dot - path), path);
    (void) json_object_set_new(json_array_get(json_object_get(json, list), 0), dot + 1, value);
}

static void a_member_of_the_wrong_type_is_refused_and_named(void **state)
{
    static const struct {
        const char *path, *value, *named;
    } bad[] = {
        { "id", "1", "'id'" },
        { "argv", "\"sh\"", "'argv'" },
        { "argv", "[1]", "'argv'" },
        { "uid", "-1", "'uid'" },
        { "uid", "4294967296", "'uid'" },
        { "memory", "1.5", "'memory'" },
        { "mounts", "{}", "'mounts'" },
        { "mounts", "[1]", "mounts[0]" },
        { "mounts.kind", "\"nfs\"", "'kind'" },
        { "mounts.read_only", "0", "'read_only'" },
        { "mounts.reach", "\"all\"", "'reach'" },
        { "mounts.subpath", "null", "'subpath'" },
        { "ports.published", "65536", "'published'" },
        { "files.fd", "null", "'fd'" },
        { "links.bridge", "[]", "'bridge'" },
        { "privileged", "true", "unknown key 'privileged'" },
        { "capabilities", "\"NET_RAW\"", "'capabilities'" },
        { "hosts.ttl", "1", "unknown key 'ttl'" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        auto_arena a = arena_new();
        struct spec in = full(), out = { .uid = 7 };
        struct err e = ERR_INIT;
        json_t *json = spec_encode(&in);

        replace(json, bad[i].path, json_loads(bad[i].value, JSON_DECODE_ANY, NULL));
        assert_int_equal(spec_decode(json, a, &out, &e), -EINVAL);
        assert_non_null(strstr(e.msg, bad[i].named));
        assert_int_equal(out.uid, 7);
        json_decref(json);
    }
}

static void a_missing_member_is_refused_and_named(void **state)
{
    static const char *const keys[] = { "id", "argv", "uid", "mounts", "seccomp", "hosts" };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        auto_arena a = arena_new();
        struct spec in = small(), out;
        struct err e = ERR_INIT;
        json_t *json = spec_encode(&in);

        (void) json_object_del(json, keys[i]);
        assert_int_equal(spec_decode(json, a, &out, &e), -EINVAL);
        assert_non_null(strstr(e.msg, keys[i]));
        json_decref(json);
    }
}

static void encoding_what_was_decoded_gives_the_same_text(void **state)
{
    const struct spec inputs[] = { full(), small() };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        auto_arena a = arena_new();
        struct err e = ERR_INIT;
        struct spec out;
        json_t *first = spec_encode(&inputs[i]);

        assert_int_equal(spec_decode(first, a, &out, &e), 0);
        json_t *second = spec_encode(&out);
        assert_true(json_equal(first, second));
        json_decref(first);
        json_decref(second);
    }
}

static void changed_limits_are_laid_over_those_that_hold(void **state)
{
    static const char *const bad[] = { "[]", "{\"argv\":[]}", "{\"pids\":-1}", "{\"cpuset\":1}" };
    auto_arena arena = arena_new();
    struct spec_limits l = { .cpuset = "0", .memory = 1, .pids = 2 };
    struct err e = ERR_INIT;
    json_t *json;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct spec_limits untouched = l;

        json = json_loads(bad[i], 0, NULL);
        assert_int_equal(spec_change_limits(json, arena, &untouched, &e), -EINVAL);
        json_decref(json);
    }
    json = json_loads("{\"pids\":7,\"cpuset\":\"1\"}", 0, NULL);
    assert_int_equal(spec_change_limits(json, arena, &l, &e), 0);
    json_decref(json);
    assert_int_equal(l.memory, 1);
    assert_int_equal(l.pids, 7);
    assert_string_equal(l.cpuset, "1");
    json = spec_encode_limits(&l);
    assert_int_equal(json_integer_value(json_object_get(json, "pids")), 7);
    assert_int_equal(json_object_size(json), 9);
    json_decref(json);
}

static void decoded_values_are_the_ones_encoded(void **state)
{
    auto_arena a = arena_new();
    struct spec in = full(), out;
    json_t *json = spec_encode(&in);

    (void) state;
    assert_int_equal(spec_decode(json, a, &out, NULL), 0);
    json_decref(json);
    assert_string_equal(out.argv[2], "daemon off;");
    assert_null(out.argv[3]);
    assert_int_equal(out.n_mounts, 3);
    assert_int_equal(out.mounts[2].kind, SPEC_TMPFS);
    assert_int_equal(out.mounts[2].mode, 0700);
    assert_true(out.mounts[0].read_only);
    assert_int_equal(out.mounts[0].reach, SPEC_REACH_WRITABLE);
    assert_true(out.mounts[0].follows);
    assert_true(out.mounts[1].existing);
    assert_string_equal(out.mounts[1].subpath, "a/b");
    assert_int_equal(out.ports[1].target, 5353);
    assert_true(out.ports[1].udp);
    assert_true(out.limits.memory == UINT64_C(1) << 33);
    assert_string_equal(out.hosts[0].names, "db database");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_of_the_wrong_type_is_refused_and_named),
        cmocka_unit_test(a_missing_member_is_refused_and_named),
        cmocka_unit_test(encoding_what_was_decoded_gives_the_same_text),
        cmocka_unit_test(changed_limits_are_laid_over_those_that_hold),
        cmocka_unit_test(decoded_values_are_the_ones_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
