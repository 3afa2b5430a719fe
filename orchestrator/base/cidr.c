#include "base/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

static unsigned bits(const struct cidr *c)
{
    return c->family == AF_INET ? 32 : 128;
}

/* the mask of byte `i` for the first `prefix` bits */
static uint8_t mask(unsigned prefix, unsigned i)
{
    unsigned covered = prefix > 8 * i ? prefix - 8 * i : 0;

    return covered >= 8 ? 0xff : (uint8_t) (0xff00u >> covered);
}

int cidr_parse_address(const char *text, struct cidr *out)
{
    static const int families[] = { AF_INET, AF_INET6 };

    for (unsigned i = 0; i < 2; i++) {
        struct cidr c = { .family = families[i] };

        if (inet_pton(c.family, text, c.at) != 1)
            continue;
        c.prefix = bits(&c);
        *out = c;
        return 0;
    }
    return -EINVAL;
}

int cidr_parse(const char *text, struct cidr *out)
{
    const char *slash = strchr(text, '/');
    char address[CIDR_TEXT];
    struct cidr c = { 0 };
    uint64_t prefix = 0;
    int r;

    if (!slash || slash - text >= CIDR_TEXT)
        return -EINVAL;
    (void) snprintf(address, sizeof address, "%.*s", (int) (slash - text), text);
    r = cidr_parse_address(address, &c);
    if (r == 0 && num_u64(slash + 1, bits(&c), &prefix) < 0)
        r = -EINVAL;
    if (r < 0)
        return r;
    c.prefix = (unsigned) prefix;
    *out = c;
    return 0;
}

void cidr_format_address(const struct cidr *c, char out[CIDR_TEXT])
{
    if (c->family == 0 || !inet_ntop(c->family, c->at, out, CIDR_TEXT))
        out[0] = '\0';
}

void cidr_format(const struct cidr *c, char out[CIDR_TEXT])
{
    char address[INET6_ADDRSTRLEN] = "";

    if (c->family != 0)
        (void) inet_ntop(c->family, c->at, address, sizeof address);
    (void) snprintf(out, CIDR_TEXT, c->family ? "%s/%u" : "%s", address, c->prefix);
}

bool cidr_same_address(const struct cidr *a, const struct cidr *b)
{
    return a->family == b->family && memcmp(a->at, b->at, sizeof a->at) == 0;
}

bool cidr_contains(const struct cidr *range, const struct cidr *c)
{
    if (range->family == 0 || range->family != c->family || c->prefix < range->prefix)
        return false;
    for (unsigned i = 0; i < sizeof c->at; i++)
        if ((range->at[i] ^ c->at[i]) & mask(range->prefix, i))
            return false;
    return true;
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
    return cidr_contains(a, b) || cidr_contains(b, a);
}

bool cidr_has_host_bits(const struct cidr *c)
{
    for (unsigned i = 0; i < bits(c) / 8; i++)
        if (c->at[i] & (uint8_t) ~mask(c->prefix, i))
            return true;
    return false;
}

bool cidr_is_host(const struct cidr *range, const struct cidr *c)
{
    struct cidr host = *c;
    bool last = c->family == AF_INET;

    if (!cidr_contains(range, c))
        return false;
    if (range->prefix + 1 >= bits(range))
        return true; /* a range of one or two has no address to spare, RFC 3021 */
    host.prefix = range->prefix;
    for (unsigned i = 0; i < bits(c) / 8; i++)
        last &= (uint8_t) (c->at[i] | mask(range->prefix, i)) == 0xff;
    return cidr_has_host_bits(&host) && !last;
}

int cidr_nth(const struct cidr *range, uint64_t n, struct cidr *out)
{
    struct cidr c = *range;
    unsigned carry = 0;

    for (unsigned i = 0; i < bits(&c) / 8; i++)
        c.at[i] &= mask(c.prefix, i);
    for (unsigned i = bits(&c) / 8; i-- > 0;) {
        unsigned sum = c.at[i] + (unsigned) (n & 0xff) + carry;

        c.at[i] = (uint8_t) sum;
        carry = sum >> 8;
        n >>= 8;
    }
    if (n > 0 || carry > 0 || !cidr_contains(range, &c))
        return -ERANGE;
    *out = c;
    return 0;
}

uint64_t cidr_number(const struct cidr *range, const struct cidr *c)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < bits(c) / 8; i++) {
        if (n >> 56)
            return UINT64_MAX;
        n = n << 8 | (c->at[i] & (uint8_t) ~mask(range->prefix, i));
    }
    return n;
}
