#include "engine/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

enum { RANGE_PREFIX = 24, IPV6_NETWORKS = 65536 };

/* FNV-1a, 64 bit: spreads names, nothing depends on its strength */
static uint64_t name_hash(uint64_t seed, const char *name)
{
    uint64_t hash = seed ^ UINT64_C(14695981039346656037);

    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char) *p) * UINT64_C(1099511628211);
    return hash;
}

bool address_pool_ipv4(unsigned n, struct cidr *out)
{
    static const struct {
        uint8_t first, second, third;
        unsigned count;
    } pools[] = { { 10, 213, 0, 256 }, { 172, 30, 0, 256 }, { 192, 168, 128, 128 } };

    for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
        if (n < pools[i].count) {
            *out = (struct cidr){ .family = AF_INET,
                                  .prefix = RANGE_PREFIX,
                                  .at = { pools[i].first, pools[i].second,
                                          (uint8_t) (pools[i].third + n) } };
            return true;
        }
        n -= pools[i].count;
    }
    return false;
}

bool address_pool_ipv6(const char *project, const char *network, unsigned n, struct cidr *out)
{
    uint64_t prefix = name_hash(0, project);
    unsigned subnet = (unsigned) (name_hash(prefix, network) + n) % IPV6_NETWORKS;

    *out = (struct cidr){ .family = AF_INET6,
                          .prefix = 64,
                          .at = { 0xfd, (uint8_t) (prefix >> 32), (uint8_t) (prefix >> 24),
                                  (uint8_t) (prefix >> 16), (uint8_t) (prefix >> 8),
                                  (uint8_t) prefix, (uint8_t) (subnet >> 8), (uint8_t) subnet } };
    return n < IPV6_NETWORKS;
}

bool address_is_routed(const char *routes, const struct cidr *range, const char *except)
{
    const char *line = strchr(routes, '\n');

    for (; line && line[1]; line = strchr(line + 1, '\n')) {
        unsigned destination = 0, mask = 0;
        struct cidr route = { .family = AF_INET };
        char interface[ADDRESS_BRIDGE];

        /* columns of /proc/net/route: interface destination gateway flags refcnt use metric mask,
         * addresses as the kernel's own integers, whose bytes are in network order */
        if (sscanf(line + 1, "%15s %x %*x %*x %*d %*d %*d %x", interface, &destination, &mask) != 3)
            continue;
        memcpy(route.at, &destination, sizeof destination);
        route.prefix = (unsigned) __builtin_popcount(mask);
        if (mask != 0 && strcmp(interface, except) != 0 && cidr_overlaps(&route, range))
            return true;
    }
    return false;
}

void address_bridge(const char *tag, const char *project, const char *network,
                    char out[ADDRESS_BRIDGE])
{
    uint64_t h = name_hash(name_hash(name_hash(0, tag), project), network);

    (void) snprintf(out, ADDRESS_BRIDGE, "io-%08x", (unsigned) (h ^ h >> 32));
}
