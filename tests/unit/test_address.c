/* Addresses are stable, inside their pool, and away from the routes of the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "engine/address.h"

static const char header[] =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n";

static void a_route_into_a_range_is_an_overlap(void **state)
{
    static const struct {
        const char *line, *range;
        bool overlaps;
    } cases[] = {
        { "", "10.213.5.0/24", false },
        { "not a route\n", "10.213.5.0/24", false },
        /* the default route covers everything and means nothing */
        { "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", "10.213.5.0/24", false },
        { "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", "10.213.5.0/24", false },
        /* 10.213.5.0/24, the network itself and its neighbour */
        { "io-1\t0005D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", "10.213.5.0/24", true },
        { "io-1\t0005D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", "10.213.6.0/24", false },
        /* its own bridge does not count */
        { "io-own\t0005D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", "10.213.5.0/24",
          false },
        /* 10.0.0.0/8 contains it, 10.213.5.128/25 and a host route are contained */
        { "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n", "10.213.5.0/24", true },
        { "tun0\t8005D50A\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0\n", "10.213.5.0/24", true },
        { "tun0\t0705D50A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n", "10.213.5.0/24", true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cidr range = { 0 };
        char table[512];

        assert_int_equal(cidr_parse(cases[i].range, &range), 0);
        (void) snprintf(table, sizeof table, "%s%s", header, cases[i].line);
        assert_int_equal(address_is_routed(table, &range, "io-own"), cases[i].overlaps);
        assert_false(address_is_routed("", &range, "io-own"));
    }
}

static void ranges_come_from_the_pools_one_after_the_other(void **state)
{
    static const struct {
        unsigned n;
        const char *range;
    } cases[] = {
        { 0, "10.213.0.0/24" },      { 255, "10.213.255.0/24" },  { 256, "172.30.0.0/24" },
        { 512, "192.168.128.0/24" }, { 639, "192.168.255.0/24" },
    };
    struct cidr a, b;
    char text[CIDR_TEXT];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(address_pool_ipv4(cases[i].n, &a));
        cidr_format(&a, text);
        assert_string_equal(text, cases[i].range);
    }
    assert_false(address_pool_ipv4(640, &a));
    assert_true(address_pool_ipv6("ipam", "default", 0, &a));
    cidr_format(&a, text);
    assert_int_equal(strncmp(text, "fd", 2), 0);
    assert_non_null(strstr(text, "/64"));
    /* stable, and another one for another project, network and try */
    assert_true(address_pool_ipv6("ipam", "default", 0, &b));
    assert_true(cidr_same_address(&a, &b));
    assert_true(address_pool_ipv6("other", "default", 0, &b));
    assert_false(cidr_same_address(&a, &b));
    assert_true(address_pool_ipv6("ipam", "backend", 0, &b));
    assert_false(cidr_same_address(&a, &b));
    assert_true(address_pool_ipv6("ipam", "default", 1, &b));
    assert_false(cidr_same_address(&a, &b));
}

static void bridges_have_names_of_their_own_that_interfaces_can_have(void **state)
{
    static const char *const names[][3] = {
        { "", "ipam", "default" },
        { "", "ipam", "backend" },
        { "", "other", "default" },
        { "0badcafe", "ipam", "default" },
    };
    char bridge[ARRAY_LEN(names)][ADDRESS_BRIDGE];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        address_bridge(names[i][0], names[i][1], names[i][2], bridge[i]);
        assert_int_equal(strlen(bridge[i]), 11);
        assert_int_equal(strncmp(bridge[i], "io-", 3), 0);
        assert_int_equal(strspn(bridge[i] + 3, "0123456789abcdef"), 8);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(bridge[i], bridge[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_into_a_range_is_an_overlap),
        cmocka_unit_test(ranges_come_from_the_pools_one_after_the_other),
        cmocka_unit_test(bridges_have_names_of_their_own_that_interfaces_can_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
