/* errand: a command that the supervisor has sent off.  What it printed and how it ended is in a
 * file then, for whoever is supervisor by that time. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/bytetext.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/paths.h"
#include "cli/cmd.h"

/* the end of what it printed is what tells; so long it has to end when it is asked to */
enum { KEPT = 16 * 1024, GRACE_S = 20, ARGUMENTS = 4, LAST_MS = 200 };

struct errand {
    pid_t pid;
    int pidfd, out;
    char kept[2 * KEPT];
    size_t used;
    bool timed_out;
};

static _Noreturn void become(char **words, int out)
{
    static char name[] = "ipam-orch";
    auto_free char **argv = NULL;
    size_t n = 0;

    while (words[n])
        n++;
    argv = calloc(n + 2, sizeof *argv);
    /* who is killed takes it along: it would hold the project's lock, and nobody hears of it */
    if (!argv || prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() == 1 || setpgid(0, 0) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(126);
    argv[0] = name;
    memcpy(argv + 1, words, n * sizeof *words);
    execv(paths_command(), argv);
    _exit(127);
}

static int begin(struct errand *x, char **words, struct err *e)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(e, -errno, "a pipe: %s", strerror(errno));
    x->out = ends[0];
    x->pid = fork();
    if (x->pid == 0)
        become(words, ends[1]);
    close(ends[1]);
    if (x->pid < 0)
        return err_set(e, -errno, "a process: %s", strerror(errno));
    (void) setpgid(x->pid, x->pid); /* whichever of the two comes first */
    x->pidfd = (int) syscall(SYS_pidfd_open, x->pid, 0);
    return x->pidfd < 0 ? err_set(e, -errno, "pidfd_open: %s", strerror(errno)) : 0;
}

/* the last KEPT bytes stay; false at the end of the output */
static bool take(struct errand *x)
{
    ssize_t n;

    if (x->used > sizeof x->kept - KEPT / 2) {
        memmove(x->kept, x->kept + x->used - KEPT, KEPT);
        x->used = KEPT;
    }
    n = read(x->out, x->kept + x->used, sizeof x->kept - x->used);
    if (n > 0)
        x->used += (size_t) n;
    return n > 0 || (n < 0 && errno == EINTR);
}

static int ms_until(uint64_t until_us)
{
    uint64_t now = clock_now_us();

    return until_us <= now ? 0 : (int) ((until_us - now) / USEC_PER_MSEC % (3600 * 1000)) + 1;
}

/* until it has ended, by itself or because its time is over */
static void attend(struct errand *x, uint64_t timeout_us)
{
    uint64_t until = timeout_us > 0 ? clock_now_us() + timeout_us : UINT64_MAX;

    for (;;) {
        struct pollfd p[] = { { .fd = x->pidfd, .events = POLLIN },
                              { .fd = x->out, .events = POLLIN } };

        if (poll(p, ARRAY_LEN(p), until == UINT64_MAX ? -1 : ms_until(until)) < 0 && errno != EINTR)
            return;
        if (p[1].revents && !take(x))
            close(take_fd(&x->out));
        if (p[0].revents)
            return;
        if (clock_now_us() < until)
            continue;
        (void) kill(-x->pid, x->timed_out ? SIGKILL : SIGTERM);
        until = x->timed_out ? UINT64_MAX : clock_now_us() + GRACE_S * USEC_PER_SEC;
        x->timed_out = true;
    }
}

/* what is in the pipe still; somebody who outlives it may have the other end */
static void drain(struct errand *x)
{
    struct pollfd p = { .fd = x->out, .events = POLLIN };

    while (x->out >= 0 && poll(&p, 1, LAST_MS) > 0 && take(x))
        ;
}

/* where what is kept begins, at a whole character; a text of ours has no NUL */
static size_t first_kept(struct errand *x)
{
    size_t from = x->used > KEPT ? x->used - KEPT : 0;

    while (from > 0 && from < x->used && ((unsigned char) x->kept[from] & 0xc0) == 0x80)
        from++;
    for (size_t i = from; i < x->used; i++)
        if (x->kept[i] == '\0')
            x->kept[i] = ' ';
    return from;
}

static int write_end(struct errand *x, const char *path, uint64_t began_us, int status,
                     struct err *e)
{
    size_t from = first_kept(x), len = 0;
    auto_free char *output = bytetext_encode(x->kept + from, x->used - from, &len);
    auto_free char *text = NULL;
    json_t *end =
        json_pack("{s:I,s:I,s:i,s:i,s:b}", "started_us", (json_int_t) began_us, "ended_us",
                  (json_int_t) clock_wall_us(), "code", WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                  "signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0, "timed_out", x->timed_out);
    json_t *printed = json_stringn(x->kept + from, x->used - from);
    int r;

    /* text stays as it is; anything else becomes text */
    (void) json_object_set_new(end, "output", printed ? printed : json_stringn(output, len));
    text = json_dumps(end, JSON_COMPACT);
    json_decref(end);
    if (!text)
        abort();
    r = fsio_write_atomic(AT_FDCWD, path, text, strlen(text), 0600);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

int cmd_errand(struct cli *cli, int argc, char **argv)
{
    struct errand x = { .pidfd = -1, .out = -1 };
    uint64_t seconds = 0, began_us = clock_wall_us();
    struct err e = ERR_INIT;
    int status = 0, r;

    if (argc < ARGUMENTS || num_u64(argv[2], UINT32_MAX, &seconds) < 0) {
        err_set(&e, -EINVAL, "errand FILE SECONDS WORD...: for the supervisor only");
        err_classify(&e, ERR_USAGE);
        return cli_fail(cli, &e);
    }
    r = begin(&x, argv + ARGUMENTS - 1, &e);
    if (r == 0) {
        attend(&x, seconds * USEC_PER_SEC);
        (void) waitpid(x.pid, &status, 0);
        (void) kill(-x.pid, SIGKILL); /* what it left behind */
        drain(&x);
        r = write_end(&x, argv[1], began_us, status, &e);
    }
    if (x.pidfd >= 0)
        close(x.pidfd);
    if (x.out >= 0)
        close(x.out);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
