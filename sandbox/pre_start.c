#include "sandbox/pre_start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"

struct hook {
    struct program program;
    uint64_t deadline_us;
};

int pre_start_take(struct pre_start *s, struct program *p, const struct setup_op *op)
{
    struct hook *h;

    if (!s->hooks && !(s->hooks = calloc(PRE_START_MAX, sizeof *s->hooks)))
        return -ENOMEM;
    if (s->n == PRE_START_MAX)
        return -EINVAL;
    h = &s->hooks[s->n];
    if (p->n_argv == 0 || num_u64(op->arg[0], INT64_MAX, &h->deadline_us) < 0)
        return -EINVAL;
    h->program = *p;
    p->argv = p->env = NULL;
    p->n_argv = p->n_env = 0;
    s->n++;
    return 0;
}

static int await(pid_t pid, uint64_t deadline_us, int *status)
{
    uint64_t until_us = clock_now_us() + deadline_us;
    sigset_t child;

    (void) sigemptyset(&child);
    (void) sigaddset(&child, SIGCHLD);
    while (waitpid(pid, status, WNOHANG) != pid) {
        uint64_t now_us = clock_now_us(), left_us = until_us > now_us ? until_us - now_us : 0;
        struct timespec left = { .tv_sec = (time_t) (left_us / USEC_PER_SEC),
                                 .tv_nsec = (long) (left_us % USEC_PER_SEC * 1000) };

        if (left_us == 0)
            return -ETIME;
        (void) sigtimedwait(&child, NULL, &left);
    }
    return 0;
}

static int run(const struct hook *h, const struct program_start *how, int *ended, struct err *e)
{
    const struct program *p = &h->program;
    enum stage stage = STAGE_NONE;
    int status = 0, pid = program_start(p, how, &stage), r;

    if (pid < 0)
        return err_set(e, pid, "%s: %s: %s", p->argv[0], stages_text(stage), strerror(-pid));
    r = await(pid, h->deadline_us, &status);
    (void) kill(-pid, SIGKILL);
    if (r < 0) {
        (void) waitpid(pid, NULL, 0);
        return err_set(e, r, "%s was not over in time", p->argv[0]);
    }
    *ended = status;
    if (status != 0)
        return err_set(e, -ECANCELED, "%s %s %d", p->argv[0],
                       WIFSIGNALED(status) ? "was killed by signal" : "exited with status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return 0;
}

int pre_start_run(struct pre_start *s, struct program_start how, int out, int err, struct err *e)
{
    auto_fd nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int r = 0;

    if (s->n > 0 && nothing < 0)
        return err_set(e, -errno, "/dev/null: %s", strerror(errno));
    how.std[0] = nothing;
    how.std[1] = out;
    how.std[2] = err;
    for (size_t k = 0; r == 0 && k < s->n; k++)
        r = run(&s->hooks[k], &how, &s->status, e);
    return r;
}

void pre_start_clear(struct pre_start *s)
{
    for (size_t k = 0; k < s->n; k++)
        program_clear(&s->hooks[k].program);
    free(s->hooks);
    *s = (struct pre_start){ 0 };
}
