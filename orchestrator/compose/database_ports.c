#include "compose/database_ports.h"

#include <string.h>

#include "base/auto.h"
#include "base/num.h"

/* what listens there, as a rule, trusts whoever can reach it */
static const struct {
    uint16_t port;
    const char *what;
} services[] = {
    { 3306, "MySQL" },      { 33060, "MySQL X" }, { 5432, "PostgreSQL" },    { 1433, "SQL Server" },
    { 6379, "Redis" },      { 27017, "MongoDB" }, { 9200, "Elasticsearch" }, { 9042, "Cassandra" },
    { 11211, "memcached" }, { 5984, "CouchDB" },  { 8086, "InfluxDB" },      { 2379, "etcd" },
};

static bool is_everywhere(const char *address)
{
    return address[0] == '\0' || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static void port(const struct node *n, const char *service, struct warnings *w)
{
    const char *published = node_get_text(n, "published", "");
    uint16_t target = 0;

    if (!is_everywhere(node_get_text(n, "host_ip", "")) ||
        num_port(node_get_text(n, "target", ""), &target) < 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        if (services[i].port == target)
            warnings_add(w, n->at,
                         "service '%s' publishes %s (port %u) on every address of this host; "
                         "write 127.0.0.1:%s:%u unless other machines need it",
                         service, services[i].what, target, published, target);
}

void database_ports_warn(const struct node *model, struct warnings *w)
{
    const struct node *map = node_get(model, "services");

    for (size_t i = 0; i < node_count(map); i++) {
        const struct node *ports = node_get(map->entries[i].value, "ports");

        for (size_t k = 0; k < node_count(ports); k++)
            port(ports->items[k], map->entries[i].key, w);
    }
}
