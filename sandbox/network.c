#include "sandbox/network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "sandbox/broker.h"
#include "sandbox/failpoint.h"
#include "sandbox/net.h"
#include "sandbox/policy.h"

enum { FILE_MAX = 4096 };

static void network_free(struct network *n)
{
    if (!n)
        return;
    free(n->name);
    free(n->project);
    free(n->ipv4);
    free(n->ipv6);
    free(n);
}

static int parse(json_t *fields, struct network **out, struct err *e)
{
    const char *project, *bridge, *ipv4, *ipv6;
    json_error_t why;
    int internal = 0, mtu = 0, r;

    if (json_unpack_ex(fields, &why, JSON_STRICT, "{s:s,s:s,s:b,s:s,s:s,s?i}", "project", &project,
                       "bridge", &bridge, "internal", &internal, "ipv4", &ipv4, "ipv6", &ipv6,
                       "mtu", &mtu) < 0)
        return err_set(e, -EINVAL, "network_create: %s", why.text);
    r = policy_name("project", project, e);
    if (r == 0)
        r = policy_bridge(bridge, e);
    if (r == 0)
        r = policy_subnets(ipv4, ipv6, e);
    if (r == 0)
        r = policy_mtu(mtu, ipv6[0] != '\0', e);
    if (r < 0)
        return r;
    struct network *n = calloc(1, sizeof *n);
    if (!n)
        return err_set(e, -ENOMEM, "out of memory");
    *n = (struct network){ .name = strdup(bridge),
                           .project = strdup(project),
                           .ipv4 = strdup(ipv4),
                           .ipv6 = strdup(ipv6),
                           .mtu = (unsigned) mtu,
                           .internal = internal };
    if (!n->name || !n->project || !n->ipv4 || !n->ipv6) {
        network_free(n);
        return err_set(e, -ENOMEM, "out of memory");
    }
    *out = n;
    return 0;
}

static bool same(const struct network *a, const struct network *b)
{
    return strcmp(a->project, b->project) == 0 && strcmp(a->ipv4, b->ipv4) == 0 &&
           strcmp(a->ipv6, b->ipv6) == 0 && a->internal == b->internal && a->mtu == b->mtu;
}

static char *record_path(const char *name)
{
    return paths_join("%s/networks/%s", paths_run(), name);
}

static int save(const struct network *n, struct err *e)
{
    auto_free char *path = record_path(n->name);
    json_t *json =
        json_pack("{s:s,s:s,s:b,s:s,s:s,s:i}", "project", n->project, "bridge", n->name, "internal",
                  (int) n->internal, "ipv4", n->ipv4, "ipv6", n->ipv6, "mtu", (int) n->mtu);
    auto_free char *text = json_dumps(json, JSON_COMPACT);
    int r = text ? fsio_write_volatile(AT_FDCWD, path, text, strlen(text), 0600) : -ENOMEM;

    json_decref(json);
    return r < 0 ? err_set(e, r, "writing %s: %s", path, strerror(-r)) : 0;
}

static void forget_record(const char *name)
{
    auto_free char *path = record_path(name);

    (void) unlink(path);
}

static struct net_bridge bridge_of(const struct network *n)
{
    return (struct net_bridge){
        .name = n->name,
        .ipv4 = n->ipv4,
        .ipv6 = n->ipv6,
        .mtu = n->mtu,
        .internal = n->internal,
    };
}

int network_rules(struct broker *b, const char *project, struct err *e)
{
    auto_arena a = arena_new();
    struct net_bridge *bridges;
    struct net_port *ports;
    size_t n_bridges = 0, n_ports = 0;
    int r = 0;

    for (struct guest *g = b->guests; g; g = g->hh.next)
        n_ports += g->spec.n_ports;
    bridges = arena_array(a, HASH_COUNT(b->networks) + 1, sizeof *bridges);
    ports = arena_array(a, n_ports + 1, sizeof *ports);
    n_ports = 0;
    for (struct network *n = b->networks; n; n = n->hh.next)
        if (strcmp(n->project, project) == 0)
            bridges[n_bridges++] = bridge_of(n);
    for (struct guest *g = b->guests; g; g = g->hh.next) {
        if (g->published && strcmp(g->spec.project, project) == 0 && r == 0) {
            r = publish_judge(b, g, e);
            guest_ports(g, ports + n_ports, a);
            n_ports += g->spec.n_ports;
        }
    }
    if (r < 0)
        return r;
    return net_rules_replace(project,
                             &(struct net_table){ .bridges = bridges,
                                                  .n_bridges = n_bridges,
                                                  .ports = ports,
                                                  .n_ports = n_ports,
                                                  .from = permit_publish_from(b->permit, project) },
                             e);
}

static int set_up(struct broker *b, const struct network *n, struct err *e)
{
    const struct net_bridge bridge = bridge_of(n);
    int r = net_bridge_create(&bridge, e);

    if (r == 0)
        r = network_rules(b, n->project, e);
    FAILPOINT(RULES_WRITTEN);
    if (r == 0 && !n->internal)
        r = net_forwarding_on(n->ipv4[0] != '\0', n->ipv6[0] != '\0', e);
    FAILPOINT(FORWARDING_ON);
    return r;
}

static void take_down(struct broker *b, struct network *n, struct err *e)
{
    int r;

    HASH_DEL(b->networks, n);
    r = network_rules(b, n->project, e);
    FAILPOINT(RULES_REPLACED);
    if (r == 0)
        r = net_bridge_remove(n->name, e);
    FAILPOINT(BRIDGE_REMOVED);
    if (r == 0)
        forget_record(n->name);
    FAILPOINT(NETWORK_FORGOTTEN);
    if (!b->networks)
        net_forwarding_restore();
    FAILPOINT(FORWARDING_RESTORED);
    network_free(n);
}

static int permit(const struct broker *b, const struct network *n, struct err *e)
{
    int r = n->ipv4[0] ? permit_subnet(b->permit, n->project, n->ipv4, e) : 0;

    return r == 0 && n->ipv6[0] ? permit_subnet(b->permit, n->project, n->ipv6, e) : r;
}

int network_create(struct broker *b, json_t *fields, struct err *e)
{
    struct network *n = NULL, *known = NULL;
    int r = parse(fields, &n, e);

    if (r < 0)
        return r;
    HASH_FIND_STR(b->networks, n->name, known);
    if (known) {
        r = same(known, n) ? 0
                           : err_set(e, -EEXIST, "network '%s' of project '%s' is different",
                                     known->name, known->project);
        network_free(n);
        return r;
    }
    if (HASH_COUNT(b->networks) >= LIMIT_NETWORKS)
        r = err_set(e, -E2BIG, "there are %d networks already", LIMIT_NETWORKS);
    if (r == 0)
        r = permit(b, n, e);
    if (r == 0)
        r = save(n, e);
    if (r < 0) {
        network_free(n);
        return r;
    }
    FAILPOINT(NETWORK_RECORDED);
    HASH_ADD_KEYPTR(hh, b->networks, n->name, strlen(n->name), n);
    r = set_up(b, n, e);
    if (r < 0)
        take_down(b, n, NULL);
    return r;
}

bool network_is_used(const struct broker *b, const char *name)
{
    for (const struct guest *g = b->guests; g; g = g->hh.next)
        for (size_t i = 0; i < g->spec.n_links && g->state != GUEST_ENDED; i++)
            if (strcmp(g->spec.links[i].bridge, name) == 0)
                return true;
    return false;
}

int network_remove(struct broker *b, const char *project, const char *name, struct err *e)
{
    struct network *n = NULL;
    struct err why = ERR_INIT;

    HASH_FIND_STR(b->networks, name, n);
    if (!n)
        return 0;
    if (strcmp(n->project, project) != 0)
        return err_set(e, -EPERM, "network '%s' belongs to project '%s'", name, n->project);
    if (network_is_used(b, name))
        return err_set(e, -EBUSY, "network '%s' is used by running instances", name);
    take_down(b, n, &why);
    if (why.code < 0 && e)
        *e = why;
    return why.code;
}

void network_remove_unused(struct broker *b)
{
    struct network *n, *next;

    HASH_ITER (hh, b->networks, n, next) {
        struct err e = ERR_INIT;

        if (network_is_used(b, n->name))
            continue;
        log_line(LOG_WARN, "removing a network nobody wants bridge=%s", n->name);
        take_down(b, n, &e);
        if (e.code < 0)
            log_err(&e, "removing a network");
    }
}

static void adopt_one(struct broker *b, const char *name)
{
    auto_free char *path = record_path(name);
    auto_free char *text = NULL;
    struct err e = ERR_INIT;
    struct network *n = NULL;
    json_t *json = NULL;

    if (fsio_read(AT_FDCWD, path, FILE_MAX, &text, NULL) == 0)
        json = json_loads(text, 0, NULL);
    if (!json || parse(json, &n, &e) < 0) {
        log_line(LOG_WARN, "network record is not readable, dropped path=%s", path);
        (void) unlink(path);
    } else {
        HASH_ADD_KEYPTR(hh, b->networks, n->name, strlen(n->name), n);
    }
    json_decref(json);
}

int network_adopt(struct broker *b, struct err *e)
{
    auto_free char *path = paths_join("%s/networks", paths_run());
    auto_dir dir = opendir(path);
    const struct dirent *entry;

    if (!dir)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            adopt_one(b, entry->d_name);
    if (!b->networks) /* a broker may have ended after the last one went */
        net_forwarding_restore();
    return 0;
}

void network_refresh(struct broker *b)
{
    for (struct network *n = b->networks; n; n = n->hh.next) {
        struct err e = ERR_INIT;

        if (set_up(b, n, &e) < 0)
            log_err(&e, "restoring a network");
    }
}

void network_forget(struct broker *b)
{
    struct network *n, *next;

    HASH_ITER (hh, b->networks, n, next) {
        HASH_DEL(b->networks, n);
        network_free(n);
    }
}
