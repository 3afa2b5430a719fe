#include "ops/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "ops/once.h"

#define MANAGER_USER "ipam-orch"

enum { ERRORS_SHOWN = 600, NO_PROGRAM = 127 };

/* in the child: nothing but what ends in an exec */
static _Noreturn void become(const struct tool *t, int in, int out, int errors,
                             const struct passwd *pw)
{
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0)
        _exit(NO_PROGRAM);
    if (pw && (setgroups(0, NULL) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0))
        _exit(NO_PROGRAM);
    (void) signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; t->env && t->env[i]; i++)
        (void) putenv((char *) (size_t) t->env[i]);
    execvp(t->argv[0], (char *const *) (size_t) t->argv);
    (void) dprintf(STDERR_FILENO, "%s: %s\n", t->argv[0], strerror(errno));
    _exit(NO_PROGRAM);
}

static int start_here(const struct tool *t, struct tool_run *run, struct err *e)
{
    auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct passwd *pw = t->unprivileged && geteuid() == 0 ? getpwnam(MANAGER_USER) : NULL;

    if (null < 0)
        return err_set(e, -errno, "/dev/null: %s", strerror(errno));
    run->pid = fork();
    if (run->pid == 0)
        become(t, t->in < 0 ? null : t->in, t->out < 0 ? null : t->out, run->errors, pw);
    return run->pid < 0 ? err_set(e, -errno, "starting %s: %s", run->name, strerror(errno)) : 0;
}

int tool_start(const struct procedure *p, const struct tool *t, struct tool_run *run, struct err *e)
{
    struct inside command;

    *run = TOOL_NONE;
    (void) snprintf(run->name, sizeof run->name, "%s", t->name ? t->name : t->argv[0]);
    run->errors = memfd_create("errors", MFD_CLOEXEC);
    if (run->errors < 0)
        return err_set(e, -errno, "a file in memory: %s", strerror(errno));
    if (!t->service)
        return start_here(t, run, e);
    (void) snprintf(run->service, sizeof run->service, "%s", t->service);
    command = (struct inside){ .service = t->service,
                               .argv = t->argv,
                               .env = t->env,
                               .in = t->in,
                               .out = t->out,
                               .err = run->errors };
    return t->beside ? once_start(p, t->beside, &command, &run->inside, e)
                     : inside_start(p, &command, &run->inside, e);
}

/* What it says last on stderr is why it failed; a client of a database shows the statement before
 * that, which is nothing to be shown: it is data.  tar adds a line that says nothing. */
static void last_words(int fd, char out[ERRORS_SHOWN])
{
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > ERRORS_SHOWN - 1 ? size - (ERRORS_SHOWN - 1) : 0;
    ssize_t n = pread(fd, out, ERRORS_SHOWN - 1, from);
    char *line;

    do {
        while (n > 0 && out[n - 1] == '\n')
            n--;
        out[n > 0 ? n : 0] = '\0';
        line = strrchr(out, '\n');
        n = line ? line - out : 0;
    } while (line && strstr(line, "Exiting with failure status"));
    if (line)
        memmove(out, line + 1, strlen(line));
}

static int wait_here(struct tool_run *run, struct inside_end *end, struct err *e)
{
    int status;

    while (waitpid(run->pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(e, -errno, "waiting: %s", strerror(errno));
    run->pid = 0;
    end->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 0;
}

int tool_end(struct tool_run *run, uint64_t timeout_us, int tolerated, struct err *e)
{
    struct inside_end end = { 0 };
    char words[ERRORS_SHOWN] = "";
    bool here = run->pid > 0;
    int r = here ? wait_here(run, &end, e) : inside_wait(&run->inside, timeout_us, &end, e);

    if (r < 0)
        (void) err_wrap(e, "%s%s%s", run->name, here ? "" : " in ", run->service);
    if (r == 0 && (end.code > tolerated || end.signal != 0)) {
        last_words(run->errors, words);
        r = err_set(e, -ECHILD, "%s%s%s ended with %s %d%s%s", run->name, here ? "" : " in ",
                    run->service, end.signal ? "signal" : "status",
                    end.signal ? end.signal : end.code, words[0] ? ": " : "", words);
    }
    tool_stop(run);
    return r;
}

void tool_stop(struct tool_run *run)
{
    if (run->pid > 0 && kill(run->pid, SIGKILL) == 0)
        (void) waitpid(run->pid, NULL, 0);
    inside_stop(&run->inside);
    if (run->errors >= 0)
        close(run->errors);
    *run = TOOL_NONE;
}
