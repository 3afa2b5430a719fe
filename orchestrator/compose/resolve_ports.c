/* The ports of a service that the host publishes: of its file, and one more by its short form. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cidr.h"
#include "base/num.h"
#include "compose/publish.h"
#include "compose/resolve.h"
#include "compose/short.h"

/* "8080", "8000-8010", "0" for any */
static int published(const char *text, struct port *out)
{
    char first[8];
    size_t len = strcspn(text, "-");

    if (strcmp(text, "0") == 0)
        return 0;
    if (len >= sizeof first)
        return -EINVAL;
    (void) snprintf(first, sizeof first, "%.*s", (int) len, text);
    if (num_port(first, &out->published) < 0 ||
        num_port(text[len] ? text + len + 1 : first, &out->last) < 0 || out->last < out->published)
        return -EINVAL;
    return 0;
}

static int refuse_ports(const struct unit *u, const struct node *list, struct err *e)
{
    if (u->network_of[0] == '\0')
        return resolve_refuse(list, e, "a service without a network has no ports to publish");
    if (strcmp(u->network_of, PROJECT_HOST) == 0)
        return resolve_refuse(list, e, "on the host's network its ports are the host's already");
    return resolve_refuse(list, e, "it lives in the network of '%s': publish them there",
                          u->network_of);
}

/* does a way of this kind lead from the host to the service?  Of the networks of others nobody
 * knows before they are there. */
static bool leads_in(const struct project *p, const struct unit *u, bool ipv6)
{
    for (size_t i = 0; i < u->n_networks; i++) {
        const struct network *net = project_network(p, u->networks[i].network);

        if (!net->internal && !(ipv6 ? net->no_ipv6 : net->no_ipv4))
            return true;
    }
    return false;
}

/* where the host listens: what no network leads on from would be a port that nobody answers */
static int port_address(const struct project *p, const struct unit *u, const struct node *n,
                        struct port *out, struct err *e)
{
    const struct node *said = node_get(n, "host_ip");
    struct cidr parsed = { 0 };
    bool ipv6;

    out->address = node_get_text(n, "host_ip", "");
    if (out->address[0] == '\0' && leads_in(p, u, true) && !leads_in(p, u, false))
        out->address = "::";
    if (out->address[0] == '\0')
        return 0;
    if (cidr_parse_address(out->address, &parsed) < 0)
        return resolve_refuse(said, e, "'%s' is no address", out->address);
    ipv6 = strchr(out->address, ':') != NULL;
    if (leads_in(p, u, !ipv6) && !leads_in(p, u, ipv6))
        return resolve_refuse(said, e,
                              "'%s' is %s, and no network of the service that leads out has that",
                              out->address, ipv6 ? "IPv6" : "IPv4");
    return 0;
}

static int one_port(const struct project *p, const struct unit *u, const struct node *n,
                    struct port *out, struct err *e)
{
    const char *protocol = node_get_text(n, "protocol", "tcp");

    *out = (struct port){ .udp = strcmp(protocol, "udp") == 0 };
    if (!out->udp && strcmp(protocol, "tcp") != 0)
        return resolve_refuse(node_get(n, "protocol"), e,
                              "'%s' cannot be published; tcp and udp can", protocol);
    if (num_port(node_get_text(n, "target", ""), &out->target) < 0)
        return resolve_refuse(n, e, "'target' must be a port");
    if (published(node_get_text(n, "published", "0"), out) < 0)
        return resolve_refuse(n, e, "'published' must be a port or a range of ports");
    return port_address(p, u, n, out, e);
}

/* after those that the unit has */
static int add_ports(const struct project *p, struct unit *u, const struct node *list,
                     struct err *e)
{
    struct port *ports = arena_array(p->arena, u->n_ports + node_count(list) + 1, sizeof *ports);

    if (node_count(list) > 0 && u->n_networks == 0)
        return refuse_ports(u, list, e);
    if (u->n_ports > 0)
        memcpy(ports, u->ports, u->n_ports * sizeof *ports);
    u->ports = ports;
    for (size_t i = 0; i < node_count(list); i++) {
        int r = one_port(p, u, list->items[i], &ports[u->n_ports], e);

        if (r < 0)
            return r;
        u->n_ports++;
    }
    return 0;
}

int resolve_ports(struct resolve *r, struct err *e)
{
    return add_ports(r->project, r->unit, node_get(r->service, "ports"), e);
}

int publish_port(const struct project *p, struct unit *u, const char *text, struct err *e)
{
    const struct mark nowhere = { 0 };
    struct node *list = node_new(p->arena, NODE_LIST, nowhere);
    int r = short_ports(p->arena, node_text(p->arena, text, nowhere), NULL, list, e);

    return r < 0 ? r : add_ports(p, u, list, e);
}
