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

static void a_route_into_a_network_of_the_pool_is_an_overlap(void **state)
{
    static const struct {
        const char *line;
        uint8_t network;
        bool overlaps;
    } cases[] = {
        { "", 5, false },
        { "not a route\n", 5, false },
        /* the default route covers everything and means nothing */
        { "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", 5, false },
        { "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", 5, false },
        /* 10.213.5.0/24, the network itself and its neighbour */
        { "io-1\t0005D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", 5, true },
        { "io-1\t0005D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", 6, false },
        /* 10.0.0.0/8 contains it, 10.213.5.128/25 and a host route are contained */
        { "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n", 5, true },
        { "tun0\t8005D50A\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0\n", 5, true },
        { "tun0\t0705D50A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n", 5, true },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char table[512];

        (void) snprintf(table, sizeof table, "%s%s", header, cases[i].line);
        assert_int_equal(address_overlaps(table, cases[i].network), cases[i].overlaps);
    }
    assert_false(address_overlaps("", 0));
}

static void addresses_come_from_the_pool_and_the_prefix_of_the_project(void **state)
{
    char a[ADDRESS_TEXT], b[ADDRESS_TEXT];

    (void) state;
    address_ipv4(0, 1, a);
    assert_string_equal(a, "10.213.0.1");
    address_ipv4(255, 254, a);
    assert_string_equal(a, "10.213.255.254");
    address_ipv6("ipam", 3, 16, a);
    assert_int_equal(strncmp(a, "fd", 2), 0);
    assert_string_equal(strstr(a, "::"), "::10");
    address_ipv6("ipam", 3, 16, b);
    assert_string_equal(a, b);
    address_ipv6("other", 3, 16, b);
    assert_string_not_equal(a, b);
}

static void bridges_have_names_of_their_own_that_interfaces_can_have(void **state)
{
    static const char *const names[][3] = {
        { "", "ipam", "default" },
        { "", "ipam", "backend" },
        { "", "other", "default" },
        { "0badcafe", "ipam", "default" },
    };
    char bridge[ARRAY_LEN(names)][ADDRESS_TEXT];

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
        cmocka_unit_test(a_route_into_a_network_of_the_pool_is_an_overlap),
        cmocka_unit_test(addresses_come_from_the_pool_and_the_prefix_of_the_project),
        cmocka_unit_test(bridges_have_names_of_their_own_that_interfaces_can_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
