#include "sandbox/creds.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

/* root is just a number, for this process and all it becomes */
enum {
    SECUREBITS = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED
};

static int drop_bounding(void)
{
    for (cap_value_t c = 0; c <= cap_max_bits() - 1; c++) {
        int has = cap_get_bound(c);

        if (has > 0 && cap_drop_bound(c) < 0)
            return -errno;
    }
    return 0;
}

static int drop_sets(void)
{
    cap_t none = cap_init();
    int r = 0;

    if (!none)
        return -ENOMEM;
    if (cap_set_proc(none) < 0)
        r = -errno;
    (void) cap_free(none);
    return r;
}

int creds_drop(uid_t uid, const gid_t *gids, size_t n)
{
    int r;

    if (prctl(PR_SET_SECUREBITS, SECUREBITS) < 0 || cap_reset_ambient() < 0)
        return -errno;
    r = drop_bounding();
    if (r < 0)
        return r;
    /* setresuid from root to another user empties the sets as long as SECBIT_NO_SETUID_FIXUP is
     * off; they are emptied again below for the reader who does not want to rely on it */
    if (setgroups(n, gids) < 0 || setresgid(gids[0], gids[0], gids[0]) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return -errno;
    r = drop_sets();
    if (r < 0)
        return r;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
