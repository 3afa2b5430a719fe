/* The generated files of an instance's /etc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/etc.h"

static void names_and_ids_are_the_specification_s(void **state)
{
    const struct spec s = {
        .user = "mysql", .home = "/var/lib/mysql", .uid = 101, .gid = 102, .hostname = "db"
    };
    auto_free char *passwd = etc_text(ETC_PASSWD, &s);
    auto_free char *group = etc_text(ETC_GROUP, &s);
    auto_free char *name = etc_text(ETC_HOSTNAME, &s);

    (void) state;
    assert_non_null(strstr(passwd, "\nmysql:x:101:102::/var/lib/mysql:/usr/sbin/nologin\n"));
    assert_non_null(strstr(group, "\nmysql:x:102:\n"));
    assert_non_null(strstr(group, "\nipam-watchers:x:65535:\n"));
    assert_string_equal(name, "db\n");
}

static void names_of_the_domain_and_resolvers_replace_the_host_s(void **state)
{
    static const char *const dns[] = { "10.0.0.53", "fd00::53", NULL };
    static const char *const search[] = { "a.example", "b.example", NULL };
    static const char *const options[] = { "ndots:2", NULL };
    static const char expected[] = "nameserver 10.0.0.53\nnameserver fd00::53\n"
                                   "search a.example b.example\noptions ndots:2\n";
    const struct spec s = { .user = "u",
                            .home = "/",
                            .hostname = "db",
                            .domainname = "example.org",
                            .dns = dns,
                            .dns_search = search,
                            .dns_options = options };
    auto_free char *hosts = etc_text(ETC_HOSTS, &s);
    auto_free char *resolv = etc_text(ETC_RESOLV, &s);

    (void) state;
    assert_non_null(strstr(hosts, "\tdb.example.org db\n"));
    assert_int_equal(strncmp(resolv, expected, strlen(expected)), 0);
    assert_null(strstr(resolv + strlen(expected), "nameserver"));
}

static void nobody_is_there_once(void **state)
{
    const struct spec s = {
        .user = "nobody", .home = "/", .uid = 65534, .gid = 65534, .hostname = "x"
    };
    auto_free char *passwd = etc_text(ETC_PASSWD, &s);
    const char *first = strstr(passwd, "nobody:x:");

    (void) state;
    assert_non_null(first);
    assert_null(strstr(first + 1, "nobody:x:"));
}

static void hosts_name_the_instance_itself_and_its_neighbours(void **state)
{
    struct spec_link link = { .ipv4 = "10.213.0.2/24" };
    struct spec_host hosts[] = { { "10.213.0.3", "db database" }, { "fd00::3", "db" } };
    const struct spec wired = {
        .hostname = "web", .links = &link, .n_links = 1, .hosts = hosts, .n_hosts = ARRAY_LEN(hosts)
    };
    const struct spec alone = { .hostname = "web" };
    auto_free char *with = etc_text(ETC_HOSTS, &wired);
    auto_free char *without = etc_text(ETC_HOSTS, &alone);

    (void) state;
    assert_non_null(strstr(with, "127.0.0.1\tlocalhost\n"));
    assert_non_null(strstr(with, "\n10.213.0.2\tweb\n"));
    assert_non_null(strstr(with, "\n10.213.0.3\tdb database\n"));
    assert_non_null(strstr(with, "\nfd00::3\tdb\n"));
    assert_non_null(strstr(without, "\n127.0.1.1\tweb\n"));
}

static void every_file_has_a_path_below_etc_and_a_text(void **state)
{
    const struct spec s = { .user = "u", .home = "/", .uid = 5, .gid = 5, .hostname = "h" };

    (void) state;
    for (enum etc_file f = 0; f < ETC_COUNT; f++) {
        auto_free char *text = etc_text(f, &s);

        assert_non_null(text);
        assert_int_equal(strncmp(etc_path(f), "/etc/", 5), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_ids_are_the_specification_s),
        cmocka_unit_test(nobody_is_there_once),
        cmocka_unit_test(names_of_the_domain_and_resolvers_replace_the_host_s),
        cmocka_unit_test(hosts_name_the_instance_itself_and_its_neighbours),
        cmocka_unit_test(every_file_has_a_path_below_etc_and_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
