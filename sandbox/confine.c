#include "sandbox/confine.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>

#include "base/auto.h"
#include "base/capability.h"
#include "sandbox/creds.h"
#include "sandbox/filter.h"
#include "sandbox/seccomp.h"

/* each with what it is for */
static const cap_value_t needed[] = {
    CAP_SYS_ADMIN,        /* mounts, namespaces, seccomp without no-new-privileges */
    CAP_SYS_CHROOT,       /* setns(2) into a mount namespace */
    CAP_SYS_PTRACE,       /* pidfd_getfd(2) from an init, /proc/PID/ns */
    CAP_SYS_RESOURCE,     /* pipes of 1 MiB, limits above its own, oom_score_adj */
    CAP_MKNOD,            /* /dev of an instance */
    CAP_NET_ADMIN,        /* bridges, links, packet rules, control groups' devices */
    CAP_NET_BIND_SERVICE, /* holding published ports below 1024 */
    CAP_SETUID,           /* the way from root to the user of a service */
    CAP_SETGID,
    CAP_SETPCAP,
    CAP_KILL,
    CAP_CHOWN, /* volumes, pipes, the socket */
    CAP_FOWNER,
    CAP_DAC_OVERRIDE, /* directories of others: volumes, sources of binds */
};

/* without those this host has not given to root */
static int held(uint64_t wanted, uint64_t *out)
{
    cap_t own = cap_get_proc();
    uint64_t mask = 0;

    if (!own)
        return -errno;
    for (cap_value_t c = 0; c <= cap_max_bits() - 1; c++) {
        cap_flag_value_t has = CAP_CLEAR;

        if (wanted >> c & 1 && cap_get_flag(own, c, CAP_PERMITTED, &has) == 0 && has == CAP_SET)
            mask |= UINT64_C(1) << c;
    }
    (void) cap_free(own);
    *out = mask;
    return 0;
}

int confine_broker(const struct permit *p, struct err *e)
{
    uint64_t keep = permit_capabilities(p);
    auto_fd filter = seccomp_program(SECCOMP_BROKER, e);
    int r;

    if (filter < 0)
        return filter;
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        keep |= UINT64_C(1) << needed[i];
    r = held(keep, &keep);
    if (r == 0)
        r = creds_bound(keep);
    if (r == 0)
        r = creds_limit(keep, 0);
    if (r == 0)
        r = filter_load(filter, false);
    return r < 0 ? err_set(e, r, "giving up rights: %s", strerror(-r)) : 0;
}

int confine_check(const struct permit *p, struct err *e)
{
    uint64_t wanted = permit_capabilities(p);

    for (cap_value_t c = 0; c <= cap_max_bits() - 1; c++)
        if (wanted >> c & 1 && cap_get_bound(c) <= 0)
            return err_set(e, -EPERM,
                           "%s permits %s, which the broker has given up; restart it, services"
                           " stay as they are",
                           p->path, capability_name((unsigned) c));
    return 0;
}
