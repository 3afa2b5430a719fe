#include "engine/lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

void lease_definition(const struct network *n, char out[LEASE_DEFINITION])
{
    /* as earlier versions wrote it, for those that had IPv4 always: what is saved stays what it is
     */
    (void) snprintf(out, LEASE_DEFINITION, "%d %d %u %s %s %s %s%s", n->internal, n->no_ipv6,
                    n->mtu, n->ipv4.subnet, n->ipv4.gateway, n->ipv6.subnet, n->ipv6.gateway,
                    n->no_ipv4 ? " no-ipv4" : "");
}

static int refuse(struct err *e, int code, const char *what, const struct cidr *c, const char *why)
{
    bool one = c->prefix == (c->family == AF_INET ? 32 : 128);
    char text[CIDR_TEXT];

    (one ? cidr_format_address : cidr_format)(c, text);
    err_set(e, code, "%s %s %s", what, text, why);
    return err_classify(e, ERR_CONFIG);
}

/* ---- ranges ---- */

static bool is_taken(const struct lease_host *h, const struct cidr *range)
{
    for (size_t i = 0; i < h->n_taken; i++)
        if (cidr_overlaps(&h->taken[i], range))
            return true;
    return false;
}

static int parse(const char *text, bool whole, struct cidr *out, struct err *e)
{
    if ((whole ? cidr_parse(text, out) : cidr_parse_address(text, out)) == 0)
        return 0;
    err_set(e, -EINVAL, "'%s' is no %s", text, whole ? "range of addresses" : "address");
    return err_classify(e, ERR_CONFIG);
}

/* the range of the file */
static int said_range(const struct lease *l, const char *text, const struct lease_host *h,
                      struct cidr *out, struct err *e)
{
    int r = parse(text, true, out, e);

    if (r < 0)
        return r;
    if (is_taken(h, out))
        return refuse(e, -EADDRINUSE, "subnet", out, "overlaps that of another network");
    if (address_is_routed(h->routes, out, l->bridge))
        return refuse(e, -EADDRINUSE, "subnet", out, "overlaps a route of the host");
    return 0;
}

static int free_ipv4(const struct lease *l, const struct lease_host *h, struct cidr *out,
                     struct err *e)
{
    for (unsigned n = 0; address_pool_ipv4(n, out); n++)
        if (!is_taken(h, out) && !address_is_routed(h->routes, out, l->bridge))
            return 0;
    err_set(e, -ENOSPC, "every range of addresses for networks is in use, or a route of the host");
    return err_hint(e, "give it one: ipam: {config: [{subnet: ADDRESS/PREFIX}]}");
}

static int free_ipv6(const struct lease *l, const struct lease_host *h, struct cidr *out,
                     struct err *e)
{
    for (unsigned n = 0; address_pool_ipv6(h->project, l->key, n, out); n++)
        if (!is_taken(h, out))
            return 0;
    return err_set(e, -ENOSPC, "every IPv6 range of the project is in use");
}

/* the host's address: that of the file, or the first of the range */
static int set_gateway(struct cidr *range, const char *text, struct err *e)
{
    struct cidr gateway = { 0 };
    int r;

    if (text[0] == '\0')
        return cidr_nth(range, range->prefix == 32 || range->prefix == 128 ? 0 : 1, range);
    r = parse(text, false, &gateway, e);
    if (r < 0)
        return r;
    if (!cidr_is_host(range, &gateway))
        return refuse(e, -EINVAL, "gateway", &gateway, "is not in its subnet");
    gateway.prefix = range->prefix;
    *range = gateway;
    return 0;
}

static int choose_ipv4(struct lease *l, const struct network *n, const struct lease_host *h,
                       struct err *e)
{
    int r = n->ipv4.subnet[0] ? said_range(l, n->ipv4.subnet, h, &l->ipv4, e)
                              : free_ipv4(l, h, &l->ipv4, e);

    return r < 0 ? r : set_gateway(&l->ipv4, n->ipv4.gateway, e);
}

static int choose_ipv6(struct lease *l, const struct network *n, const struct lease_host *h,
                       struct err *e)
{
    int r = n->ipv6.subnet[0] ? said_range(l, n->ipv6.subnet, h, &l->ipv6, e)
                              : free_ipv6(l, h, &l->ipv6, e);

    return r < 0 ? r : set_gateway(&l->ipv6, n->ipv6.gateway, e);
}

/* On a host without IPv6 networks have none, unless they are nothing without it. */
static int check_without(const struct network *n, struct err *e)
{
    if (!n->no_ipv4 && n->ipv6.subnet[0] == '\0')
        return 0;
    err_set(e, -EAFNOSUPPORT, "it is to have IPv6, which this host has switched off");
    err_hint(e, "sysctl -w net.ipv6.conf.default.disable_ipv6=0");
    return err_classify(e, ERR_CONFIG);
}

static int choose_ranges(struct lease *l, const struct network *n, const struct lease_host *h,
                         struct err *e)
{
    int r = n->no_ipv4 ? 0 : choose_ipv4(l, n, h, e);

    if (r < 0 || n->no_ipv6)
        return r;
    return h->no_ipv6 ? check_without(n, e) : choose_ipv6(l, n, h, e);
}

int lease_open(struct lease *l, const struct network *n, const struct lease_host *h, struct err *e)
{
    char definition[LEASE_DEFINITION];
    int r;

    lease_definition(n, definition);
    *l = (struct lease){ .key = strdup(n->key), .definition = strdup(definition) };
    if (!l->key || !l->definition)
        abort();
    address_bridge(h->tag, h->project, n->key, l->bridge);
    r = choose_ranges(l, n, h, e);
    if (r < 0)
        lease_clear(l);
    return r;
}

void lease_clear(struct lease *l)
{
    for (size_t i = 0; i < l->n_places; i++)
        free(l->places[i].who);
    free(l->places);
    free(l->key);
    free(l->definition);
    *l = (struct lease){ 0 };
}

/* ---- places ---- */

const struct place *lease_place(const struct lease *l, const char *who)
{
    for (size_t i = 0; i < l->n_places; i++)
        if (strcmp(l->places[i].who, who) == 0)
            return &l->places[i];
    return NULL;
}

static void drop(struct lease *l, size_t i)
{
    free(l->places[i].who);
    l->places[i] = l->places[--l->n_places];
}

static const struct lease_want *find_want(const struct lease_want *wants, size_t n, const char *who)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(wants[i].who, who) == 0)
            return &wants[i];
    return NULL;
}

/* what the file says about addresses, of which nobody else may get one */
struct claims {
    struct cidr *said;
    size_t n;
};

static void claim(struct claims *c, const char *text)
{
    if (text[0] != '\0' && cidr_parse_address(text, &c->said[c->n]) == 0)
        c->n++;
}

static void claim_all(struct claims *c, const char *const *texts)
{
    for (; texts && *texts; texts++)
        claim(c, *texts);
}

static size_t count(const char *const *texts)
{
    size_t n = 0;

    while (texts && texts[n])
        n++;
    return n;
}

static struct claims collect(const struct network *n, const struct lease_want *wants,
                             size_t n_wants)
{
    size_t room = 2 * n_wants + count(n->ipv4.reserved) + count(n->ipv6.reserved);
    struct claims c = { .said = calloc(room + 1, sizeof *c.said) };

    if (!c.said)
        abort();
    claim_all(&c, n->ipv4.reserved);
    claim_all(&c, n->ipv6.reserved);
    for (size_t i = 0; i < n_wants; i++) {
        claim(&c, wants[i].ipv4);
        claim(&c, wants[i].ipv6);
    }
    return c;
}

static const struct cidr *range_of(const struct lease *l, const struct cidr *address)
{
    return address->family == AF_INET ? &l->ipv4 : &l->ipv6;
}

static const char *holder(const struct lease *l, const struct cidr *address)
{
    if (cidr_same_address(range_of(l, address), address))
        return "the host";
    for (size_t i = 0; i < l->n_places; i++)
        if (cidr_same_address(&l->places[i].ipv4, address) ||
            cidr_same_address(&l->places[i].ipv6, address))
            return l->places[i].who;
    return NULL;
}

static bool is_free(const struct lease *l, const struct claims *c, const struct cidr *address)
{
    for (size_t i = 0; i < c->n; i++)
        if (cidr_same_address(&c->said[i], address))
            return false;
    return cidr_is_host(range_of(l, address), address) && !holder(l, address);
}

/* an address of the file; whoever has it by chance and does not run gives it back */
static int take_said(struct lease *l, const char *text, const struct lease_want *wants,
                     size_t n_wants, struct cidr *out, struct err *e)
{
    struct cidr address = { 0 };
    int r = parse(text, false, &address, e);

    if (r < 0)
        return r;
    if (!cidr_is_host(range_of(l, &address), &address))
        return refuse(e, -EINVAL, "address", &address, "is not in the subnet of the network");
    for (const char *who; (who = holder(l, &address));) {
        const struct place *p = lease_place(l, who);
        const struct lease_want *other = p ? find_want(wants, n_wants, who) : NULL;

        if (!other || other->live)
            return err_set(e, -EADDRINUSE, "address %s is that of '%s'", text, who);
        drop(l, (size_t) (p - l->places));
    }
    *out = address;
    return 0;
}

/* the first free one from number `first` on */
static int take_free(const struct lease *l, const struct claims *c, const struct cidr *range,
                     const char *pool, uint64_t first, struct cidr *out, struct err *e)
{
    struct cidr from = *range, address = { 0 };
    uint64_t begin = pool[0] != '\0' ? 0 : first;
    int r = pool[0] != '\0' ? parse(pool, true, &from, e) : 0;

    for (uint64_t n = begin; r == 0 && cidr_nth(&from, n, &address) == 0; n++) {
        if (!is_free(l, c, &address))
            continue;
        *out = address;
        return 0;
    }
    if (r == 0 && begin > 1)
        return take_free(l, c, range, pool, 1, out, e);
    return r < 0 ? r : refuse(e, -ENOSPC, "range", &from, "has no free address");
}

/* the number in the IPv6 range from which on one is looked for: that in the IPv4 range */
static uint64_t alike(const struct cidr *range, const struct cidr *address)
{
    return address->family != 0 ? cidr_number(range, address) : 1;
}

static int settle(struct lease *l, const struct network *n, const struct claims *c,
                  const struct lease_want *wants, size_t n_wants, const struct lease_want *w,
                  struct err *e)
{
    struct place p = { 0 };
    int r = 0;

    if (w->ipv4[0])
        r = take_said(l, w->ipv4, wants, n_wants, &p.ipv4, e);
    else if (l->ipv4.family != 0)
        r = take_free(l, c, &l->ipv4, n->ipv4.pool, 1, &p.ipv4, e);
    if (r == 0 && w->ipv6[0])
        r = take_said(l, w->ipv6, wants, n_wants, &p.ipv6, e);
    else if (r == 0 && l->ipv6.family != 0)
        r = take_free(l, c, &l->ipv6, n->ipv6.pool, alike(&l->ipv4, &p.ipv4), &p.ipv6, e);
    if (r < 0)
        return err_wrap(e, "service '%s'", w->who);
    p.ipv4.prefix = l->ipv4.prefix;
    p.ipv6.prefix = l->ipv6.prefix;
    p.who = strdup(w->who);
    l->places = reallocarray(l->places, l->n_places + 1, sizeof *l->places);
    if (!p.who || !l->places)
        abort();
    l->places[l->n_places++] = p;
    return 0;
}

/* a place is kept unless the file wants another address for it */
static bool suits(const struct place *p, const struct lease_want *w)
{
    struct cidr ipv4 = p->ipv4, ipv6 = p->ipv6;

    if (!w)
        return false;
    if (w->ipv4[0])
        (void) cidr_parse_address(w->ipv4, &ipv4);
    if (w->ipv6[0])
        (void) cidr_parse_address(w->ipv6, &ipv6);
    return cidr_same_address(&ipv4, &p->ipv4) && cidr_same_address(&ipv6, &p->ipv6);
}

int lease_assign(struct lease *l, const struct network *n, const struct lease_want *wants,
                 size_t n_wants, struct err *e)
{
    struct claims c = collect(n, wants, n_wants);
    int r = 0;

    for (size_t i = l->n_places; i > 0; i--)
        if (!suits(&l->places[i - 1], find_want(wants, n_wants, l->places[i - 1].who)))
            drop(l, i - 1);
    /* first those that cannot choose */
    for (int free_ones = 0; free_ones <= 1; free_ones++)
        for (size_t i = 0; i < n_wants && r == 0; i++)
            if ((wants[i].ipv4[0] == '\0' && wants[i].ipv6[0] == '\0') == free_ones &&
                !lease_place(l, wants[i].who))
                r = settle(l, n, &c, wants, n_wants, &wants[i], e);
    free(c.said);
    return r;
}
