#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/cidr.h"
#include "base/num.h"
#include "base/paths.h"
#include "sandbox/firewall.h"
#include "sandbox/net.h"
#include "sandbox/nft.h"

/* The table, in nft's own words:
 *
 *   table inet ipam-orch[-TAG]-PROJECT {
 *       set bridges, external, internal  { type ifname }            # internal: not to the outside
 *       set same   { type ifname . ifname }                         # both ends are one bridge
 *       set nets4, nets6 { type ipv4_addr/ipv6_addr; flags interval }   # of external bridges
 *       map any4_addr  { type inet_proto . inet_service : ipv4_addr }     # published on all
 *       map any4_port  { type inet_proto . inet_service : inet_service }  # addresses
 *       map host4_addr { type ipv4_addr . inet_proto . inet_service : ipv4_addr } ...
 *       set any4_shut, host4_shut         # of those, not for other machines
 *       ... and the same with 6
 *       set from4, from6 { type ipv4_addr/ipv6_addr; flags interval }   # who may, unless anybody
 *       chain raw         iifname @bridges ip daddr 127.0.0.0/8 drop
 *       chain prerouting  iifname != lo iifname != io* ip daddr . meta l4proto . th dport
 * @host4_shut return iifname != lo iifname != io* meta l4proto . th dport @any4_shut return iifname
 * != lo iifname != io* ip saddr != @from4 return chain prerouting, output ip daddr . meta l4proto .
 * th dport in host4_* -> dnat fib daddr type local, meta l4proto . th dport in any4_* -> dnat chain
 * postrouting oifname @bridges ip saddr 127.0.0.0/8 masquerade oifname @bridges ip saddr @nets4 ct
 * status dnat masquerade oifname != @bridges ip saddr @nets4 masquerade chain forward     iifname .
 * oifname @same accept oifname @bridges ct state established,related accept iifname @internal drop
 *                         oifname @external ct status dnat accept
 *                         oifname @bridges drop
 *       chain input       iifname @bridges ct state established,related accept
 *                         iifname @bridges meta l4proto { icmp, ipv6-icmp } accept
 *                         iifname @bridges drop
 *   }
 *
 * Address and port of a destination are two maps because the JSON form of nft 1.0 cannot declare a
 * map to a concatenation. */

enum { NAME_ROOM = 128 };

struct batch {
    char table[NET_TABLE];
    json_t *commands;
};

void net_rules_table(const char *project, char out[NET_TABLE])
{
    const char *tag = paths_tag();

    (void) snprintf(out, NET_TABLE, FIREWALL_OURS "%s%s-%s", tag[0] ? "-" : "", tag, project);
}

static struct batch batch_begin(const char *project)
{
    struct batch b = { .commands = json_array() };

    net_rules_table(project, b.table);
    return b;
}

/* appends {verb: {kind: object}} after naming family and table in the object; steals `object` */
static void put(struct batch *b, const char *verb, const char *kind, json_t *object)
{
    (void) json_object_set_new(object, "family", json_string("inet"));
    (void) json_object_set_new(object, strcmp(kind, "table") == 0 ? "name" : "table",
                               json_string(b->table));
    (void) json_array_append_new(b->commands, json_pack("{s:{s:o}}", verb, kind, object));
}

static int batch_run(struct batch *b, struct err *e)
{
    int r = nft_run(b->commands, e);

    return r < 0 ? err_wrap(e, "table '%s'", b->table) : 0;
}

/* ---- words of the rule language ---- */

static json_t *meta(const char *key)
{
    return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *field(const char *protocol, const char *name)
{
    return json_pack("{s:{s:s,s:s}}", "payload", "protocol", protocol, "field", name);
}

static json_t *match(const char *op, json_t *left, json_t *right)
{
    return json_pack("{s:{s:s,s:o,s:o}}", "match", "op", op, "left", left, "right", right);
}

static json_t *match_interface(const char *key, const char *op, const char *set)
{
    return match(op, meta(key), json_string(set));
}

static json_t *match_dnat(void)
{
    return match("in", json_pack("{s:{s:s}}", "ct", "key", "status"), json_string("dnat"));
}

static json_t *loopback(void)
{
    return json_pack("{s:{s:s,s:i}}", "prefix", "addr", "127.0.0.0", "len", 8);
}

static json_t *verdict(const char *name)
{
    return json_pack("{s:n}", name);
}

static void put_rule(struct batch *b, const char *chain, json_t *expressions)
{
    put(b, "add", "rule", json_pack("{s:s,s:o}", "chain", chain, "expr", expressions));
}

static void put_chain(struct batch *b, const char *name, const char *type, const char *hook,
                      int priority)
{
    put(b, "add", "chain",
        json_pack("{s:s,s:s,s:s,s:i,s:s}", "name", name, "type", type, "hook", hook, "prio",
                  priority, "policy", "accept"));
}

static void put_set(struct batch *b, const char *name, json_t *type, const char *flag)
{
    json_t *set = json_pack("{s:s,s:o}", "name", name, "type", type);

    if (flag)
        (void) json_object_set_new(set, "flags", json_pack("[s]", flag));
    put(b, "add", "set", set);
}

static void put_element(struct batch *b, const char *verb, const char *set, json_t *element)
{
    put(b, verb, "element", json_pack("{s:s,s:[o]}", "name", set, "elem", element));
}

/* ---- the fixed part ---- */

struct family {
    const char *digit, *protocol, *address_type, *dnat, *nfproto;
};
static const struct family families[] = { { "4", "ip", "ipv4_addr", "ip", "ipv4" },
                                          { "6", "ip6", "ipv6_addr", "ip6", "ipv6" } };

static void map_name(char out[NAME_ROOM], const struct family *f, bool any, const char *what)
{
    (void) snprintf(out, NAME_ROOM, "%s%s_%s", any ? "any" : "host", f->digit, what);
}

static json_t *key_type(const struct family *f, bool any)
{
    return any ? json_pack("[s,s]", "inet_proto", "inet_service")
               : json_pack("[s,s,s]", f->address_type, "inet_proto", "inet_service");
}

static json_t *wanted_port(const struct family *f, bool any)
{
    json_t *key = json_array();

    if (!any)
        (void) json_array_append_new(key, field(f->protocol, "daddr"));
    (void) json_array_append_new(key, meta("l4proto"));
    (void) json_array_append_new(key, field("th", "dport"));
    return json_pack("{s:o}", "concat", key);
}

static json_t *lookup(const struct family *f, bool any, const char *what)
{
    char name[NAME_ROOM], reference[NAME_ROOM + 1];

    map_name(name, f, any, what);
    (void) snprintf(reference, sizeof reference, "@%s", name);
    return json_pack("{s:{s:o,s:s}}", "map", "key", wanted_port(f, any), "data", reference);
}

static json_t *redirect(const struct family *f, bool any)
{
    return json_pack("{s:{s:s,s:o,s:o}}", "dnat", "family", f->dnat, "addr", lookup(f, any, "addr"),
                     "port", lookup(f, any, "port"));
}

static void put_maps(struct batch *b, const struct family *f)
{
    for (int any = 0; any <= 1; any++) {
        char name[NAME_ROOM];

        map_name(name, f, any, "addr");
        put(b, "add", "map",
            json_pack("{s:s,s:o,s:s}", "name", name, "type", key_type(f, any), "map",
                      f->address_type));
        map_name(name, f, any, "port");
        put(b, "add", "map",
            json_pack("{s:s,s:o,s:s}", "name", name, "type", key_type(f, any), "map",
                      "inet_service"));
        map_name(name, f, any, "shut");
        put_set(b, name, key_type(f, any), NULL);
    }
}

/* `condition` for packets of other machines: with `return` the host receives them itself, and its
 * own rules say what becomes of them */
static void put_return(struct batch *b, const struct family *f, json_t *condition)
{
    put_rule(b, "prerouting",
             json_pack("[o,o,o,o,o]", match_interface("iifname", "!=", "lo"),
                       match_interface("iifname", "!=", "io*"),
                       match("==", meta("nfproto"), json_string(f->nfproto)), condition,
                       verdict("return")));
}

static void put_shut(struct batch *b, const struct family *f, bool limited)
{
    char name[NAME_ROOM], reference[NAME_ROOM + 1];

    for (int any = 0; any <= 1; any++) {
        map_name(name, f, any, "shut");
        (void) snprintf(reference, sizeof reference, "@%s", name);
        put_return(b, f, match("==", wanted_port(f, any), json_string(reference)));
    }
    (void) snprintf(reference, sizeof reference, "@from%s", f->digit);
    if (limited)
        put_return(b, f, match("!=", field(f->protocol, "saddr"), json_string(reference)));
}

static void put_redirects(struct batch *b, const char *chain, const struct family *f)
{
    json_t *local =
        match("==", json_pack("{s:{s:s,s:s}}", "fib", "result", "type", "flags", "daddr"),
              json_string("local"));

    put_rule(b, chain, json_pack("[o]", redirect(f, false)));
    if (f->digit[0] == '4')
        put_rule(b, chain, json_pack("[o,o]", local, redirect(f, true)));
    else /* there is no route_localnet for ::1: such a packet could not come back */
        put_rule(b, chain,
                 json_pack("[o,o,o]", local, match("!=", field("ip6", "daddr"), json_string("::1")),
                           redirect(f, true)));
}

static void put_masquerade(struct batch *b, const struct family *f)
{
    char nets[NAME_ROOM];

    (void) snprintf(nets, sizeof nets, "@nets%s", f->digit);
    put_rule(b, "postrouting",
             json_pack("[o,o,o,o]", match_interface("oifname", "==", "@bridges"),
                       match("==", field(f->protocol, "saddr"), json_string(nets)), match_dnat(),
                       verdict("masquerade")));
    put_rule(b, "postrouting",
             json_pack("[o,o,o]", match_interface("oifname", "!=", "@bridges"),
                       match("==", field(f->protocol, "saddr"), json_string(nets)),
                       verdict("masquerade")));
}

static json_t *match_answers(void)
{
    return match("in", json_pack("{s:{s:s}}", "ct", "key", "state"),
                 json_pack("[s,s]", "established", "related"));
}

/* What listens on the host's own addresses is not for instances; published ports are rewritten
 * before and do not come here. */
static void put_input(struct batch *b)
{
    /* numbers: names need /etc/protocols, which a small installation has not */
    json_t *icmp = json_pack("{s:[i,i]}", "set", (int) IPPROTO_ICMP, (int) IPPROTO_ICMPV6);

    put_rule(b, "input",
             json_pack("[o,o,o]", match_interface("iifname", "==", "@bridges"), match_answers(),
                       verdict("accept")));
    put_rule(b, "input",
             json_pack("[o,o,o]", match_interface("iifname", "==", "@bridges"),
                       match("==", meta("l4proto"), icmp), verdict("accept")));
    put_rule(b, "input",
             json_pack("[o,o]", match_interface("iifname", "==", "@bridges"), verdict("drop")));
}

static void put_forward(struct batch *b)
{
    json_t *pair = json_pack("{s:[o,o]}", "concat", meta("iifname"), meta("oifname"));

    put_rule(b, "forward",
             json_pack("[o,o]", match("==", pair, json_string("@same")), verdict("accept")));
    put_rule(b, "forward",
             json_pack("[o,o,o]", match_interface("oifname", "==", "@bridges"), match_answers(),
                       verdict("accept")));
    put_rule(b, "forward",
             json_pack("[o,o]", match_interface("iifname", "==", "@internal"), verdict("drop")));
    put_rule(b, "forward",
             json_pack("[o,o,o]", match_interface("oifname", "==", "@external"), match_dnat(),
                       verdict("accept")));
    put_rule(b, "forward",
             json_pack("[o,o]", match_interface("oifname", "==", "@bridges"), verdict("drop")));
}

static void put_table(struct batch *b, bool limited)
{
    static const char *const name_sets[] = { "bridges", "external", "internal" };

    put(b, "add", "table", json_object());
    for (size_t i = 0; i < ARRAY_LEN(name_sets); i++)
        put_set(b, name_sets[i], json_string("ifname"), NULL);
    put_set(b, "same", json_pack("[s,s]", "ifname", "ifname"), NULL);
    put_set(b, "nets4", json_string("ipv4_addr"), "interval");
    put_set(b, "nets6", json_string("ipv6_addr"), "interval");
    put_set(b, "from4", json_string("ipv4_addr"), "interval");
    put_set(b, "from6", json_string("ipv6_addr"), "interval");
    put_chain(b, "raw", "filter", "prerouting", -300);
    put_chain(b, "prerouting", "nat", "prerouting", -100);
    put_chain(b, "output", "nat", "output", -100);
    put_chain(b, "postrouting", "nat", "postrouting", 100);
    put_chain(b, "forward", "filter", "forward", 0);
    put_chain(b, "input", "filter", "input", 0);
    put_rule(b, "raw",
             json_pack("[o,o,o]", match_interface("iifname", "==", "@bridges"),
                       match("==", field("ip", "daddr"), loopback()), verdict("drop")));
    put_rule(b, "postrouting",
             json_pack("[o,o,o]", match_interface("oifname", "==", "@bridges"),
                       match("==", field("ip", "saddr"), loopback()), verdict("masquerade")));
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        put_maps(b, &families[i]);
        put_shut(b, &families[i], limited);
        put_redirects(b, "prerouting", &families[i]);
        put_redirects(b, "output", &families[i]);
        put_masquerade(b, &families[i]);
    }
    put_forward(b);
    put_input(b);
}

/* ---- the part that changes ---- */

static void put_net(struct batch *b, const char *set, const char *cidr)
{
    const char *slash = strchr(cidr, '/');
    uint64_t prefix = 0;

    if (slash && num_u64(slash + 1, 128, &prefix) == 0)
        put_element(b, "add", set,
                    json_pack("{s:{s:s%,s:i}}", "prefix", "addr", cidr, (size_t) (slash - cidr),
                              "len", (int) prefix));
}

static void put_bridge(struct batch *b, const struct net_bridge *bridge)
{
    put_element(b, "add", "bridges", json_string(bridge->name));
    put_element(b, "add", bridge->internal ? "internal" : "external", json_string(bridge->name));
    put_element(b, "add", "same", json_pack("{s:[s,s]}", "concat", bridge->name, bridge->name));
    if (bridge->internal)
        return;
    if (bridge->ipv4[0])
        put_net(b, "nets4", bridge->ipv4);
    if (bridge->ipv6[0])
        put_net(b, "nets6", bridge->ipv6);
}

/* on all addresses of the host, at least of one kind */
static bool is_any(const struct spec_port *p)
{
    return p->address[0] == '\0' || strcmp(p->address, "0.0.0.0") == 0 ||
           strcmp(p->address, "::") == 0;
}

static json_t *port_key(const struct spec_port *p)
{
    const char *protocol = p->udp ? "udp" : "tcp";

    return is_any(p) ? json_pack("{s:[s,i]}", "concat", protocol, (int) p->published)
                     : json_pack("{s:[s,s,i]}", "concat", p->address, protocol, (int) p->published);
}

static void put_port(struct batch *b, const char *verb, const struct net_port *p)
{
    const char *to[] = { p->ipv4, p->ipv6 };
    const char *address = p->port->address;
    bool any = is_any(p->port), is_v6 = strchr(address, ':') != NULL;

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        char name[NAME_ROOM];

        if (to[i][0] == '\0' || (address[0] != '\0' && is_v6 != (i == 1)))
            continue;
        map_name(name, &families[i], any, "addr");
        put_element(b, verb, name, json_pack("[o,s]", port_key(p->port), to[i]));
        map_name(name, &families[i], any, "port");
        put_element(b, verb, name, json_pack("[o,i]", port_key(p->port), (int) p->port->target));
        map_name(name, &families[i], any, "shut");
        if (p->shut[i])
            put_element(b, verb, name, port_key(p->port));
    }
}

/* words of policy.conf; what is no range, such as none, permits nobody */
static void put_from(struct batch *b, const char *const *words)
{
    for (; *words; words++) {
        struct cidr range = { 0 };
        char text[CIDR_TEXT];

        if (cidr_parse(*words, &range) < 0)
            continue;
        (void) cidr_nth(&range, 0, &range);
        cidr_format(&range, text);
        put_net(b, range.family == AF_INET ? "from4" : "from6", text);
    }
}

int net_rules_replace(const char *project, const struct net_table *t, struct err *e)
{
    struct batch b = batch_begin(project);

    put(&b, "add", "table", json_object()); /* so that deleting it cannot fail */
    put(&b, "delete", "table", json_object());
    if (t->n_bridges > 0) {
        put_table(&b, t->from != NULL);
        put_from(&b, t->from ? t->from : (const char *const[]){ NULL });
    }
    for (size_t i = 0; i < t->n_bridges; i++)
        put_bridge(&b, &t->bridges[i]);
    for (size_t i = 0; i < t->n_ports && t->n_bridges > 0; i++)
        put_port(&b, "add", &t->ports[i]);
    return batch_run(&b, e);
}

static int run_changes(struct batch *b, struct err *e)
{
    if (json_array_size(b->commands) > 0)
        return batch_run(b, e);
    json_decref(b->commands);
    return 0;
}

static int change_ports(const char *project, const char *verb, const struct net_port *ports,
                        size_t n, struct err *e)
{
    struct batch b = batch_begin(project);

    for (size_t i = 0; i < n; i++)
        put_port(&b, verb, &ports[i]);
    return run_changes(&b, e);
}

int net_rules_move(const char *project, const struct net_port *from, size_t n_from,
                   const struct net_port *to, size_t n_to, struct err *e)
{
    struct batch b = batch_begin(project);

    for (size_t i = 0; i < n_from; i++)
        put_port(&b, "delete", &from[i]);
    for (size_t i = 0; i < n_to; i++)
        put_port(&b, "add", &to[i]);
    return run_changes(&b, e);
}

int net_rules_publish(const char *project, const struct net_port *ports, size_t n, struct err *e)
{
    return change_ports(project, "add", ports, n, e);
}

int net_rules_withdraw(const char *project, const struct net_port *ports, size_t n, struct err *e)
{
    return change_ports(project, "delete", ports, n, e);
}
