#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/failpoint.h"
#include "sandbox/net.h"
#include "sandbox/nspaces.h"

static void socket_free_(struct nl_sock **s)
{
    nl_socket_free(*s);
}
#define auto_nl __attribute__((cleanup(socket_free_))) struct nl_sock *

static void link_put_(struct rtnl_link **l)
{
    if (*l)
        rtnl_link_put(*l);
}
#define auto_link __attribute__((cleanup(link_put_))) struct rtnl_link *

static void addr_put_(struct nl_addr **a)
{
    if (*a)
        nl_addr_put(*a);
}
#define auto_addr __attribute__((cleanup(addr_put_))) struct nl_addr *

/* libnl has its own error numbers; its text is better than a wrong errno */
static int nl_failure(struct err *e, int r, const char *doing, const char *what)
{
    int code = r == -NLE_EXIST          ? -EEXIST
               : r == -NLE_OBJ_NOTFOUND ? -ENOENT
               : r == -NLE_NODEV        ? -ENODEV
               : r == -NLE_PERM         ? -EPERM
               : r == -NLE_NOMEM        ? -ENOMEM
               : r == -NLE_BUSY         ? -EBUSY
                                        : -EIO;

    return err_set(e, code, "%s '%s': %s", doing, what, nl_geterror(r));
}

static struct nl_sock *connect_route(struct err *e)
{
    struct nl_sock *s = nl_socket_alloc();
    int r = s ? nl_connect(s, NETLINK_ROUTE) : -NLE_NOMEM;

    if (r == 0)
        return s;
    nl_socket_free(s);
    nl_failure(e, r, "connecting to", "rtnetlink");
    return NULL;
}

static int add_address(struct nl_sock *s, int index, const char *text, struct err *e)
{
    auto_addr local = NULL;
    struct rtnl_addr *a;
    int r = nl_addr_parse(text, AF_UNSPEC, &local);

    if (r < 0)
        return nl_failure(e, r, "parsing address", text);
    a = rtnl_addr_alloc();
    if (!a)
        return nl_failure(e, -NLE_NOMEM, "adding address", text);
    rtnl_addr_set_ifindex(a, index);
    r = rtnl_addr_set_local(a, local);
    /* nobody else can have it, and a program must be able to bind it at once */
    if (nl_addr_get_family(local) == AF_INET6)
        rtnl_addr_set_flags(a, IFA_F_NODAD);
    if (r == 0)
        r = rtnl_addr_add(s, a, 0);
    rtnl_addr_put(a);
    return r < 0 && r != -NLE_EXIST ? nl_failure(e, r, "adding address", text) : 0;
}

/* one of them may be "" */
static int add_addresses(struct nl_sock *s, int index, const char *ipv4, const char *ipv6,
                         struct err *e)
{
    int r = ipv4[0] ? add_address(s, index, ipv4, e) : 0;

    return r == 0 && ipv6[0] ? add_address(s, index, ipv6, e) : r;
}

/* A bridge and all that is plugged into it are one group, which the kernel takes away at once: one
 * by one each link waits for all processors. */
static uint32_t group_of(int bridge)
{
    return UINT32_C(0x49500000) + (uint32_t) bridge;
}

/* what is written on a bridge: whose it is */
static const char *own_alias(void)
{
    static char alias[32];
    const char *tag = paths_tag();

    (void) snprintf(alias, sizeof alias, "ipam-orch%s%s", tag[0] ? "-" : "", tag);
    return alias;
}

/* Group 0: as it is; a group is that of a bridge, on which is written whose it is.  When it is made
 * the kernel does not take that yet. */
static int set_up(struct nl_sock *s, int index, uint32_t group, const char *name, struct err *e)
{
    auto_link was = rtnl_link_alloc();
    auto_link wanted = rtnl_link_alloc();
    int r = -NLE_NOMEM;

    if (was && wanted) {
        rtnl_link_set_ifindex(was, index);
        rtnl_link_set_flags(wanted, IFF_UP);
        if (group) {
            rtnl_link_set_group(wanted, group);
            rtnl_link_set_ifalias(wanted, own_alias());
        }
        r = rtnl_link_change(s, was, wanted, 0);
    }
    return r < 0 ? nl_failure(e, r, "setting up", name) : 0;
}

/* Any socket of a namespace answers for its interfaces. */
static int ask_interface(struct nl_sock *s, const char *name, unsigned long what, struct ifreq *out,
                         struct err *e)
{
    *out = (struct ifreq){ 0 };
    (void) snprintf(out->ifr_name, sizeof out->ifr_name, "%s", name);
    if (ioctl(nl_socket_get_fd(s), what, out) < 0)
        return err_set(e, -errno, "interface '%s': %s", name, strerror(errno));
    return 0;
}

static int link_index(struct nl_sock *s, const char *name, struct err *e)
{
    struct ifreq ask;
    int r = ask_interface(s, name, SIOCGIFINDEX, &ask, e);

    return r < 0 ? r : ask.ifr_ifindex;
}

/* ---- bridges ---- */

static uint32_t hash(uint32_t h, const char *text)
{
    for (const char *p = text; *p; p++)
        h = (h ^ (unsigned char) *p) * 16777619u; /* FNV-1a: for names only */
    return h;
}

/* A hardware address that belongs to a name, not to a link.  A bridge without an address of its own
 * takes the lowest of its members and changes it as they come and go; a service that restarts keeps
 * its IP address.  Neighbours that remember the old hardware address would lose them for seconds.
 */
static void set_stable_mac(struct rtnl_link *link, const char *name)
{
    uint32_t h = hash(2166136261u, name);
    unsigned char mac[6] = { 0x02,
                             0x49,
                             (unsigned char) (h >> 24),
                             (unsigned char) (h >> 16),
                             (unsigned char) (h >> 8),
                             (unsigned char) h };
    auto_addr addr = nl_addr_build(AF_LLC, mac, sizeof mac);

    if (addr)
        rtnl_link_set_addr(link, addr);
}

static void set_mac(struct rtnl_link *link, const struct spec_link *l)
{
    auto_addr addr = NULL;

    if (l->mac[0] && nl_addr_parse(l->mac, AF_LLC, &addr) == 0)
        rtnl_link_set_addr(link, addr);
    else
        set_stable_mac(link, l->ipv4[0] ? l->ipv4 : l->ipv6);
}

static int write_conf(const char *family, const char *interface, const char *key, const char *value)
{
    auto_free char *path = paths_join("/proc/sys/net/%s/conf/%s/%s", family, interface, key);

    return fsio_write_pseudo(AT_FDCWD, path, value);
}

static int configure_bridge(struct nl_sock *s, const struct net_bridge *b, struct err *e)
{
    int index = (int) if_nametoindex(b->name), r;

    if (index == 0)
        return err_set(e, -ENODEV, "bridge '%s' did not appear", b->name);
    FAILPOINT(BRIDGE_ADDED);
    (void) write_conf("ipv6", b->name, "accept_ra", "0");
    r = add_addresses(s, index, b->ipv4, b->ipv6, e);
    FAILPOINT(BRIDGE_ADDRESSED);
    if (r == 0)
        r = set_up(s, index, group_of(index), b->name, e);
    FAILPOINT(BRIDGE_UP);
    /* published ports are reachable at 127.0.0.1; the rules keep neighbours from abusing it */
    if (r == 0 && b->ipv4[0] && (r = write_conf("ipv4", b->name, "route_localnet", "1")) < 0)
        err_set(e, r, "route_localnet of '%s': %s", b->name, strerror(-r));
    return r;
}

int net_bridge_create(const struct net_bridge *b, struct err *e)
{
    auto_nl s = connect_route(e);
    auto_link link = rtnl_link_bridge_alloc();
    int r;

    if (!s || !link)
        return -ENOMEM;
    rtnl_link_set_name(link, b->name);
    set_stable_mac(link, b->name);
    if (b->mtu)
        rtnl_link_set_mtu(link, b->mtu);
    r = rtnl_link_add(s, link, NLM_F_CREATE | NLM_F_EXCL);
    if (r < 0 && r != -NLE_EXIST)
        return nl_failure(e, r, "creating bridge", b->name);
    bool existed = r == -NLE_EXIST;
    r = configure_bridge(s, b, e);
    if (r < 0 && !existed)
        (void) net_bridge_remove(b->name, NULL);
    return r;
}

static int delete_link(struct nl_sock *s, const char *name)
{
    auto_link link = rtnl_link_alloc();

    if (!link)
        return -NLE_NOMEM;
    rtnl_link_set_name(link, name);
    return rtnl_link_delete(s, link);
}

static void delete_group(struct nl_sock *s, uint32_t group)
{
    struct ifinfomsg any = { 0 };
    struct nl_msg *m = nlmsg_alloc_simple(RTM_DELLINK, 0);

    if (!m)
        return;
    if (nlmsg_append(m, &any, sizeof any, NLMSG_ALIGNTO) == 0 &&
        nla_put_u32(m, IFLA_GROUP, group) == 0)
        (void) nl_send_sync(s, m); /* frees it */
    else
        nlmsg_free(m);
}

int net_bridge_remove(const char *name, struct err *e)
{
    auto_nl s = connect_route(e);
    int index = s ? link_index(s, name, NULL) : 0;
    int r;

    if (index > 0)
        delete_group(s, group_of(index));
    r = s ? delete_link(s, name) : -NLE_NOMEM; /* an adopted one was in no group */
    if (r == 0 || r == -NLE_OBJ_NOTFOUND || r == -NLE_NODEV)
        return 0;
    return nl_failure(e, r, "removing bridge", name);
}

int net_bridge_each(void (*found)(const char *name, void *userdata), void *userdata, struct err *e)
{
    auto_nl s = connect_route(e);
    struct nl_cache *links = NULL;
    int r = s ? rtnl_link_alloc_cache(s, AF_UNSPEC, &links) : -NLE_NOMEM;

    if (r < 0)
        return s ? nl_failure(e, r, "listing", "interfaces") : -ENOMEM;
    for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
        struct rtnl_link *link = (struct rtnl_link *) o;
        const char *alias = rtnl_link_get_ifalias(link);

        if (alias && strcmp(alias, own_alias()) == 0)
            found(rtnl_link_get_name(link), userdata);
    }
    nl_cache_free(links);
    return 0;
}

/* ---- links of instances ---- */

/* The host's end is named after the address, which one instance has at a time. */
static void host_end(const struct spec_link *l, char out[IFNAMSIZ])
{
    uint32_t high = hash(hash(2166136261u, paths_tag()), l->bridge);
    uint32_t low = hash(hash(high, l->ipv4), l->ipv6);

    (void) snprintf(out, IFNAMSIZ, "iv%04x%08x", (high ^ low >> 7) & 0xffff, low);
}

/* Opens a socket inside another network namespace; the caller stays where it is. */
static struct nl_sock *connect_inside(int netns, struct err *e)
{
    struct nl_sock *s;
    struct nspaces home = NSPACES_NONE;
    int r = nspaces_enter(netns, CLONE_NEWNET, &home);

    if (r < 0) {
        err_set(e, r, "entering the network namespace: %s", strerror(-r));
        return NULL;
    }
    s = connect_route(e);
    nspaces_leave(&home);
    return s;
}

/* both ends in one message, each born where it belongs: nothing has to move between namespaces */
static int add_pair(struct nl_sock *s, int netns, const char *name, const char *inside,
                    const struct spec_link *l, struct err *e)
{
    auto_link veth = rtnl_link_veth_alloc();
    struct rtnl_link *peer = veth ? rtnl_link_veth_get_peer(veth) : NULL;
    int bridge = link_index(s, l->bridge, NULL);
    struct ifreq mtu;

    if (!peer)
        return nl_failure(e, -NLE_NOMEM, "creating link", name);
    if (bridge < 0 || ask_interface(s, l->bridge, SIOCGIFMTU, &mtu, NULL) < 0) {
        rtnl_link_put(peer);
        return err_set(e, -ENODEV, "network '%s' does not exist", l->bridge);
    }
    rtnl_link_set_name(peer, inside);
    set_mac(peer, l);
    rtnl_link_set_mtu(peer, (unsigned) mtu.ifr_mtu);
    rtnl_link_set_ns_fd(peer, netns);
    rtnl_link_put(peer);
    rtnl_link_set_name(veth, name);
    rtnl_link_set_mtu(veth, (unsigned) mtu.ifr_mtu);
    rtnl_link_set_master(veth, bridge);
    rtnl_link_set_group(veth, group_of(bridge));
    rtnl_link_set_flags(veth, IFF_UP);
    int r = rtnl_link_add(s, veth, NLM_F_CREATE | NLM_F_EXCL);
    if (r == -NLE_EXIST) {
        /* of an instance whose network namespace the kernel has not taken down yet */
        (void) delete_link(s, name);
        r = rtnl_link_add(s, veth, NLM_F_CREATE | NLM_F_EXCL);
    }
    return r < 0 ? nl_failure(e, r, "creating link", name) : 0;
}

static int add_veth(struct nl_sock *s, int netns, const char *name, const char *inside,
                    const struct spec_link *l, struct err *e)
{
    auto_link port = rtnl_link_bridge_alloc();
    int r = port ? add_pair(s, netns, name, inside, l, e)
                 : nl_failure(e, -NLE_NOMEM, "creating link", name);

    if (r < 0)
        return r;
    /* an instance that calls its own published port comes back through the port it left by */
    rtnl_link_set_family(port, AF_BRIDGE);
    rtnl_link_set_ifindex(port, link_index(s, name, NULL));
    (void) rtnl_link_bridge_set_flags(port, RTNL_BRIDGE_HAIRPIN_MODE);
    r = rtnl_link_change(s, port, port, 0);
    if (r == 0)
        (void) write_conf("ipv6", name, "disable_ipv6", "1"); /* a port needs no address */
    return r < 0 ? nl_failure(e, r, "configuring link", name) : 0;
}

static int add_default_route(struct nl_sock *s, int index, const char *gateway, struct err *e)
{
    auto_addr via = NULL;
    auto_addr all = NULL;
    struct rtnl_route *route = rtnl_route_alloc();
    struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
    int r = nl_addr_parse(gateway, AF_UNSPEC, &via);

    if (r == 0)
        r = nl_addr_parse(nl_addr_get_family(via) == AF_INET6 ? "::/0" : "0.0.0.0/0",
                          nl_addr_get_family(via), &all);
    if (r == 0 && route && hop) {
        rtnl_route_nh_set_ifindex(hop, index);
        rtnl_route_nh_set_gateway(hop, via);
        rtnl_route_add_nexthop(route, hop); /* the route owns it from here on */
        hop = NULL;
        r = rtnl_route_set_dst(route, all);
        if (r == 0)
            r = rtnl_route_add(s, route, 0);
    }
    if (hop)
        rtnl_route_nh_free(hop);
    rtnl_route_put(route);
    return r < 0 ? nl_failure(e, r, "adding the default route through", gateway) : 0;
}

static int configure_inside(struct nl_sock *s, const struct spec_link *l, const char *name,
                            struct err *e)
{
    int index = link_index(s, name, e), r;

    if (index < 0)
        return index;
    r = add_addresses(s, index, l->ipv4, l->ipv6, e);
    FAILPOINT(LINK_ADDRESSED);
    if (r == 0)
        r = set_up(s, index, 0, name, e);
    if (r == 0 && l->gateway4[0])
        r = add_default_route(s, index, l->gateway4, e);
    if (r == 0 && l->gateway6[0])
        r = add_default_route(s, index, l->gateway6, e);
    return r;
}

int net_attach(pid_t pid, const struct spec_link *links, size_t n, struct err *e)
{
    auto_free char *path = paths_join("/proc/%d/ns/net", (int) pid);
    auto_fd netns = open(path, O_RDONLY | O_CLOEXEC);
    auto_nl host = netns < 0 ? NULL : connect_route(e);
    auto_nl inside = host ? connect_inside(netns, e) : NULL;
    int r = 0;

    if (netns < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (!host || !inside)
        return e ? e->code : -EIO;
    for (size_t i = 0; i < n && r == 0; i++) {
        char outer[IFNAMSIZ], inner[IFNAMSIZ];

        host_end(&links[i], outer);
        if (links[i].interface[0])
            (void) snprintf(inner, sizeof inner, "%s", links[i].interface);
        else
            (void) snprintf(inner, sizeof inner, "eth%zu", i % 1000);
        r = add_veth(host, netns, outer, inner, &links[i], e);
        FAILPOINT(LINK_ADDED);
        if (r == 0)
            r = configure_inside(inside, &links[i], inner, e);
    }
    return r;
}
