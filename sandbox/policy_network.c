/* What policy says of networks: links and addresses, ports and sockets, names. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/cidr.h"
#include "base/interface.h"
#include "sandbox/policy_impl.h"

enum {
    BRIDGE_MAX = 15,       /* IFNAMSIZ without NUL */
    MTU_LEAST = 68,        /* RFC 791 */
    IPV6_MTU_LEAST = 1280, /* RFC 8200 */
    MTU_MOST = 65535,
    DNS_MAX = 16,
};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";

int policy_bridge(const char *name, struct err *e)
{
    /* the prefix keeps the broker's hands off every other interface of the host */
    if (policy_made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789-", BRIDGE_MAX) &&
        strncmp(name, "io", 2) == 0 && strchr(lower, name[strlen(name) - 1]))
        return 0;
    return policy_refuse(e, "bridge-name", "bridge", name);
}

bool policy_is_address(const char *text, bool ipv6)
{
    struct cidr c = { 0 };

    return cidr_parse_address(text, &c) == 0 && c.family == (ipv6 ? AF_INET6 : AF_INET);
}

static int check_subnet(const char *text, bool ipv6, struct err *e)
{
    struct cidr c = { 0 };

    if (cidr_parse(text, &c) == 0 && c.family == (ipv6 ? AF_INET6 : AF_INET) && c.prefix >= 8)
        return 0;
    return policy_refuse(e, "address", "address with prefix length", text);
}

int policy_subnets(const char *ipv4, const char *ipv6, struct err *e)
{
    int r = ipv4[0] || !ipv6[0] ? check_subnet(ipv4, false, e) : 0;

    return r == 0 && ipv6[0] ? check_subnet(ipv6, true, e) : r;
}

int policy_mtu(int mtu, bool ipv6, struct err *e)
{
    int least = ipv6 ? IPV6_MTU_LEAST : MTU_LEAST;

    if (mtu == 0 || (mtu >= least && mtu <= MTU_MOST))
        return 0;
    return err_set(e, -EINVAL, "mtu: %d is outside %d to %d", mtu, least, MTU_MOST);
}

int policy_link(const struct spec_link *l, struct err *e)
{
    int r = policy_bridge(l->bridge, e);

    if (r == 0)
        r = policy_subnets(l->ipv4, l->ipv6, e);
    if (r == 0 && l->gateway4[0] && !(l->ipv4[0] && policy_is_address(l->gateway4, false)))
        r = policy_refuse(e, "address", "gateway", l->gateway4);
    if (r == 0 && l->gateway6[0] && !(l->ipv6[0] && policy_is_address(l->gateway6, true)))
        r = policy_refuse(e, "address", "gateway", l->gateway6);
    if (r == 0 && l->mac[0] && !interface_is_mac(l->mac))
        r = policy_refuse(e, "hardware-address", "address", l->mac);
    if (r == 0 && l->interface[0] && !interface_is_name(l->interface))
        r = policy_refuse(e, "interface-name", "name", l->interface);
    return r;
}

static const char socket_chars[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

int policy_listener(const struct spec *s, const struct spec_listener *l, struct err *e)
{
    if (s->network_of[0] != '\0')
        return err_set(e, -EINVAL, "listen: sockets are held in a network of one's own");
    if (l->port == 0 || !policy_made_of(l->name, socket_chars, POLICY_HOSTNAME_MAX))
        return policy_refuse(e, "listen", "name", l->name);
    if (l->address[0] && !policy_is_address(l->address, false) &&
        !policy_is_address(l->address, true))
        return policy_refuse(e, "listen", "address", l->address);
    return 0;
}

int policy_port(const struct spec *s, const struct spec_port *p, struct err *e)
{
    if (p->published == 0 || p->target == 0)
        return err_set(e, -EINVAL, "port: %u to %u is outside 1 to 65535", p->published, p->target);
    if (p->last < p->published)
        return err_set(e, -EINVAL, "port: %u-%u is no range", p->published, p->last);
    if (p->address[0] && !policy_is_address(p->address, false) &&
        !policy_is_address(p->address, true))
        return policy_refuse(e, "port", "address", p->address);
    if (s->n_links == 0)
        return err_set(e, -EINVAL, "port: %u cannot be published without a network", p->published);
    return 0;
}

static int check_host(const struct spec_host *h, struct err *e)
{
    static const char chars[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.- ";

    if (!policy_is_address(h->address, false) && !policy_is_address(h->address, true))
        return policy_refuse(e, "hosts", "address", h->address);
    return policy_made_of(h->names, chars, PATH_MAX) ? 0
                                                     : policy_refuse(e, "hosts", "names", h->names);
}

int policy_hosts(const struct spec *s, struct err *e)
{
    int r = s->n_hosts <= POLICY_HOSTS_MAX
                ? 0
                : err_set(e, -E2BIG, "count: more than %d hosts", POLICY_HOSTS_MAX);

    for (size_t i = 0; i < s->n_hosts && r == 0; i++)
        r = check_host(&s->hosts[i], e);
    return r;
}

static int check_names_of(const char *what, const char *const *list, const char *chars,
                          struct err *e)
{
    for (size_t i = 0; list && list[i]; i++)
        if (i >= DNS_MAX || !policy_made_of(list[i], chars, POLICY_HOSTNAME_MAX))
            return policy_refuse(e, "dns", what, list[i]);
    return 0;
}

int policy_dns(const struct spec *s, struct err *e)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-",
                      options[] = "abcdefghijklmnopqrstuvwxyz0123456789:-";
    int r = check_names_of("search domain", s->dns_search, names, e);

    for (size_t i = 0; s->dns && s->dns[i]; i++)
        if (i >= DNS_MAX ||
            (!policy_is_address(s->dns[i], false) && !policy_is_address(s->dns[i], true)))
            return policy_refuse(e, "dns", "address", s->dns[i]);
    return r < 0 ? r : check_names_of("option", s->dns_options, options, e);
}
