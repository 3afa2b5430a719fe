#include "engine/address.h"

#include <stdio.h>
#include <string.h>

#define POOL_FIRST  10
#define POOL_SECOND 213

/* FNV-1a, 64 bit: spreads names, nothing depends on its strength */
static uint64_t name_hash(uint64_t seed, const char *name)
{
    uint64_t hash = seed ^ UINT64_C(14695981039346656037);

    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char) *p) * UINT64_C(1099511628211);
    return hash;
}

void address_ipv4(uint8_t network, uint8_t slot, char out[ADDRESS_TEXT])
{
    (void) snprintf(out, ADDRESS_TEXT, "%d.%d.%u.%u", POOL_FIRST, POOL_SECOND, network, slot);
}

void address_ipv6(const char *project, uint8_t network, uint8_t slot, char out[ADDRESS_TEXT])
{
    uint64_t h = name_hash(0, project);

    (void) snprintf(out, ADDRESS_TEXT, "fd%02x:%x:%x:%x::%x", (unsigned) (h >> 32 & 0xff),
                    (unsigned) (h >> 16 & 0xffff), (unsigned) (h & 0xffff), network, slot);
}

bool address_overlaps(const char *routes, uint8_t network)
{
    uint32_t net =
        (uint32_t) POOL_FIRST << 24 | (uint32_t) POOL_SECOND << 16 | (uint32_t) network << 8;
    const char *line = strchr(routes, '\n');

    for (; line && line[1]; line = strchr(line + 1, '\n')) {
        unsigned destination = 0, mask = 0;
        /* columns of /proc/net/route: interface destination gateway flags refcnt use metric mask,
         * addresses in hexadecimal and the host's byte order of a big-endian value */
        if (sscanf(line + 1, "%*s %x %*x %*x %*d %*d %*d %x", &destination, &mask) != 2)
            continue;
        uint32_t d = __builtin_bswap32(destination), m = __builtin_bswap32(mask);
        uint32_t common = m & 0xffffff00u;
        if (m != 0 && (d & common) == (net & common))
            return true;
    }
    return false;
}

void address_bridge(const char *tag, const char *project, const char *network,
                    char out[ADDRESS_TEXT])
{
    uint64_t h = name_hash(name_hash(name_hash(0, tag), project), network);

    (void) snprintf(out, ADDRESS_TEXT, "io-%08x", (unsigned) (h ^ h >> 32));
}
