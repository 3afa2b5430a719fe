#include "sandbox/publish.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "sandbox/broker.h"
#include "sandbox/flows.h"

/* a reload of a large firewall fits in */
enum { RECEIVE_ROOM = 8 * 1024 * 1024, MESSAGE_MAX = 64 * 1024, NAME_ATTRIBUTE = 1 };

/* ---- deciding ---- */

static int know(struct broker *b, struct err *e)
{
    int r = b->publisher.known ? 0 : firewall_read(&b->publisher.firewall, e);

    b->publisher.known = r == 0;
    return r < 0 ? err_wrap(e, "the firewall of the host") : 0;
}

static bool is_shut(const struct broker *b, const struct guest *g, size_t port, bool ipv6,
                    char why[FIREWALL_WHY])
{
    const struct spec_port *p = &g->spec.ports[port];
    const struct firewall_packet asked = { .ipv6 = ipv6, .udp = p->udp, .port = p->published };

    return !permit_past_firewall(b->permit, g->spec.project) &&
           !firewall_admits(&b->publisher.firewall, &asked, why);
}

static bool is_loopback(const struct spec_port *p)
{
    return strncmp(p->address, "127.", 4) == 0 || strcmp(p->address, "::1") == 0;
}

/* may others come to it that way at all? */
static bool is_offered(const struct guest *g, const struct spec_port *p, bool ipv6)
{
    bool has = false;

    if (is_loopback(p))
        return false;
    if (p->address[0] != '\0')
        return (strchr(p->address, ':') != NULL) == ipv6;
    for (size_t i = 0; i < g->spec.n_links; i++)
        has |= (ipv6 ? g->spec.links[i].gateway6 : g->spec.links[i].gateway4)[0] != '\0';
    return has;
}

/* true if what shuts it is another now */
static bool judge_port(const struct broker *b, struct guest *g, size_t port)
{
    const struct spec_port *p = &g->spec.ports[port];
    char by[FIREWALL_WHY] = "";
    bool changed;

    for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
        bool was = g->shut[port][ipv6];
        char why[FIREWALL_WHY] = "";

        g->shut[port][ipv6] = is_shut(b, g, port, ipv6, why);
        if (!g->shut[port][ipv6] || !is_offered(g, p, ipv6))
            continue;
        if (by[0] == '\0')
            memcpy(by, why, sizeof by);
        if (!was)
            log_line(LOG_WARN,
                     "port is not open to other machines id=%s port=%u/%s family=%s "
                     "reason=\"the host's firewall, %s, does not let everybody in\" "
                     "hint=\"accept the port there, or publish-past-firewall = yes\"",
                     g->id, p->published, p->udp ? "udp" : "tcp", ipv6 ? "ipv6" : "ipv4", why);
    }
    changed = strcmp(by, g->shut_by[port]) != 0;
    memcpy(g->shut_by[port], by, sizeof by);
    return changed;
}

json_t *publish_shut(const struct guest *g)
{
    json_t *list = json_array();

    for (size_t i = 0; i < g->spec.n_ports; i++)
        (void) json_array_append_new(list, json_string(g->shut_by[i]));
    return list;
}

int publish_judge(struct broker *b, struct guest *g, struct err *e)
{
    int r = know(b, e);
    bool changed = false;

    for (size_t i = 0; i < g->spec.n_ports && r == 0; i++)
        changed |= judge_port(b, g, i);
    if (changed && g->pid > 0) /* before, `started` tells it */
        broker_event(
            b, json_pack("{s:s,s:s,s:o}", "event", "shut", "id", g->id, "shut", publish_shut(g)));
    return r;
}

static bool judgement_holds(const struct broker *b, const struct guest *g)
{
    char why[FIREWALL_WHY];

    for (size_t i = 0; i < g->spec.n_ports; i++)
        for (int ipv6 = 0; ipv6 <= 1; ipv6++)
            if (g->shut[i][ipv6] != is_shut(b, g, i, ipv6, why))
                return false;
    return true;
}

/* ---- changes of packet rules ---- */

struct news {
    bool firewall, overflow;
};

static void mark(struct broker *b, const char *table, bool lost)
{
    for (struct network *n = b->networks; n; n = n->hh.next) {
        char own[NET_TABLE];

        net_rules_table(n->project, own);
        if (!table || strcmp(own, table) == 0)
            n->rules_lost = lost;
    }
}

/* the name of the table a message is about; "" = none */
static void table_of(const struct nlmsghdr *m, char out[NET_TABLE])
{
    const char *at = (const char *) m + NLMSG_SPACE(sizeof(struct nfgenmsg));
    size_t left = m->nlmsg_len - NLMSG_SPACE(sizeof(struct nfgenmsg));
    struct nlattr a;

    out[0] = '\0';
    if (m->nlmsg_len < NLMSG_SPACE(sizeof(struct nfgenmsg)) + sizeof a)
        return;
    /* the first attribute of all of them but NEWGEN */
    memcpy(&a, at, sizeof a);
    if ((a.nla_type & NLA_TYPE_MASK) != NAME_ATTRIBUTE || a.nla_len < sizeof a || a.nla_len > left)
        return;
    (void) snprintf(out, NET_TABLE, "%.*s", (int) (a.nla_len - sizeof a), at + sizeof a);
}

static void take_message(struct broker *b, const struct nlmsghdr *m, struct news *news)
{
    int type = m->nlmsg_type & 0xff;
    char table[NET_TABLE];

    if (m->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || type == NFT_MSG_NEWGEN)
        return;
    table_of(m, table);
    if (strncmp(table, FIREWALL_OURS, strlen(FIREWALL_OURS)) != 0)
        news->firewall = true;
    else if (type == NFT_MSG_DELTABLE || type == NFT_MSG_DELCHAIN || type == NFT_MSG_DELRULE ||
             type == NFT_MSG_DELSET)
        mark(b, table, true);
    else if (type == NFT_MSG_NEWTABLE)
        mark(b, table, false);
}

static struct news drain(struct broker *b)
{
    static char buffer[MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
    struct news news = { 0 };
    ssize_t n;

    while ((n = recv(b->publisher.fd, buffer, sizeof buffer, MSG_DONTWAIT)) >= 0 ||
           errno == ENOBUFS || errno == EINTR) {
        unsigned left = n > 0 ? (unsigned) n : 0;

        news.overflow |= n < 0 && errno == ENOBUFS;
        for (const struct nlmsghdr *m = (const struct nlmsghdr *) buffer; NLMSG_OK(m, left);
             m = NLMSG_NEXT(m, left))
            take_message(b, m, &news);
    }
    return news;
}

static void mark_judgements(struct broker *b)
{
    for (struct guest *g = b->guests; g; g = g->hh.next) {
        char table[NET_TABLE];

        net_rules_table(g->spec.project, table);
        if (g->published && !judgement_holds(b, g))
            mark(b, table, true);
    }
}

static void restore(struct broker *b)
{
    for (struct network *n = b->networks; n; n = n->hh.next) {
        struct err e = ERR_INIT;
        char table[NET_TABLE];

        if (!n->rules_lost)
            continue;
        net_rules_table(n->project, table);
        mark(b, table, false);
        if (network_rules(b, n->project, &e) < 0)
            log_err(&e, "writing packet rules again");
        else
            log_line(LOG_NOTE, "packet rules written again table=\"inet %s\"", table);
    }
}

/* Brings rules and what is known up to date with what happened outside. */
static void catch_up(struct broker *b)
{
    struct news news = drain(b);
    struct err e = ERR_INIT;

    /* what was missed may have been about ours; not twice running, as our own rules are news too */
    if (news.overflow && !b->publisher.overflowed)
        mark(b, NULL, true);
    b->publisher.overflowed = news.overflow;
    if (news.firewall || news.overflow) {
        b->publisher.known = false;
        if (HASH_COUNT(b->networks) > 0 && know(b, &e) == 0)
            mark_judgements(b);
        if (e.code < 0)
            log_err(&e, "published ports stay as they are");
    }
    restore(b);
}

static int on_change(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    (void) s, (void) fd, (void) revents;
    catch_up(userdata);
    return 0;
}

int publish_open(struct broker *b, struct err *e)
{
    const struct sockaddr_nl own = { .nl_family = AF_NETLINK };
    const int group = NFNLGRP_NFTABLES, room = RECEIVE_ROOM;
    auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    int r;

    b->publisher.fd = -1;
    if (fd < 0 || bind(fd, (const struct sockaddr *) &own, sizeof own) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
        return err_set(e, -errno, "watching packet rules: %s", strerror(errno));
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    r = sd_event_add_io(b->loop, &b->publisher.source, fd, EPOLLIN, on_change, b);
    if (r < 0)
        return err_set(e, r, "watching packet rules: %s", strerror(-r));
    b->publisher.fd = take_fd(&fd);
    return 0;
}

void publish_close(struct broker *b)
{
    b->publisher.source = sd_event_source_disable_unref(b->publisher.source);
    if (b->publisher.source == NULL && b->publisher.fd > 0)
        close(take_fd(&b->publisher.fd));
    firewall_clear(&b->publisher.firewall);
}

/* ---- the ports of a guest ---- */

/* whose ports it waits for, NULL when they are nobody's any more */
static struct guest *neighbour(const struct broker *b, const struct guest *g)
{
    struct guest *from = NULL;

    if (g->spec.beside[0] != '\0')
        HASH_FIND_STR(b->guests, g->spec.beside, from);
    return from && from->state == GUEST_RUNNING && strcmp(from->spec.project, g->spec.project) == 0
               ? from
               : NULL;
}

/* the port of `from` that `p` means as well; SIZE_MAX: none */
static size_t same_port(const struct guest *from, const struct spec_port *p)
{
    for (size_t i = 0; from && i < from->spec.n_ports; i++) {
        const struct spec_port *o = &from->spec.ports[i];

        if (o->udp == p->udp && strcmp(o->address, p->address) == 0 &&
            o->published >= p->published && o->published <= p->last)
            return i;
    }
    return SIZE_MAX;
}

int publish_reserve(const struct broker *b, struct guest *g, struct err *e)
{
    const struct guest *from = neighbour(b, g);

    g->waits = from != NULL;
    for (size_t i = 0; i < g->spec.n_ports; i++) {
        struct spec_port *p = &g->spec.ports[i];
        size_t theirs = same_port(from, p);
        int r = 0;

        if (theirs == SIZE_MAX)
            r = net_reserve(p, g->reserved + i * NET_RESERVE_FDS, e);
        else
            p->published = p->last = from->spec.ports[theirs].published;
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_reserved(struct guest *g, struct guest *from, struct err *e)
{
    for (size_t i = 0; i < g->spec.n_ports; i++) {
        int *fds = g->reserved + i * NET_RESERVE_FDS;
        size_t theirs = same_port(from, &g->spec.ports[i]);
        int r = 0;

        if (fds[0] >= 0 || fds[1] >= 0)
            continue;
        if (theirs == SIZE_MAX)
            r = net_reserve(&g->spec.ports[i], fds, e);
        for (size_t k = 0; theirs != SIZE_MAX && k < NET_RESERVE_FDS; k++)
            fds[k] = take_fd(&from->reserved[theirs * NET_RESERVE_FDS + k]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* whoever comes after a broker that is killed here finds that nobody has them, and asks again */
static int note_taken(struct guest *g, struct guest *from, struct err *e)
{
    int r = 0;

    if (from) {
        from->waits = true;
        r = guest_save_state(from, e);
    }
    g->waits = false;
    return r == 0 ? guest_save_state(g, e) : r;
}

int publish_take(struct broker *b, struct guest *g, struct err *e)
{
    struct guest *from = neighbour(b, g);
    size_t n_from = from && from->published ? from->spec.n_ports : 0;
    struct net_port *theirs = arena_array(g->arena, n_from + 1, sizeof *theirs);
    struct net_port *ours = arena_array(g->arena, g->spec.n_ports + 1, sizeof *ours);
    struct err why = ERR_INIT;
    int r;

    if (!g->waits)
        return 0;
    catch_up(b);
    r = publish_judge(b, g, e);
    if (r == 0)
        r = take_reserved(g, from, e);
    if (r == 0)
        r = note_taken(g, from, e);
    if (r < 0)
        return r;
    if (n_from > 0)
        guest_ports(from, theirs, g->arena);
    guest_ports(g, ours, g->arena);
    r = net_rules_move(g->spec.project, theirs, n_from, ours, g->spec.n_ports, e);
    if (r < 0)
        return r;
    g->published = g->spec.n_ports > 0;
    if (from)
        from->published = false;
    if (flows_forget(ours, g->spec.n_ports, &why) < 0)
        log_err(&why, g->id);
    return 0;
}

/* whether somebody who comes to the port gets anywhere */
static int check_ways(const struct net_port *ports, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        const char *at = ports[i].port->address;
        bool ipv6 = strchr(at, ':') != NULL;

        if (at[0] == '\0' ? ports[i].ipv4[0] || ports[i].ipv6[0]
                          : (ipv6 ? ports[i].ipv6 : ports[i].ipv4)[0])
            continue;
        return err_set(e, -EINVAL, "port %u cannot be published%s%s: no network has %sa gateway",
                       ports[i].port->published, at[0] ? " on " : "", at,
                       at[0] == '\0' ? ""
                       : ipv6        ? "IPv6 and "
                                     : "IPv4 and ");
    }
    return 0;
}

int publish_ports(struct broker *b, struct guest *g, struct err *e)
{
    struct net_port *ports = arena_array(g->arena, g->spec.n_ports + 1, sizeof *ports);
    struct err why = ERR_INIT;
    int r;

    if (g->spec.n_ports == 0 || g->waits)
        return 0;
    catch_up(b);
    r = publish_judge(b, g, e);
    if (r < 0)
        return r;
    guest_ports(g, ports, g->arena);
    r = check_ways(ports, g->spec.n_ports, e);
    if (r == 0)
        r = net_rules_publish(g->spec.project, ports, g->spec.n_ports, e);
    g->published = r == 0;
    if (r == 0 && flows_forget(ports, g->spec.n_ports, &why) < 0)
        log_err(&why, g->id); /* new clients reach it all the same */
    return r;
}

int publish_withdraw(struct guest *g, struct err *e)
{
    struct net_port *ports = arena_array(g->arena, g->spec.n_ports + 1, sizeof *ports);

    if (!g->published)
        return 0;
    guest_ports(g, ports, g->arena);
    g->published = false;
    return net_rules_withdraw(g->spec.project, ports, g->spec.n_ports, e);
}
