/* guest_family -- a program whose children outlive their parents, for the reaping of pid 1.
 *
 *   guest_family N    leaves N grandchildren without a parent that end at once, waits until the
 *                     kernel has given all of them to pid 1, prints "orphans N" and waits
 *   guest_family -    ignores SIGTERM and waits: only SIGKILL ends it
 *
 * Exit status: 0 after SIGTERM, 2 for wrong use.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"

enum { MOST = 1000 };

static void on_term(int signo)
{
    (void) signo;
    _exit(0);
}

/* The grandchild waits for the end of its parent, so it is an orphan when it ends. */
static int leave_orphan(void)
{
    int up[2];
    pid_t child;
    char byte;

    if (pipe2(up, O_CLOEXEC) < 0 || (child = fork()) < 0)
        return -1;
    if (child == 0) {
        int down[2];

        if (pipe2(down, O_CLOEXEC) < 0 || fork() != 0)
            _exit(0);
        close(down[1]);
        (void) !read(down[0], &byte, 1); /* ends when the parent is gone */
        _exit(0);                        /* and with it the write end of `up` */
    }
    close(up[1]);
    (void) waitpid(child, NULL, 0);
    (void) !read(up[0], &byte, 1);
    close(up[0]);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t n = 0;

    if (argc != 2)
        return 2;
    (void) setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(argv[1], "-") == 0) {
        (void) signal(SIGTERM, SIG_IGN);
        (void) puts("deaf");
    } else {
        if (num_u64(argv[1], MOST, &n) < 0)
            return 2;
        (void) signal(SIGTERM, on_term);
        for (uint64_t i = 0; i < n; i++)
            if (leave_orphan() < 0)
                return 2;
        (void) printf("orphans %llu\n", (unsigned long long) n);
    }
    for (;;)
        (void) pause();
}
