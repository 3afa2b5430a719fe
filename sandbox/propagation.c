#include "sandbox/propagation.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fsio.h"

enum { MOUNTS_MAX = 8 * 1024 * 1024 };

/* "ID PARENT MAJ:MIN ROOT AT OPTIONS [shared:N] [master:N] - TYPE ..." */
static bool tells(const char *line)
{
    const char *end = strstr(line, " - "), *shared = strstr(line, " shared:"),
               *master = strstr(line, " master:");

    return end && ((shared && shared < end) || (master && master < end));
}

static bool is_told(char *mounts, uint64_t id)
{
    for (char *line; (line = strsep(&mounts, "\n"));)
        if (strtoull(line, NULL, 10) == id)
            return tells(line);
    return false;
}

int propagation_check(int place, const char *name, struct err *e)
{
    auto_free char *mounts = NULL;
    struct statx at;
    int r = fsio_read_pseudo(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &mounts);

    if (r < 0)
        return err_set(e, r, "/proc/self/mountinfo: %s", strerror(-r));
    if (statx(place, "", AT_EMPTY_PATH, STATX_MNT_ID, &at) < 0 || !(at.stx_mask & STATX_MNT_ID))
        return err_set(e, -ENOTSUP, "bind source %s: this kernel does not tell its mount", name);
    if (is_told(mounts, at.stx_mnt_id))
        return 0;
    err_set(e, -EINVAL,
            "propagation: bind source %s lies on a private mount, of which nobody hears what is "
            "mounted below it",
            name);
    return err_hint(e, "mount --make-rshared the mount it is on, or leave propagation out");
}
