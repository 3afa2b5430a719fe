/* guest_hog -- takes one resource until the kernel says no; prints how much it got.
 *
 *   guest_hog memory MIB      touches MIB mebibytes, one line per 16; nobody may survive its limit
 *   guest_hog processes MAX   forks up to MAX children that wait; prints "processes N ERRNO"
 *   guest_hog files MAX       opens up to MAX descriptors; prints "files N ERRNO"
 *
 * Exit status: 0 after the line, 2 for wrong use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/num.h"

enum { STEP_MIB = 16, MIB = 1024 * 1024, MOST = 1 << 20 };

static void say(const char *what, uint64_t n)
{
    (void) printf("%s %llu %s\n", what, (unsigned long long) n,
                  errno ? strerrorname_np(errno) : "-");
}

static void take_memory(uint64_t mib)
{
    for (uint64_t n = STEP_MIB; n <= mib; n += STEP_MIB) {
        char *more = mmap(NULL, (size_t) STEP_MIB * MIB, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (more == MAP_FAILED)
            break;
        memset(more, 'x', (size_t) STEP_MIB * MIB);
        say("memory", n);
    }
}

/* the children end when this process does: their pipe closes */
static void take_processes(uint64_t max)
{
    uint64_t n = 0;
    int fd[2];
    char byte;

    if (pipe2(fd, O_CLOEXEC) < 0)
        return;
    for (; n < max; n++) {
        pid_t pid = fork();

        if (pid < 0)
            break;
        if (pid == 0) {
            close(fd[1]);
            _exit((int) read(fd[0], &byte, 1));
        }
    }
    say("processes", n);
    close(fd[1]);
    while (wait(NULL) > 0)
        ;
}

static void take_files(uint64_t max)
{
    uint64_t n = 0;

    while (n < max && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        n++;
    say("files", n);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(uint64_t most);
    } kinds[] = { { "memory", take_memory },
                  { "processes", take_processes },
                  { "files", take_files } };
    uint64_t most = 0;

    (void) setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 3 || num_u64(argv[2], MOST, &most) < 0)
        return 2;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, argv[1]) == 0) {
            kinds[i].run(most);
            return 0;
        }
    }
    return 2;
}
