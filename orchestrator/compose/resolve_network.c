/* What a service sees of networks, and what the host's see of it. */
#include <arpa/inet.h>
#include <string.h>

#include "base/num.h"
#include "compose/resolve.h"

static void attachments(struct resolve *r)
{
    const struct node *map = node_get(r->service, "networks");

    r->unit->networks = arena_array(r->arena, node_count(map) + 1, sizeof *r->unit->networks);
    for (size_t i = 0; i < node_count(map); i++) {
        r->unit->networks[r->unit->n_networks++] = (struct attachment){
            .network = map->entries[i].key,
            .aliases = resolve_strings(r->arena, node_get(map->entries[i].value, "aliases"))
        };
    }
}

static bool is_address(const char *text)
{
    struct in6_addr room;

    return inet_pton(AF_INET, text, &room) == 1 || inet_pton(AF_INET6, text, &room) == 1;
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

static int ports(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "ports");

    r->unit->ports = arena_array(r->arena, (list ? list->n : 0) + 1, sizeof *r->unit->ports);
    for (size_t i = 0; list && i < list->n; i++) {
        const struct node *n = list->items[i];
        struct port *p = &r->unit->ports[r->unit->n_ports];

        const char *protocol = node_get_text(n, "protocol", "tcp");

        p->address = node_get_text(n, "host_ip", "");
        p->udp = strcmp(protocol, "udp") == 0;
        if (!p->udp && strcmp(protocol, "tcp") != 0)
            return resolve_refuse(node_get(n, "protocol"), e,
                                  "'%s' cannot be published; tcp and udp can", protocol);
        if (p->address[0] != '\0' && !is_address(p->address))
            return resolve_refuse(node_get(n, "host_ip"), e, "'%s' is no address", p->address);
        if (num_port(node_get_text(n, "target", ""), &p->target) < 0)
            return resolve_refuse(n, e, "'target' must be a port");
        if (!node_get(n, "published"))
            return resolve_refuse(n, e,
                                  "native mode needs to know the port of the host: "
                                  "PUBLISHED:%u",
                                  p->target);
        if (num_port(node_get_text(n, "published", ""), &p->published) < 0)
            return resolve_refuse(n, e, "'published' must be a port");
        r->unit->n_ports++;
    }
    return 0;
}

int resolve_network(struct resolve *r, struct err *e)
{
    int code;

    attachments(r);
    if ((code = hosts(r, e)) < 0 || (code = dns(r, e)) < 0)
        return code;
    return ports(r, e);
}
