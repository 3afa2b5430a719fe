#include "runtime/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "base/pidstat.h"
#include "base/strv.h"

enum { RESULT_MAX = 256 * 1024 };

struct errand {
    struct errands *all;
    uint64_t tag;
    pid_t pid;
    int pidfd; /* -1: it had ended before we came */
    char *result;
    sd_event_source *source;
    struct errand *prev, *next;
};

static void errand_free(struct errand *r)
{
    DL_DELETE(r->all->list, r);
    sd_event_source_disable_unref(r->source);
    if (r->pidfd >= 0)
        close(r->pidfd);
    free(r->result);
    free(r);
}

static void tell(struct errand *r)
{
    struct runtime_answer a = { .output = "" };
    auto_free char *text = NULL;
    json_t *fields = NULL;
    const char *output;

    if (fsio_read(AT_FDCWD, r->result, RESULT_MAX, &text, NULL) == 0)
        fields = json_loads(text, 0, NULL);
    a.fields = fields;
    a.code = (int) json_integer_value(json_object_get(fields, "code"));
    a.signal = (int) json_integer_value(json_object_get(fields, "signal"));
    a.timed_out = json_is_true(json_object_get(fields, "timed_out"));
    a.ok = fields && a.code == 0 && a.signal == 0 && !a.timed_out;
    output = json_string_value(json_object_get(fields, "output"));
    a.output = output ? output : "";
    (void) unlink(r->result);
    r->all->to->answered(r->all->to->owner, r->tag, &a);
    json_decref(fields);
}

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct errand *r = userdata;

    (void) s, (void) fd, (void) revents;
    (void) waitpid(r->pid, NULL, WNOHANG); /* an earlier supervisor's child is not ours */
    tell(r);
    errand_free(r);
    return 0;
}

static int on_ended_before(sd_event_source *s, void *userdata)
{
    return on_end(s, -1, 0, userdata);
}

static int spawn(const struct runtime_errand *x, pid_t *pid, struct err *e)
{
    auto_strv argv = NULL;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    int r;

    strv_append(&argv, "ipam-orch");
    strv_append(&argv, "errand");
    strv_append(&argv, x->result);
    strv_appendf(&argv, "%llu", (unsigned long long) (x->timeout_us / USEC_PER_SEC));
    for (const char *const *word = x->argv; *word; word++)
        strv_append(&argv, *word);
    (void) sigemptyset(&none);
    (void) posix_spawn_file_actions_init(&actions);
    (void) posix_spawnattr_init(&attr);
    (void) posix_spawnattr_setsigmask(&attr, &none);
    (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    (void) posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    (void) posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    r = posix_spawn(pid, paths_command(), &actions, &attr, argv, environ);
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attr);
    return r != 0 ? err_set(e, -r, "%s: %s", paths_command(), strerror(r)) : 0;
}

/* the process that an earlier supervisor has begun; -1 when it is over */
static int find_again(const struct runtime_errand *x)
{
    int fd = (int) syscall(SYS_pidfd_open, x->pid, 0);

    if (fd >= 0 && pidstat_start(x->pid) == x->start)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int errand_begin(struct errands *all, struct runtime_errand *x, uint64_t tag, struct err *e)
{
    struct errand *r;
    bool found = x->pid > 0;
    pid_t pid = x->pid;
    int code = found ? 0 : spawn(x, &pid, e);

    if (code < 0)
        return code;
    r = calloc(1, sizeof *r);
    if (!r || !(r->result = strdup(x->result)))
        abort();
    r->all = all;
    r->tag = tag;
    r->pid = pid;
    DL_APPEND(all->list, r);
    r->pidfd = found ? find_again(x) : (int) syscall(SYS_pidfd_open, pid, 0);
    if (r->pidfd >= 0)
        code = sd_event_add_io(all->loop, &r->source, r->pidfd, EPOLLIN, on_end, r);
    else
        code = sd_event_add_defer(all->loop, &r->source, on_ended_before, r);
    if (code < 0) {
        errand_free(r);
        return err_set(e, code, "watching a command: %s", strerror(-code));
    }
    if (!found)
        x->start = pidstat_start(pid);
    x->pid = pid;
    return 0;
}

void errand_forget(struct errands *all)
{
    while (all->list)
        errand_free(all->list);
}
