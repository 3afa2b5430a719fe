#include "base/pidstat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"

enum { STAT_MAX = 4096, NAME_FIELD = 2, FLAGS_FIELD = 9, START_FIELD = 22 };

#define PF_EXITING UINT64_C(4)

/* the name in field 2 may contain anything, so count from its end; 0: not there */
static uint64_t field_of(pid_t pid, int wanted)
{
    auto_free char *path = paths_join("/proc/%d/stat", (int) pid);
    auto_free char *text = NULL;
    const char *at;

    if (fsio_read_pseudo(AT_FDCWD, path, STAT_MAX, &text) < 0 || !(at = strrchr(text, ')')))
        return 0;
    for (int field = NAME_FIELD; at && field < wanted; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

uint64_t pidstat_start(pid_t pid)
{
    return field_of(pid, START_FIELD);
}

bool pidstat_is_exiting(pid_t pid)
{
    return field_of(pid, FLAGS_FIELD) & PF_EXITING;
}
