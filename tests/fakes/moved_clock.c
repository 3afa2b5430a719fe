/* A library to be loaded before others: the time of day is later by as many seconds as the file
 * $MOVED_CLOCK says.  Tests move the clock of one process with it, while it runs. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t later(void)
{
    const char *path = getenv("MOVED_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[32] = "";

    if (fd < 0)
        return 0;
    (void) !read(fd, text, sizeof text - 1);
    close(fd);
    return (time_t) strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t which, struct timespec *out)
{
    int r = (int) syscall(SYS_clock_gettime, which, out);

    if (r == 0 && which == CLOCK_REALTIME)
        out->tv_sec += later();
    return r;
}
