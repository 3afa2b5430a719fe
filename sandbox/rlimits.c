#include "sandbox/rlimits.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "base/auto.h"

/* what a login gets on most hosts */
enum { NOFILE_SOFT = 1024, NOFILE_HARD = 524288 };

static rlim_t least(rlim_t a, rlim_t b)
{
    return a < b ? a : b;
}

int rlimits_resource(const char *name)
{
    static const struct {
        const char *name;
        int resource;
    } known[] = { { "core", RLIMIT_CORE },         { "cpu", RLIMIT_CPU },
                  { "data", RLIMIT_DATA },         { "fsize", RLIMIT_FSIZE },
                  { "locks", RLIMIT_LOCKS },       { "memlock", RLIMIT_MEMLOCK },
                  { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
                  { "nofile", RLIMIT_NOFILE },     { "nproc", RLIMIT_NPROC },
                  { "rss", RLIMIT_RSS },           { "rtprio", RLIMIT_RTPRIO },
                  { "rttime", RLIMIT_RTTIME },     { "sigpending", RLIMIT_SIGPENDING },
                  { "stack", RLIMIT_STACK } };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].resource;
    return -1;
}

static int apply_nofile(uint64_t nofile)
{
    struct rlimit now, files = { .rlim_cur = nofile ? nofile : NOFILE_SOFT,
                                 .rlim_max = nofile ? nofile : NOFILE_HARD };

    if (getrlimit(RLIMIT_NOFILE, &now) < 0)
        return -errno;
    if (setrlimit(RLIMIT_NOFILE, &files) == 0)
        return 0;
    /* a container's root may lack CAP_SYS_RESOURCE: then what it has itself is the most to give */
    files.rlim_max = least(files.rlim_max, now.rlim_max);
    files.rlim_cur = least(files.rlim_cur, files.rlim_max);
    return errno == EPERM && setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : -errno;
}

int rlimits_apply(const struct rlimits *limits)
{
    const struct rlimit no_core = { 0 };
    int r = apply_nofile(limits->nofile);
    bool core = false;

    for (size_t i = 0; i < limits->n; i++)
        core |= limits->one[i].resource == RLIMIT_CORE;
    if (r == 0 && !core && setrlimit(RLIMIT_CORE, &no_core) < 0)
        return -errno;
    for (size_t i = 0; i < limits->n && r == 0; i++) {
        const struct rlimits_one *one = &limits->one[i];
        const struct rlimit value = {
            .rlim_cur = one->soft == INT64_MAX ? RLIM_INFINITY : one->soft,
            .rlim_max = one->hard == INT64_MAX ? RLIM_INFINITY : one->hard,
        };

        r = setrlimit((__rlimit_resource_t) one->resource, &value) < 0 ? -errno : 0;
    }
    return r;
}
