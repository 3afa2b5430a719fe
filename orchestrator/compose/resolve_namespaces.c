/* Namespaces that a service shares, other than its network. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "compose/resolve.h"

static bool is_host(const struct node *n)
{
    return n && strcmp(n->text, "host") == 0;
}

/* Its name is the host's, so it has none to choose. */
static int uts(struct resolve *r, struct err *e)
{
    static const char *const names[] = { "hostname", "domainname" };
    struct utsname host;

    r->unit->host_uts = is_host(node_get(r->service, "uts"));
    if (!r->unit->host_uts)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (node_get(r->service, names[i]))
            return resolve_refuse(node_get(r->service, names[i]), e,
                                  "'%s' and 'uts: host' exclude each other: the name is the host's",
                                  names[i]);
    if (uname(&host) == 0)
        r->unit->hostname = arena_strdup(r->arena, host.nodename);
    return 0;
}

/* What is shared knows the ids of the host alone. */
static int check_users(const struct resolve *r, struct err *e)
{
    const struct {
        bool shared;
        const char *key;
    } of[] = { { r->unit->host_uts, "uts" }, { r->unit->host_cgroup, "cgroup" } };

    for (size_t i = 0; r->unit->own_users && i < ARRAY_LEN(of); i++) {
        const struct node *n = node_get(r->service, of[i].key);

        if (of[i].shared)
            return resolve_refuse(n, e,
                                  "'%s: %s' and a user namespace of its own exclude each other"
                                  " (userns_mode: %s)",
                                  of[i].key, n->text, node_get_text(r->service, "userns_mode", ""));
    }
    return 0;
}

int resolve_namespaces(struct resolve *r, struct err *e)
{
    int code = uts(r, e);

    r->unit->host_cgroup = is_host(node_get(r->service, "cgroup"));
    return code < 0 ? code : check_users(r, e);
}
