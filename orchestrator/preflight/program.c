#include "preflight/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

enum { ANSWER_MAX = 256 * 1024 };

static int start(const char *const *argv, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);

    if (r != 0)
        return -r;
    r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *) (uintptr_t) argv, environ);
    (void) posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* false when the time is up */
static bool is_readable(int fd, uint64_t end_us)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint64_t now = clock_now_us();
    int left = now < end_us ? (int) ((end_us - now + 999) / 1000) : 0;

    return poll(&p, 1, left) > 0;
}

/* until the end of what it writes; what is too much is read and dropped */
static int collect(int fd, uint64_t end_us, char *text, size_t *len)
{
    static char rest[4096];

    while (is_readable(fd, end_us)) {
        size_t room = ANSWER_MAX - *len;
        ssize_t n = read(fd, room ? text + *len : rest, room ? room : sizeof rest);

        if (n <= 0)
            return n < 0 && errno == EINTR ? -EINTR : 0;
        *len += room ? (size_t) n : 0;
    }
    return -ETIME;
}

int program_ask(const char *const *argv, int timeout_ms, char **out)
{
    uint64_t end_us = clock_now_us() + (uint64_t) timeout_ms * USEC_PER_MSEC;
    auto_free char *text = calloc(1, ANSWER_MAX + 1);
    int ends[2], status = 0, r;
    size_t len = 0;
    pid_t pid;

    if (!text)
        abort();
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    auto_fd in = ends[0];
    r = start(argv, ends[1], &pid);
    close(ends[1]);
    if (r < 0)
        return r;
    auto_fd process = pidfd_open(pid, 0);
    r = collect(in, end_us, text, &len);
    if (r == 0 && process >= 0 && !is_readable(process, end_us)) /* shut its output, goes on */
        r = -ETIME;
    if (r < 0)
        (void) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r < 0)
        return r;
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (out)
        *out = take_ptr(text);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}
