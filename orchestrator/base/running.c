#include "base/running.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/pidstat.h"

enum { PROC_MAX = 4096 };

bool running_is_installed(const char *name)
{
    auto_free char *path = paths_join("%s/%s", paths_lib(), name);
    struct stat own, installed;

    return stat("/proc/self/exe", &own) == 0 && stat(path, &installed) == 0 &&
           own.st_dev == installed.st_dev && own.st_ino == installed.st_ino;
}

/* in microseconds after boot */
static uint64_t started_us(void)
{
    long ticks = sysconf(_SC_CLK_TCK);

    return ticks > 0 ? pidstat_start(getpid()) * USEC_PER_SEC / (uint64_t) ticks : 0;
}

static uint64_t resident(void)
{
    auto_free char *text = NULL;
    const char *second = NULL;

    if (fsio_read_pseudo(AT_FDCWD, "/proc/self/statm", PROC_MAX, &text) == 0)
        second = strchr(text, ' ');
    return second ? strtoull(second, NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE) : 0;
}

json_t *running_describe(const char *name, const char *socket)
{
    uint64_t age = clock_read_us(CLOCK_BOOTTIME) - started_us();

    return json_pack("{s:s,s:i,s:s,s:I,s:s,s:b,s:I}", "program", name, "pid", (int) getpid(),
                     "version", VERSION, "since_us", (json_int_t) (clock_wall_us() - age), "socket",
                     socket, "installed", (int) running_is_installed(name), "rss",
                     (json_int_t) resident());
}
