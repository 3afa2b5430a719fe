/* What a service sees of networks, and what the host's see of it. */
#include <string.h>

#include "base/num.h"
#include "compose/resolve.h"

static void attachments(struct resolve *r)
{
    const struct node *map = node_get(r->service, "networks");

    r->unit->networks = arena_array(r->arena, map->n + 1, sizeof *r->unit->networks);
    for (size_t i = 0; i < map->n; i++) {
        r->unit->networks[r->unit->n_networks++] = (struct attachment){
            .network = map->entries[i].key,
            .aliases = resolve_strings(r->arena, node_get(map->entries[i].value, "aliases"))
        };
    }
}

static int ports(struct resolve *r, struct err *e)
{
    const struct node *list = node_get(r->service, "ports");

    r->unit->ports = arena_array(r->arena, (list ? list->n : 0) + 1, sizeof *r->unit->ports);
    for (size_t i = 0; list && i < list->n; i++) {
        const struct node *n = list->items[i];
        struct port *p = &r->unit->ports[r->unit->n_ports];

        p->address = node_get_text(n, "host_ip", "");
        p->udp = strcmp(node_get_text(n, "protocol", "tcp"), "udp") == 0;
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
    attachments(r);
    return ports(r, e);
}
