/* cidr.h -- addresses and ranges of IPv4 and IPv6, as numbers instead of text.
 * Runs in: all.  Pure.  Fails: -EINVAL for what is no address, -ERANGE outside of a range.
 * Source: RFC 4632 (prefix notation), inet_pton(3). */
#ifndef IPAM_BASE_CIDR_H
#define IPAM_BASE_CIDR_H

#include <stdbool.h>
#include <stdint.h>

enum { CIDR_TEXT = 64 };

/* an address and how many of its first bits name the range it is in */
struct cidr {
    int family; /* AF_INET, AF_INET6; 0 = none */
    unsigned prefix;
    uint8_t at[16]; /* network order; 4 are used for IPv4 */
};

int cidr_parse(const char *text, struct cidr *out);         /* "10.1.2.0/24"; host bits are kept */
int cidr_parse_address(const char *text, struct cidr *out); /* "10.1.2.3"; a range of one */
void cidr_format(const struct cidr *c, char out[CIDR_TEXT]);
void cidr_format_address(const struct cidr *c, char out[CIDR_TEXT]); /* without the prefix */

bool cidr_same_address(const struct cidr *a, const struct cidr *b);
bool cidr_contains(const struct cidr *range, const struct cidr *c); /* all of it */
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);
bool cidr_has_host_bits(const struct cidr *c); /* it is not the first address of its range */
/* an address that one host can have: neither the first nor, in IPv4, the last of its range */
bool cidr_is_host(const struct cidr *range, const struct cidr *c);

/* the n-th address of a range, with the prefix of the range; the first is number 0 */
int cidr_nth(const struct cidr *range, uint64_t n, struct cidr *out);
/* which one `c` is, UINT64_MAX when 64 bits cannot say it */
uint64_t cidr_number(const struct cidr *range, const struct cidr *c);

#endif
