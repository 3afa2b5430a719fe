/* Do services reach those they share a network with, and nobody else (R8.1)? */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "model/member.h"
#include "verify/lines.h"
#include "verify/verify_impl.h"

/* "ADDRESS PORT" lines; says which of them are open.  Few at a time: each is two processes, and a
 * service may have few. */
static const char knock[] =
    "while read -r host port; do timeout 1 bash -c "
    "'exec 3<>\"/dev/tcp/$0/$1\" && echo \"open $0 $1\"' \"$host\" \"$port\" 2>/dev/null & "
    "done <<E\n$1\nE\nwait";
enum { AT_ONCE = 8, PORTS_MAX = 8, ADDRESSES_MAX = 8 };

/* a service with the addresses it has and the TCP ports it is known to listen on */
struct peer {
    const struct unit *unit;
    uint16_t ports[PORTS_MAX];
    size_t n_ports;
    char **addresses;
};

struct peers {
    struct peer *items;
    size_t n;
};

static void add_port(struct peer *p, uint16_t port)
{
    for (size_t i = 0; i < p->n_ports; i++)
        if (p->ports[i] == port)
            return;
    if (port > 0 && p->n_ports < PORTS_MAX)
        p->ports[p->n_ports++] = port;
}

/* of http://host:port/ */
static uint16_t port_of(const char *url)
{
    const char *host = strstr(url, "://"), *colon = host ? strchr(host + 3, ':') : NULL;
    char digits[8] = "";
    uint16_t port = 0;

    if (!host || !colon)
        return 0;
    (void) snprintf(digits, sizeof digits, "%.*s", (int) strspn(colon + 1, "0123456789"),
                    colon + 1);
    return num_port(digits, &port) < 0 ? 0 : port;
}

static void find_ports(const struct verify *v, struct peer *p)
{
    const struct unit *u = p->unit;
    const struct verify_spec *spec = &v->project->verify;

    for (size_t i = 0; i < u->n_ports; i++)
        add_port(p, u->ports[i].udp ? 0 : u->ports[i].target);
    for (size_t i = 0; i < u->n_listen; i++)
        add_port(p, u->listen[i].port);
    add_port(p, u->health.probe.port);
    if (u->health.probe.kind == PROBE_HTTP)
        add_port(p, port_of(u->health.probe.url));
    if (strcmp(spec->backend, u->name) == 0)
        add_port(p, spec->backend_port);
    if (strcmp(v->project->database.unit, u->name) == 0)
        add_port(p, v->project->database.port);
}

static void add_address(struct peer *p, const char *address)
{
    if (strncmp(address, "127.", 4) != 0 && !strv_has(p->addresses, address) &&
        strv_len(p->addresses) < ADDRESSES_MAX)
        strv_append(&p->addresses, address);
}

/* 32 digits of /proc/net/if_inet6, whose scope is global: "00" */
static void add_ipv6(struct peer *p, const char *line)
{
    char text[INET6_ADDRSTRLEN], scope[3] = "";
    unsigned index, prefix;
    struct in6_addr a;

    for (size_t i = 0; i < sizeof a.s6_addr; i++)
        if (sscanf(line + 2 * i, "%2hhx", &a.s6_addr[i]) != 1)
            return;
    if (sscanf(line + 32, " %x %x %2s", &index, &prefix, scope) == 3 && strcmp(scope, "00") == 0 &&
        inet_ntop(AF_INET6, &a, text, sizeof text))
        add_address(p, text);
}

/* as the kernel has them: /proc/net/fib_trie says "|-- ADDRESS", then "/32 host LOCAL" */
static void find_addresses(const struct verify *v, struct peer *p)
{
    auto_free char *tables = NULL;
    const char *last = NULL;
    char *rest;

    if (verify_inside(v, p->unit->name, "cat /proc/net/fib_trie /proc/net/if_inet6", NULL, &tables,
                      NULL) < 0)
        return;
    rest = tables;
    for (char *line; (line = strsep(&rest, "\n"));) {
        const char *leaf = strstr(line, "|-- ");

        if (leaf)
            last = leaf + 4;
        else if (last && strstr(line, "/32 host LOCAL"))
            add_address(p, last);
        else if (strspn(line, "0123456789abcdef") == 32)
            add_ipv6(p, line);
    }
}

static void peers_find(const struct verify *v, struct peers *out)
{
    const struct project *project = v->project;

    out->items = calloc(project->n_units + 1, sizeof *out->items);
    if (!out->items)
        abort();
    for (size_t i = 0; i < project->n_units; i++) {
        const struct unit *u = &project->units[i];

        /* who lives in another's network, or in the host's, has none of its own */
        if (u->network_of[0] != '\0' || u->n_networks == 0 || !verify_instance(v, u->name) ||
            u->n_listen > 0)
            continue;
        out->items[out->n] = (struct peer){ .unit = u };
        find_ports(v, &out->items[out->n]);
        find_addresses(v, &out->items[out->n++]);
    }
}

static void peers_clear(struct peers *p)
{
    for (size_t i = 0; i < p->n; i++)
        strv_free(p->items[i].addresses);
    free(p->items);
}

static bool share_network(const struct unit *a, const struct unit *b)
{
    for (size_t i = 0; i < a->n_networks; i++)
        for (size_t k = 0; k < b->n_networks; k++)
            if (strcmp(a->networks[i].network, b->networks[k].network) == 0)
                return true;
    return false;
}

/* tries what is collected, adds what it found to `found`, and begins anew */
static int flush(const struct verify *v, const char *from, char ***targets, char **found,
                 struct err *e)
{
    auto_free char *list = strv_join(*targets, "\n"), *output = NULL, *before = *found;
    int r;

    *found = NULL;
    r = verify_inside(v, from, knock, (const char *const[]){ list, NULL }, &output, e);
    if (asprintf(found, "%s%s", before ? before : "", output ? output : "") < 0)
        abort();
    strv_free(*targets);
    *targets = NULL;
    return r;
}

/* from `from`, all of the peers that share a network with it, or all that do not: one line
 * "open ADDRESS PORT" for each that answers */
static int knock_all(const struct verify *v, const struct peers *peers, const struct peer *from,
                     bool sharing, char **found, struct err *e)
{
    auto_strv targets = NULL;
    int r = 0;

    for (size_t i = 0; i < peers->n; i++) {
        const struct peer *to = &peers->items[i];

        if (to == from || share_network(from->unit, to->unit) != sharing)
            continue;
        for (size_t k = 0; k < to->n_ports; k++)
            for (char **a = to->addresses; r == 0 && a && *a; a++) {
                strv_appendf(&targets, "%s %u", *a, to->ports[k]);
                if (strv_len(targets) == AT_ONCE)
                    r = flush(v, from->unit->name, &targets, found, e);
            }
    }
    return r == 0 && targets ? flush(v, from->unit->name, &targets, found, e) : r;
}

/* is the port open at one of its addresses? */
static bool answers(const struct peer *to, uint16_t port, const char *found)
{
    for (char **a = to->addresses; found && a && *a; a++) {
        char line[128];

        (void) snprintf(line, sizeof line, "open %s %u", *a, port);
        if (lines_have(found, line))
            return true;
    }
    return false;
}

/* what is said of one service: those that are open and should not be, or the other way round */
static void tell(struct verify *v, const struct peers *peers, const struct peer *from,
                 const char *found, bool sharing)
{
    char good[512] = "", bad[512] = "";

    for (size_t i = 0; i < peers->n; i++) {
        const struct peer *to = &peers->items[i];

        if (to == from || share_network(from->unit, to->unit) != sharing)
            continue;
        for (size_t k = 0; k < to->n_ports && to->addresses; k++) {
            char *list = answers(to, to->ports[k], found) == sharing ? good : bad;

            (void) snprintf(list + strlen(list), sizeof good - strlen(list), "%s%s:%u",
                            list[0] ? ", " : "", to->unit->name, to->ports[k]);
        }
    }
    if (bad[0]) {
        verify_say(v, VERIFY_FAIL, from->unit->name, "%s: %s",
                   sharing ? "it does not reach" : "it reaches", bad);
        verify_next(v, sharing ? "ipam-orch ps"
                               : "nft list ruleset, then: ipam-orch down && "
                                 "ipam-orch up");
    } else if (good[0]) {
        verify_say(v, VERIFY_OK, from->unit->name, "%s: %s",
                   sharing ? "it reaches" : "it does not reach", good);
    }
}

static void verify_peers(struct verify *v, bool sharing)
{
    struct peers peers = { 0 };

    peers_find(v, &peers);
    for (size_t i = 0; i < peers.n; i++) {
        auto_free char *found = NULL;
        struct err e = ERR_INIT;

        if (knock_all(v, &peers, &peers.items[i], sharing, &found, &e) < 0)
            verify_say(v, VERIFY_FAIL, peers.items[i].unit->name, "%s", e.msg);
        else
            tell(v, &peers, &peers.items[i], found, sharing);
    }
    peers_clear(&peers);
}

void verify_network_reach(struct verify *v)
{
    verify_peers(v, true);
}

void verify_network_isolation(struct verify *v)
{
    verify_peers(v, false);
}

/* ---- the way out ---- */

static bool is_internal_only(const struct project *p, const struct unit *u)
{
    for (size_t i = 0; i < u->n_networks; i++) {
        const struct network *n = project_network(p, u->networks[i].network);

        if (!n || !n->internal)
            return false;
    }
    return u->n_networks > 0 && u->network_of[0] == '\0';
}

/* /proc/net/route: "eth0 00000000 ..."; ipv6_route: zeros, 00, ..., device */
static bool is_default_route(const char *line)
{
    static const char zeros[] = "00000000000000000000000000000000 00 ";
    const char *word = strpbrk(line, " \t");

    if (strncmp(line, zeros, sizeof zeros - 1) == 0)
        return strcmp(line + strlen(line) - 2, "lo") != 0;
    while (word && isspace((unsigned char) *word))
        word++;
    return word && strncmp(word, "00000000\t", 9) == 0;
}

void verify_network_out(struct verify *v)
{
    static const char script[] =
        "cat /proc/net/route /proc/net/ipv6_route; "
        "timeout 1 bash -c 'exec 3<>/dev/tcp/1.1.1.1/443 && echo out' 2>/dev/null || true";

    for (size_t i = 0; i < v->project->n_units; i++) {
        const struct unit *u = &v->project->units[i];
        auto_free char *output = NULL;
        struct err e = ERR_INIT;
        const char *route = NULL;
        bool out = false;
        char *rest;

        if (!is_internal_only(v->project, u) || !verify_instance(v, u->name) || u->n_listen > 0)
            continue;
        if (verify_inside(v, u->name, script, NULL, &output, &e) < 0) {
            verify_say(v, VERIFY_FAIL, u->name, "%s", e.msg);
            continue;
        }
        rest = output;
        for (char *line; (line = strsep(&rest, "\n"));) {
            out |= strcmp(line, "out") == 0;
            while (line[0] && isspace((unsigned char) line[strlen(line) - 1]))
                line[strlen(line) - 1] = '\0';
            if (is_default_route(line))
                route = line;
        }
        if (route || out)
            verify_say(v, VERIFY_FAIL, u->name, "it has a way out: %s",
                       out ? "1.1.1.1:443 answers" : "a default route");
        else
            verify_say(v, VERIFY_OK, u->name, "no default route, and 1.1.1.1:443 is not reached");
    }
}
