#include "sandbox/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

#include "base/auto.h"

/* the kernel sends the list in pieces of at most 32 KiB */
enum { PIECE = 64 * 1024 };

struct search {
    const struct net_port *ports;
    size_t n_ports;
    struct ifaddrs *own;   /* addresses of the host */
    struct nl_msg **found; /* requests to delete */
    size_t n_found, room;
    bool incomplete;
};

static bool is_published(const struct search *s, uint16_t port)
{
    for (size_t i = 0; i < s->n_ports; i++)
        if (s->ports[i].port->udp && s->ports[i].port->published == port)
            return true;
    return false;
}

/* to elsewhere the same port is somebody else's */
static bool is_own(const struct search *s, int family, const void *address)
{
    if (family == AF_INET && *(const uint8_t *) address == IN_LOOPBACKNET)
        return true;
    for (const struct ifaddrs *i = s->own; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != family)
            continue;
        if (family == AF_INET &&
            memcmp(&((const struct sockaddr_in *) (const void *) i->ifa_addr)->sin_addr, address,
                   sizeof(struct in_addr)) == 0)
            return true;
        if (family == AF_INET6 &&
            memcmp(&((const struct sockaddr_in6 *) (const void *) i->ifa_addr)->sin6_addr, address,
                   sizeof(struct in6_addr)) == 0)
            return true;
    }
    return false;
}

static bool concerns(const struct search *s, int family, struct nlattr *tuple)
{
    struct nlattr *parts[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];
    struct nlattr *to;

    if (!tuple || nla_parse_nested(parts, CTA_TUPLE_MAX, tuple, NULL) < 0 || !parts[CTA_TUPLE_IP] ||
        !parts[CTA_TUPLE_PROTO] ||
        nla_parse_nested(ip, CTA_IP_MAX, parts[CTA_TUPLE_IP], NULL) < 0 ||
        nla_parse_nested(proto, CTA_PROTO_MAX, parts[CTA_TUPLE_PROTO], NULL) < 0)
        return false;
    to = ip[family == AF_INET6 ? CTA_IP_V6_DST : CTA_IP_V4_DST];
    return proto[CTA_PROTO_NUM] && nla_get_u8(proto[CTA_PROTO_NUM]) == IPPROTO_UDP &&
           proto[CTA_PROTO_DST_PORT] &&
           is_published(s, ntohs(nla_get_u16(proto[CTA_PROTO_DST_PORT]))) && to &&
           (size_t) nla_len(to) ==
               (family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr)) &&
           is_own(s, family, nla_data(to));
}

static struct nl_msg *request(int type, int flags, int family)
{
    struct nfgenmsg head = { .nfgen_family = (uint8_t) family, .version = NFNETLINK_V0 };
    struct nl_msg *m = nlmsg_alloc_simple((NFNL_SUBSYS_CTNETLINK << 8) | type, flags);

    if (m && nlmsg_append(m, &head, sizeof head, NLMSG_ALIGNTO) < 0) {
        nlmsg_free(m);
        return NULL;
    }
    return m;
}

static int keep(struct search *s, struct nl_msg *m)
{
    if (s->n_found == s->room) {
        size_t room = 2 * s->room + 16;
        struct nl_msg **more = reallocarray(s->found, room, sizeof(struct nl_msg *));

        if (!more)
            return -ENOMEM;
        s->found = more;
        s->room = room;
    }
    s->found[s->n_found++] = m;
    return 0;
}

/* of the very flow that was seen, not of another one between the same ends */
static int on_flow(struct nl_msg *m, void *userdata)
{
    static const int naming[] = { CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE };
    struct search *s = userdata;
    const struct nfgenmsg *head = nlmsg_data(nlmsg_hdr(m));
    struct nlattr *of[CTA_MAX + 1];
    struct nl_msg *delete;
    int r = 0;

    if (nlmsg_parse(nlmsg_hdr(m), sizeof *head, of, CTA_MAX, NULL) < 0 ||
        !concerns(s, head->nfgen_family, of[CTA_TUPLE_ORIG]))
        return NL_OK;
    delete = request(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, head->nfgen_family);
    for (size_t i = 0; delete &&i < ARRAY_LEN(naming) && r == 0; i++)
        if (of[naming[i]])
            r = nla_put(delete, of[naming[i]]->nla_type, nla_len(of[naming[i]]),
                        nla_data(of[naming[i]]));
    if (!delete || r < 0 || keep(s, delete) < 0) {
        nlmsg_free(delete);
        s->incomplete = true;
    }
    return NL_OK;
}

static int look(struct nl_sock *socket, struct search *s)
{
    struct nl_msg *m = request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
    int r = m ? nl_send_auto(socket, m) : -NLE_NOMEM;

    nlmsg_free(m);
    if (r >= 0)
        r = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_flow, s);
    return r < 0 ? r : nl_recvmsgs_default(socket);
}

static int forget(struct nl_sock *socket, struct search *s)
{
    int failed = s->incomplete ? -NLE_NOMEM : 0;

    for (size_t i = 0; i < s->n_found; i++) {
        int r = nl_send_sync(socket, s->found[i]); /* frees it */

        if (r < 0 && r != -NLE_OBJ_NOTFOUND) /* or it has ended by itself */
            failed = r;
    }
    free(s->found);
    return failed;
}

static bool any_udp(const struct net_port *ports, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ports[i].port->udp)
            return true;
    return false;
}

int flows_forget(const struct net_port *ports, size_t n, struct err *e)
{
    struct search s = { .ports = ports, .n_ports = n };
    struct nl_sock *socket;
    int r;

    if (!any_udp(ports, n))
        return 0;
    if (getifaddrs(&s.own) < 0)
        return err_set(e, -errno, "flows of UDP ports: addresses of the host: %s", strerror(errno));
    socket = nl_socket_alloc();
    r = socket ? nl_connect(socket, NETLINK_NETFILTER) : -NLE_NOMEM;
    if (r == 0)
        r = nl_socket_set_msg_buf_size(socket, PIECE);
    if (r == 0)
        r = look(socket, &s);
    int failed = forget(socket, &s);
    nl_socket_free(socket);
    freeifaddrs(s.own);
    r = r < 0 ? r : failed;
    return r < 0 ? err_set(e, -EIO, "flows of UDP ports: %s", nl_geterror(r)) : 0;
}
