#include "sandbox/rlimits.h"

#include <errno.h>
#include <sys/resource.h>

/* what a login gets on most hosts */
enum { NOFILE_SOFT = 1024, NOFILE_HARD = 524288 };

static rlim_t least(rlim_t a, rlim_t b)
{
    return a < b ? a : b;
}

int rlimits_apply(uint64_t nofile)
{
    const struct rlimit core = { 0 };
    struct rlimit now, files = { .rlim_cur = nofile ? nofile : NOFILE_SOFT,
                                 .rlim_max = nofile ? nofile : NOFILE_HARD };

    if (setrlimit(RLIMIT_CORE, &core) < 0 || getrlimit(RLIMIT_NOFILE, &now) < 0)
        return -errno;
    if (setrlimit(RLIMIT_NOFILE, &files) == 0)
        return 0;
    /* a container's root may lack CAP_SYS_RESOURCE: then what it has itself is the most to give */
    files.rlim_max = least(files.rlim_max, now.rlim_max);
    files.rlim_cur = least(files.rlim_cur, files.rlim_max);
    return errno == EPERM && setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : -errno;
}
