#include "sandbox/creds.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

/* root is just a number, for this process and all it becomes */
enum {
    NOT_ROOT = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED,
    LOCKED = NOT_ROOT | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
             SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED
};

static bool has(uint64_t mask, cap_value_t c)
{
    return mask >> c & 1;
}

int creds_bound(uint64_t keep)
{
    for (cap_value_t c = 0; c <= cap_max_bits() - 1; c++)
        if (!has(keep, c) && cap_get_bound(c) > 0 && cap_drop_bound(c) < 0)
            return -errno;
    return 0;
}

/* inheritable: what an execve(2) of another user than root may hand on */
int creds_limit(uint64_t permitted, uint64_t inheritable)
{
    cap_t sets = cap_init();
    int r = 0;

    if (!sets)
        return -ENOMEM;
    for (cap_value_t c = 0; c <= cap_max_bits() - 1 && r == 0; c++) {
        if (has(permitted, c))
            r = cap_set_flag(sets, CAP_PERMITTED, 1, &c, CAP_SET) |
                cap_set_flag(sets, CAP_EFFECTIVE, 1, &c, CAP_SET);
        if (has(inheritable, c))
            r |= cap_set_flag(sets, CAP_INHERITABLE, 1, &c, CAP_SET);
    }
    if (r == 0)
        r = cap_set_proc(sets);
    if (r < 0)
        r = -errno;
    (void) cap_free(sets);
    return r;
}

static int raise_ambient(uint64_t keep)
{
    for (cap_value_t c = 0; c <= cap_max_bits() - 1; c++)
        if (has(keep, c) && cap_set_ambient(c, CAP_SET) < 0)
            return -errno;
    return 0;
}

int creds_become(uid_t uid, const gid_t *gids, size_t n, uint64_t keep)
{
    const uint64_t lock = UINT64_C(1) << CAP_SETPCAP;
    int r;

    if (cap_reset_ambient() < 0 || prctl(PR_SET_SECUREBITS, NOT_ROOT) < 0 ||
        prctl(PR_SET_KEEPCAPS, 1) < 0)
        return -errno;
    r = creds_bound(keep);
    if (r < 0)
        return r;
    if (setgroups(n, gids) < 0 || setresgid(gids[0], gids[0], gids[0]) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return -errno;
    if ((r = creds_limit(keep | lock, keep)) < 0 || (r = raise_ambient(keep)) < 0)
        return r;
    /* the last thing that needs a capability which is not kept; no KEEP_CAPS in it */
    if (prctl(PR_SET_SECUREBITS, LOCKED) < 0)
        return -errno;
    r = creds_limit(keep, keep);
    if (r < 0)
        return r;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
