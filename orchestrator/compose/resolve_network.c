/* What a service sees of networks, and what the host's see of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cidr.h"
#include "base/interface.h"
#include "base/num.h"
#include "compose/resolve.h"

/* the network of `network_mode: bridge`; no author would call one so */
#define BRIDGE_MODE "network-mode-bridge"

static bool is_address(const char *text)
{
    struct cidr room;

    return cidr_parse_address(text, &room) == 0;
}

/* an address of this family in the range of the network, when that is known */
static int check_address(const struct node *n, int family, const struct network *net, struct err *e)
{
    const struct address_range *range = net->external       ? NULL
                                        : family == AF_INET ? &net->ipv4
                                                            : &net->ipv6;
    const char *words = family == AF_INET ? "an IPv4" : "an IPv6";
    struct cidr address = { 0 }, subnet = { 0 };

    if (!n)
        return 0;
    if (cidr_parse_address(n->text, &address) < 0 || address.family != family)
        return resolve_refuse(n, e, "'%s' is not %s address", n->text, words);
    if (family == AF_INET ? net->no_ipv4 : net->no_ipv6)
        return resolve_refuse(n, e, "network '%s' has no %s", net->key, words + strlen("an "));
    if (range && range->subnet[0] == '\0')
        return resolve_refuse(n, e, "%s address needs a network with an ipam subnet of that kind",
                              words);
    if (range && cidr_parse(range->subnet, &subnet) == 0 && !cidr_is_host(&subnet, &address))
        return resolve_refuse(n, e, "'%s' is no address for a service of subnet %s", n->text,
                              range->subnet);
    return 0;
}

/* ---- networks ---- */

static int subnet(const struct node *config, struct cidr *out, struct err *e)
{
    const struct node *n = node_get(config, "subnet");
    char first[CIDR_TEXT] = "";

    if (!n)
        return resolve_refuse(config, e, "an address pool needs a 'subnet'");
    if (cidr_parse(n->text, out) < 0)
        return resolve_refuse(n, e, "'%s' is no subnet; write one as 10.1.2.0/24", n->text);
    if (cidr_has_host_bits(out)) {
        (void) cidr_nth(out, 0, out);
        cidr_format(out, first);
        return resolve_refuse(n, e, "'%s' is an address in a subnet; the subnet is %s", n->text,
                              first);
    }
    if (out->prefix > (out->family == AF_INET ? 30u : 126u) || out->prefix < 8)
        return resolve_refuse(n, e, "a subnet for services cannot have a prefix of %u",
                              out->prefix);
    return 0;
}

/* an address or a range that has to be part of the subnet */
static int member(const struct node *n, bool range, const struct cidr *whole, struct err *e)
{
    struct cidr part = { 0 };

    if (!n)
        return 0;
    if ((range ? cidr_parse(n->text, &part) : cidr_parse_address(n->text, &part)) < 0)
        return resolve_refuse(n, e, "'%s' is no %s", n->text, range ? "range" : "address");
    if (!cidr_contains(whole, &part))
        return resolve_refuse(n, e, "'%s' is not in the subnet", n->text);
    return 0;
}

static int pool(struct arena *a, const struct node *config, struct network *out, struct err *e)
{
    const struct node *reserved = node_get(config, "aux_addresses");
    struct cidr whole = { 0 };
    int r = subnet(config, &whole, e);
    struct address_range *range = whole.family == AF_INET ? &out->ipv4 : &out->ipv6;
    const char **list = arena_array(a, node_count(reserved) + 1, sizeof *list);

    if (r == 0 && range->subnet[0] != '\0')
        return resolve_refuse(config, e, "one subnet of a kind: this network has %s already",
                              range->subnet);
    if (r == 0)
        r = member(node_get(config, "gateway"), false, &whole, e);
    if (r == 0)
        r = member(node_get(config, "ip_range"), true, &whole, e);
    for (size_t i = 0; r == 0 && i < node_count(reserved); i++) {
        r = member(reserved->entries[i].value, false, &whole, e);
        list[i] = reserved->entries[i].value->text;
    }
    *range = (struct address_range){ .subnet = node_get_text(config, "subnet", ""),
                                     .gateway = node_get_text(config, "gateway", ""),
                                     .pool = node_get_text(config, "ip_range", ""),
                                     .reserved = list };
    return r;
}

/* only what our bridges can do; what Docker's do anyway may be said */
static int options(const struct node *map, struct network *out, struct err *e)
{
    for (size_t i = 0; i < node_count(map); i++) {
        const char *key = map->entries[i].key;
        const struct node *value = map->entries[i].value;
        uint64_t mtu = 0;

        if (strcmp(key, "com.docker.network.driver.mtu") != 0)
            return resolve_refuse(value, e,
                                  "native mode has no driver option '%s'; it has "
                                  "com.docker.network.driver.mtu",
                                  key);
        if (num_u64(value->text, 65535, &mtu) < 0 || mtu < (out->no_ipv6 ? 68 : 1280))
            return resolve_refuse(value, e, "the MTU must be from %d to 65535%s",
                                  out->no_ipv6 ? 68 : 1280,
                                  out->no_ipv6 ? "" : "; from 68 with enable_ipv6: false");
        out->mtu = (unsigned) mtu;
    }
    return 0;
}

/* what the network has of IPv4 and IPv6 */
static int kinds(const struct node *n, struct network *out, struct err *e)
{
    const struct node *ipv4 = node_get(n, "enable_ipv4"), *ipv6 = node_get(n, "enable_ipv6");

    out->no_ipv4 = ipv4 && !node_is_true(ipv4);
    out->no_ipv6 = ipv6 && !node_is_true(ipv6);
    if (out->no_ipv4 && out->no_ipv6)
        return resolve_refuse(ipv4, e, "a network has IPv4, IPv6 or both");
    return 0;
}

/* no subnet of a kind that it has not */
static int check_kinds(const struct node *n, const struct network *net, struct err *e)
{
    if (net->no_ipv4 && net->ipv4.subnet[0] != '\0')
        return resolve_refuse(node_get(n, "enable_ipv4"), e, "there is an IPv4 subnet, %s",
                              net->ipv4.subnet);
    if (net->no_ipv6 && net->ipv6.subnet[0] != '\0')
        return resolve_refuse(node_get(n, "enable_ipv6"), e, "there is an IPv6 subnet, %s",
                              net->ipv6.subnet);
    return 0;
}

static int network(struct arena *a, const struct entry *entry, struct network *out, struct err *e)
{
    static const struct address_range any = { .subnet = "", .gateway = "", .pool = "" };
    const struct node *n = entry->value;
    const struct node *config = node_get(node_get(n, "ipam"), "config");
    int r;

    *out = (struct network){ .key = entry->key,
                             .name = node_get_text(n, "name", ""),
                             .internal = node_is_true(node_get(n, "internal")),
                             .external = node_is_true(node_get(n, "external")),
                             .ipv4 = any,
                             .ipv6 = any };
    r = kinds(n, out, e);
    for (size_t i = 0; r == 0 && i < node_count(config); i++)
        r = pool(a, config->items[i], out, e);
    if (r == 0)
        r = check_kinds(n, out, e);
    return r < 0 ? r : options(node_get(n, "driver_opts"), out, e);
}

/* `network_mode: bridge` is one network for all services that say so, as Docker's default bridge */
static void add_bridge_mode(struct project *p, const struct node *document)
{
    static const struct address_range any = { .subnet = "", .gateway = "", .pool = "" };
    const struct node *services = node_get(document, "services");

    for (size_t i = 0; i < node_count(services); i++) {
        if (strcmp(node_get_text(services->entries[i].value, "network_mode", ""), "bridge") != 0)
            continue;
        p->networks[p->n_networks++] =
            (struct network){ .key = BRIDGE_MODE,
                              .name = arena_printf(p->arena, "%s_%s", p->name, BRIDGE_MODE),
                              .ipv4 = any,
                              .ipv6 = any };
        return;
    }
}

int resolve_networks(struct project *p, const struct node *document, struct err *e)
{
    const struct node *map = node_get(document, "networks");
    int r = 0;

    p->networks = arena_array(p->arena, node_count(map) + 2, sizeof *p->networks);
    for (size_t i = 0; r == 0 && i < node_count(map); i++)
        r = network(p->arena, &map->entries[i], &p->networks[p->n_networks++], e);
    if (r == 0)
        add_bridge_mode(p, document);
    return r;
}

/* ---- what a service has of them ---- */

static int check_interface(const struct node *mac, const struct node *name, struct err *e)
{
    if (mac && !interface_is_mac(mac->text))
        return resolve_refuse(mac, e,
                              "'%s' is no hardware address of one interface, such as "
                              "02:00:00:00:00:01",
                              mac->text);
    if (name && !interface_is_name(name->text))
        return resolve_refuse(name, e, "an interface cannot be called '%s'", name->text);
    return 0;
}

static int attachment(struct resolve *r, const struct entry *entry, struct err *e)
{
    const struct node *n = entry->value, *v4 = node_get(n, "ipv4_address"),
                      *v6 = node_get(n, "ipv6_address");
    const struct network *net = project_network(r->project, entry->key);
    int code = check_address(v4, AF_INET, net, e);

    if (code == 0)
        code = check_address(v6, AF_INET6, net, e);
    if (code == 0)
        code = check_interface(node_get(n, "mac_address"), node_get(n, "interface_name"), e);
    r->unit->networks[r->unit->n_networks++] = (struct attachment){
        .network = entry->key,
        .aliases = resolve_strings(r->arena, node_get(n, "aliases")),
        .ipv4 = v4 ? v4->text : "",
        .ipv6 = v6 ? v6->text : "",
        .mac = node_get_text(n, "mac_address", ""),
        .interface = node_get_text(n, "interface_name", ""),
        .gw_priority = (int) strtol(node_get_text(n, "gw_priority", "0"), NULL, 10),
    };
    return code;
}

static int attachments(struct resolve *r, struct err *e)
{
    const struct node *map = node_get(r->service, "networks"),
                      *mac = node_get(r->service, "mac_address");
    int code = check_interface(mac, NULL, e);

    r->unit->networks = arena_array(r->arena, node_count(map) + 2, sizeof *r->unit->networks);
    for (size_t i = 0; code == 0 && i < node_count(map); i++)
        code = attachment(r, &map->entries[i], e);
    if (mac && r->unit->n_networks > 0 && r->unit->networks[0].mac[0] == '\0')
        r->unit->networks[0].mac = mac->text;
    return code;
}

/* network_mode: instead of networks */
static int mode(struct resolve *r, struct err *e)
{
    const struct node *n = node_get(r->service, "network_mode"), *services;
    const char *text = n ? n->text : "", *with;

    r->unit->network_of = "";
    if (text[0] == '\0' || strcmp(text, "none") == 0)
        return 0;
    if (strcmp(text, "bridge") == 0) {
        r->unit->networks[r->unit->n_networks++] = (struct attachment){
            .network = BRIDGE_MODE, .ipv4 = "", .ipv6 = "", .mac = "", .interface = ""
        };
        return 0;
    }
    if (strcmp(text, "host") == 0) {
        r->unit->network_of = PROJECT_HOST;
        return 0;
    }
    if (strncmp(text, "service:", 8) != 0)
        return resolve_refuse(n, e, "'%s' is none of none, bridge, host and service:NAME", text);
    with = text + 8;
    services = node_get(r->document, "services");
    if (node_get(node_get(services, with), "network_mode") &&
        strcmp(node_get_text(node_get(services, with), "network_mode", ""), "bridge") != 0)
        return resolve_refuse(n, e, "'%s' has no network of its own", with);
    r->unit->network_of = with;
    return 0;
}

/* "SERVICE" or "SERVICE:NAME" each */
static int links(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "links");

    r->unit->links = arena_array(r->arena, node_count(list) + 1, sizeof *r->unit->links);
    for (size_t i = 0; i < node_count(list); i++) {
        const char *text = list->items[i]->text, *colon = strchr(text, ':');

        if (colon && (colon[1] == '\0' || strchr(colon + 1, ':')))
            return resolve_refuse(list->items[i], e, "a link is SERVICE or SERVICE:NAME");
        if (!colon)
            continue; /* it has that name already */
        r->unit->links[r->unit->n_links++] =
            (struct unit_link){ .unit = arena_strndup(r->arena, text, (size_t) (colon - text)),
                                .name = colon + 1 };
    }
    return 0;
}

static bool leads_out(const struct resolve *r)
{
    for (size_t i = 0; i < r->unit->n_networks; i++)
        if (!project_network(r->project, r->unit->networks[i].network)->internal)
            return true;
    return false;
}

/* "NAME=ADDRESS" each */
static int hosts(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "extra_hosts");

    r->unit->hosts = arena_array(r->arena, node_count(list) + 1, sizeof *r->unit->hosts);
    for (size_t i = 0; i < node_count(list); i++) {
        const struct node *n = list->items[i];
        char *name = arena_strdup(r->arena, n->text), *address = strchr(name, '=');

        *address++ = '\0';
        if (strcmp(address, "host-gateway") == 0 && !leads_out(r))
            return resolve_refuse(n, e, "'host-gateway' needs a network that is not internal");
        if (strcmp(address, "host-gateway") != 0 && !is_address(address))
            return resolve_refuse(n, e, "'%s' is no address", address);
        r->unit->hosts[r->unit->n_hosts++] =
            (struct extra_host){ .name = name, .address = address };
    }
    return 0;
}

static int dns(struct resolve *r, struct err *e)
{
    const struct node *servers = node_get(r->service, "dns");

    for (size_t i = 0; i < node_count(servers); i++)
        if (!is_address(servers->items[i]->text))
            return resolve_refuse(servers->items[i], e, "'%s' is no address",
                                  servers->items[i]->text);
    r->unit->dns = resolve_strings(r->arena, servers);
    r->unit->dns_search = resolve_strings(r->arena, node_get(r->service, "dns_search"));
    r->unit->dns_options = resolve_strings(r->arena, node_get(r->service, "dns_opt"));
    return 0;
}

int resolve_network(struct resolve *r, struct err *e)
{
    int code = attachments(r, e);

    if (code < 0 || (code = mode(r, e)) < 0 || (code = links(r, e)) < 0 ||
        (code = hosts(r, e)) < 0 || (code = dns(r, e)) < 0)
        return code;
    return resolve_ports(r, e);
}
