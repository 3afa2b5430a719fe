/* Who gets which address on a network, and what cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "engine/lease.h"

static const struct address_range any = { .subnet = "", .gateway = "", .pool = "" };
static const char routes[] = "Iface\n"
                             "eth0\t0064A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

static struct network network(const char *subnet, const char *pool)
{
    struct network n = { .key = "n", .name = "p_n", .ipv4 = any, .ipv6 = any };

    n.ipv4.subnet = subnet;
    n.ipv4.pool = pool;
    return n;
}

static int open_on(struct lease *l, const struct network *n, const char *taken, struct err *e)
{
    struct cidr range = { 0 };
    const struct lease_host host = {
        .tag = "", .project = "p", .routes = routes, .taken = &range, .n_taken = 1
    };

    if (taken)
        assert_int_equal(cidr_parse(taken, &range), 0);
    return lease_open(l, n, &host, e);
}

static void check_place(const struct lease *l, const char *who, const char *ipv4, const char *ipv6)
{
    const struct place *p = lease_place(l, who);
    char text[CIDR_TEXT];

    assert_non_null(p);
    cidr_format(&p->ipv4, text);
    assert_string_equal(text, ipv4);
    cidr_format(&p->ipv6, text);
    if (ipv6[0] == '*')
        assert_string_equal(text + strlen(text) - strlen(ipv6 + 1), ipv6 + 1);
    else
        assert_string_equal(text, ipv6);
}

static void a_range_is_said_or_free(void **state)
{
    static const struct {
        const char *subnet, *gateway, *taken, *host;
        const char *wrong; /* part of the error; NULL: it works */
    } cases[] = {
        { "", "", NULL, "10.213.0.1/24", NULL },
        { "", "", "10.213.0.0/16", "172.30.0.1/24", NULL },
        { "10.9.0.0/28", "", NULL, "10.9.0.1/28", NULL },
        { "10.9.0.0/28", "10.9.0.14", NULL, "10.9.0.14/28", NULL },
        { "10.9.0.0/28", "10.9.0.15", NULL, NULL, "gateway 10.9.0.15 is not in its subnet" },
        { "10.9.0.0/16", "", "10.9.3.0/24", NULL, "overlaps that of another network" },
        { "192.168.0.0/16", "", NULL, NULL, "overlaps a route of the host" },
        { "nonsense", "", NULL, NULL, "'nonsense' is no range of addresses" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct network n = network(cases[i].subnet, "");
        struct lease l = { 0 };
        struct err e = ERR_INIT;
        char text[CIDR_TEXT];
        int r;

        n.ipv4.gateway = cases[i].gateway;
        r = open_on(&l, &n, cases[i].taken, &e);
        if (cases[i].wrong) {
            assert_true(r < 0);
            assert_non_null(strstr(e.msg, cases[i].wrong));
            continue;
        }
        assert_int_equal(r, 0);
        cidr_format(&l.ipv4, text);
        assert_string_equal(text, cases[i].host);
        assert_int_equal(l.ipv6.family != 0, 1);
        lease_clear(&l);
    }
}

static void everyone_gets_an_address_and_keeps_it(void **state)
{
    const struct lease_want both[] = { { "a", "", "", false }, { "b", "", "", false } };
    const struct lease_want later[] = { { "c", "", "", false }, { "b", "", "", true } };
    struct network n = network("", "");
    struct lease l = { 0 };
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(open_on(&l, &n, NULL, &e), 0);
    assert_int_equal(lease_assign(&l, &n, both, 2, &e), 0);
    check_place(&l, "a", "10.213.0.2/24", "*::2/64");
    check_place(&l, "b", "10.213.0.3/24", "*::3/64");
    /* a has gone, and c gets what was free */
    assert_int_equal(lease_assign(&l, &n, later, 2, &e), 0);
    assert_null(lease_place(&l, "a"));
    check_place(&l, "b", "10.213.0.3/24", "*::3/64");
    check_place(&l, "c", "10.213.0.2/24", "*::2/64");
    lease_clear(&l);
}

static void what_the_file_says_comes_first(void **state)
{
    static const char *const reserved[] = { "10.9.0.3", NULL };
    const struct lease_want wants[] = {
        { "any", "", "", false },
        { "fixed", "10.9.0.2", "fd09::77", false },
        { "four", "10.9.0.5", "", false },
        { "other", "", "", false },
    };
    struct network n = network("10.9.0.0/28", "");
    struct lease l = { 0 };
    struct err e = ERR_INIT;

    (void) state;
    n.ipv4.reserved = reserved;
    n.ipv6.subnet = "fd09::/64";
    assert_int_equal(open_on(&l, &n, NULL, &e), 0);
    assert_int_equal(lease_assign(&l, &n, wants, 4, &e), 0);
    check_place(&l, "fixed", "10.9.0.2/28", "fd09::77/64");
    check_place(&l, "four", "10.9.0.5/28", "fd09::5/64");
    check_place(&l, "any", "10.9.0.4/28", "fd09::4/64");
    check_place(&l, "other", "10.9.0.6/28", "fd09::6/64");
    lease_clear(&l);
}

static void an_address_moves_from_whoever_does_not_run(void **state)
{
    struct lease_want wants[] = { { "a", "", "", false }, { "b", "", "", false } };
    struct network n = network("10.9.0.0/28", "");
    struct lease l = { 0 };
    struct err e = ERR_INIT;

    (void) state;
    assert_int_equal(open_on(&l, &n, NULL, &e), 0);
    assert_int_equal(lease_assign(&l, &n, wants, 2, &e), 0);
    wants[1].ipv4 = "10.9.0.2"; /* of a */
    assert_int_equal(lease_assign(&l, &n, wants, 2, &e), 0);
    check_place(&l, "b", "10.9.0.2/28", "*::2/64");
    check_place(&l, "a", "10.9.0.3/28", "*::3/64");
    wants[0].live = true;
    wants[1].ipv4 = "10.9.0.3";
    assert_int_equal(lease_assign(&l, &n, wants, 2, &e), -EADDRINUSE);
    assert_non_null(strstr(e.msg, "service 'b': address 10.9.0.3 is that of 'a'"));
    lease_clear(&l);
}

static void a_small_range_ends(void **state)
{
    const struct lease_want wants[] = { { "a", "", "", false }, { "b", "", "", false } };
    static const struct {
        const char *subnet, *pool, *a;
    } cases[] = {
        { "10.9.0.0/30", "", "10.9.0.2/30" },
        { "10.9.0.0/24", "10.9.0.128/32", "10.9.0.128/24" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct network n = network(cases[i].subnet, cases[i].pool);
        struct lease l = { 0 };
        struct err e = ERR_INIT;

        n.no_ipv6 = true;
        assert_int_equal(open_on(&l, &n, NULL, &e), 0);
        assert_int_equal(l.ipv6.family, 0);
        assert_int_equal(lease_assign(&l, &n, wants, 1, &e), 0);
        check_place(&l, "a", cases[i].a, "");
        assert_int_equal(lease_assign(&l, &n, wants, 2, &e), -ENOSPC);
        assert_non_null(strstr(e.msg, "has no free address"));
        lease_clear(&l);
    }
}

static void a_network_of_one_kind_has_no_address_of_the_other(void **state)
{
    const struct lease_want wants[] = {
        { "any", "", "", false },
        { "fixed", "", "fd09::2", false },
        { "four", "10.9.0.2", "", false },
    };
    struct network n = network("", "");
    struct lease l = { 0 };
    struct err e = ERR_INIT;

    (void) state;
    n.no_ipv4 = true;
    n.ipv6.subnet = "fd09::/64";
    assert_int_equal(open_on(&l, &n, NULL, &e), 0);
    assert_int_equal(l.ipv4.family, 0);
    assert_int_equal(lease_assign(&l, &n, wants, 2, &e), 0);
    check_place(&l, "fixed", "", "fd09::2/64");
    check_place(&l, "any", "", "fd09::3/64");
    /* they keep them, and nobody gets the other kind */
    assert_int_equal(lease_assign(&l, &n, wants, 2, &e), 0);
    check_place(&l, "any", "", "fd09::3/64");
    assert_int_equal(lease_assign(&l, &n, wants, 3, &e), -EINVAL);
    assert_non_null(strstr(e.msg, "not in the subnet"));
    lease_clear(&l);
}

static void a_host_without_ipv6_has_networks_without_it(void **state)
{
    const struct lease_host host = { .tag = "", .project = "p", .routes = routes, .no_ipv6 = true };
    struct network n = network("", "");
    struct lease l = { 0 };
    struct err e = ERR_INIT;

    (void) state;
    n.ipv6.subnet = "fd09::/64";
    assert_int_equal(lease_open(&l, &n, &host, &e), -EAFNOSUPPORT);
    n.ipv6.subnet = "";
    n.no_ipv4 = true;
    assert_int_equal(lease_open(&l, &n, &host, &e), -EAFNOSUPPORT);
    assert_non_null(strstr(e.msg, "switched off"));
    n.no_ipv4 = false;
    assert_int_equal(lease_open(&l, &n, &host, &e), 0);
    assert_int_not_equal(l.ipv4.family, 0);
    assert_int_equal(l.ipv6.family, 0);
    lease_clear(&l);
}

/* or every network would be made anew by an update of the programs */
static void a_definition_is_what_earlier_versions_saved(void **state)
{
    char text[LEASE_DEFINITION], other[LEASE_DEFINITION];
    struct network n = network("10.9.0.0/24", "");

    (void) state;
    n.ipv6.subnet = "fd09::/64";
    lease_definition(&n, text);
    assert_string_equal(text, "0 0 0 10.9.0.0/24  fd09::/64 ");
    n.no_ipv4 = true;
    lease_definition(&n, other);
    assert_string_not_equal(text, other);
}

static void an_address_outside_of_the_range_is_refused(void **state)
{
    static const struct {
        struct lease_want want;
        const char *wrong;
    } cases[] = {
        { { "a", "10.8.0.2", "", false }, "not in the subnet" },
        { { "a", "10.9.0.15", "", false }, "not in the subnet" },
        { { "a", "10.9.0.1", "", false }, "is that of 'the host'" },
        { { "a", "", "fd00::1", false }, "not in the subnet" },
        { { "a", "x", "", false }, "'x' is no address" },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct network n = network("10.9.0.0/28", "");
        struct lease l = { 0 };
        struct err e = ERR_INIT;

        n.no_ipv6 = true;
        assert_int_equal(open_on(&l, &n, NULL, &e), 0);
        assert_true(lease_assign(&l, &n, &cases[i].want, 1, &e) < 0);
        assert_non_null(strstr(e.msg, cases[i].wrong));
        lease_clear(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_said_or_free),
        cmocka_unit_test(everyone_gets_an_address_and_keeps_it),
        cmocka_unit_test(what_the_file_says_comes_first),
        cmocka_unit_test(an_address_moves_from_whoever_does_not_run),
        cmocka_unit_test(a_small_range_ends),
        cmocka_unit_test(a_network_of_one_kind_has_no_address_of_the_other),
        cmocka_unit_test(a_host_without_ipv6_has_networks_without_it),
        cmocka_unit_test(a_definition_is_what_earlier_versions_saved),
        cmocka_unit_test(an_address_outside_of_the_range_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
