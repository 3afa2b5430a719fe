/* guest_stamp FILE: adds "PID NANOSECONDS" (CLOCK_MONOTONIC) to FILE as the first thing it does,
 * then waits for a signal: tells benchmarks when a service began.  Unaware of us: it runs below
 * other supervisors. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec now;
    char line[64];
    int fd, n;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    if (argc != 2)
        return 2;
    fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    n = snprintf(line, sizeof line, "%d %lld\n", (int) getpid(),
                 (long long) now.tv_sec * 1000000000 + now.tv_nsec);
    if (fd < 0 || write(fd, line, (size_t) n) != n)
        return 1;
    for (;;)
        (void) pause();
}
