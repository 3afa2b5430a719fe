#include <dirent.h>
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
#include "base/log.h"
#include "sandbox/broker.h"
#include "sandbox/volume.h"

/* One volume on its way out: rm(1) is at it.  That program holds its own in trees of any depth,
 * follows no symbolic link, and stays on the file system. */
struct retirement {
    struct broker *broker;
    const struct connection *from; /* NULL: nobody waits */
    uint64_t tag;
    pid_t pid;
    int pidfd;
    sd_event_source *source;
    struct retirement *prev, *next;
};

static void retirement_free(struct retirement *t)
{
    DL_DELETE(t->broker->retirements, t);
    sd_event_source_disable_unref(t->source);
    if (t->pidfd >= 0)
        close(t->pidfd);
    free(t);
}

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct retirement *t = userdata;
    int status = 0;

    (void) s, (void) fd, (void) revents;
    (void) waitpid(t->pid, &status, 0);
    if (status != 0)
        log_line(LOG_WARN, "a retired volume is not quite gone status=%d", status);
    if (t->from)
        broker_answer(t->broker, t->from, t->tag,
                      status == 0 ? json_object()
                                  : json_pack("{s:{s:i,s:s}}", "error", "errno", EIO, "message",
                                              "the volume is gone, but not all of its files are; "
                                              "the log of the broker has more"));
    retirement_free(t);
    return 0;
}

static int spawn_rm(int dir, const char *name, pid_t *pid)
{
    char *argv[] = { (char[]){ "rm" },
                     (char[]){ "-rf" },
                     (char[]){ "--one-file-system" },
                     (char[]){ "--" },
                     NULL,
                     NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    auto_free char *path = strdup(name);
    sigset_t none;
    int r;

    if (!path)
        return -ENOMEM;
    argv[4] = path;
    (void) sigemptyset(&none);
    (void) posix_spawn_file_actions_init(&actions);
    (void) posix_spawnattr_init(&attr);
    (void) posix_spawnattr_setsigmask(&attr, &none);
    (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    /* the place, not its path: what is above it does not belong to root */
    r = posix_spawn_file_actions_addfchdir_np(&actions, dir);
    if (r == 0)
        r = posix_spawnp(pid, "rm", &actions, &attr, argv, environ);
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attr);
    return -r;
}

static int start(struct broker *b, int dir, const char *name, struct retirement **out)
{
    struct retirement *t = calloc(1, sizeof *t);
    int r;

    if (!t)
        return -ENOMEM;
    t->broker = b;
    t->pidfd = -1;
    DL_APPEND(b->retirements, t);
    r = spawn_rm(dir, name, &t->pid);
    if (r == 0 && (t->pidfd = (int) syscall(SYS_pidfd_open, t->pid, 0)) < 0)
        r = -errno;
    if (r == 0)
        r = sd_event_add_io(b->loop, &t->source, t->pidfd, EPOLLIN, on_end, t);
    if (r < 0) {
        retirement_free(t);
        return r;
    }
    *out = t;
    return 0;
}

int retire_entry(struct broker *b, int from, const char *name, const struct request *r,
                 struct err *e)
{
    struct retirement *t = NULL;
    char retired[VOLUME_NAME];
    auto_fd dir = volume_retire(from, name, retired, e);
    int result;

    if (dir < 0)
        return dir;
    result = start(b, dir, retired, &t);
    if (result < 0)
        return err_set(e, result, "deleting volume '%s': %s", name, strerror(-result));
    t->from = r ? r->from : NULL;
    t->tag = r ? r->tag : 0;
    return REQUEST_LATER;
}

void retire_rest(struct broker *b)
{
    struct retirement *t = NULL;
    struct err e = ERR_INIT;
    auto_fd dir = volume_retired(&e);
    int copy = dir < 0 ? -1 : fcntl(dir, F_DUPFD_CLOEXEC, 0);
    auto_dir list = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    while (list && (entry = readdir(list))) {
        int r = entry->d_name[0] == '.' ? 0 : start(b, dir, entry->d_name, &t);

        if (r < 0)
            log_line(LOG_WARN, "a retired volume stays name=%s reason=\"%s\"", entry->d_name,
                     strerror(-r));
    }
}

void retire_forget_connection(struct broker *b, const struct connection *c)
{
    struct retirement *t;

    DL_FOREACH (b->retirements, t)
        if (t->from == c)
            t->from = NULL;
}

/* rm goes on without us */
void retire_close(struct broker *b)
{
    while (b->retirements)
        retirement_free(b->retirements);
}
