/* Memory that is available, here and under the ceiling of the caller's control group. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/paths.h"
#include "preflight/preflight.h"

enum { PSEUDO_MAX = 64 * 1024 };

/* the limit of one group, or of one above it */
static uint64_t lowest_limit(const char *root, char *group, const char *file)
{
    uint64_t lowest = UINT64_MAX, limit;

    for (;;) {
        auto_free char *path = paths_join("%s%s/%s", root, group, file), *value = NULL;
        char *slash = strrchr(group, '/');

        if (fsio_read_pseudo(AT_FDCWD, path, 64, &value) == 0) {
            value[strcspn(value, "\n")] = '\0';
            if (num_u64(value, UINT64_MAX, &limit) == 0 && limit < lowest)
                lowest = limit;
        }
        if (!slash)
            return lowest;
        *slash = '\0';
    }
}

/* of this process's control group; UINT64_MAX: none.  Source: cgroups(7), /proc/PID/cgroup */
static uint64_t memory_ceiling(void)
{
    auto_free char *text = NULL;
    uint64_t lowest = UINT64_MAX;
    char *rest;

    if (fsio_read_pseudo(AT_FDCWD, "/proc/self/cgroup", PSEUDO_MAX, &text) < 0)
        return lowest;
    rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        uint64_t limit = UINT64_MAX;

        if (!group)
            continue;
        *group++ = '\0';
        if (controllers[1] == '\0')
            limit = lowest_limit("/sys/fs/cgroup", group, "memory.max");
        else if (strstr(controllers, "memory"))
            limit = lowest_limit("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
        lowest = limit < lowest ? limit : lowest;
    }
    return lowest;
}

static uint64_t memory_available(void)
{
    auto_free char *text = NULL;
    const char *at;

    if (fsio_read_pseudo(AT_FDCWD, "/proc/meminfo", PSEUDO_MAX, &text) < 0)
        return 0;
    at = strstr(text, "MemAvailable:");
    return at ? strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024 : 0;
}

void preflight_memory(const struct preflight *in, struct findings *out)
{
    uint64_t available = memory_available(), ceiling = memory_ceiling();
    uint64_t have = available < ceiling ? available : ceiling;
    /* what a machine of N GB keeps for itself and its firmware is not the administrator's fault */
    bool enough = have >= in->min_memory - in->min_memory / 20;
    struct finding *f = findings_add(out, enough ? FINDING_OK : FINDING_FAIL, "memory.available");
    char text[NUM_BYTES_TEXT], need[NUM_BYTES_TEXT];

    num_bytes_text(have, text);
    num_bytes_text(in->min_memory, need);
    finding_measured(f, "%s%s", text,
                     ceiling < available ? ", the limit of the control group" : "");
    finding_required(f, "%s", need);
    if (!enough)
        finding_remedy(f, "stop what is not needed here, or give the machine more memory");
}
