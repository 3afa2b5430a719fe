#include "engine/unfinished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "engine/supervisor_impl.h"

#define LOOK_US    (60 * USEC_PER_SEC)
#define TIMEOUT_US (UINT64_C(4) * 3600 * USEC_PER_SEC)

/* What failed is tried again later and later: somebody has to look at it. */
enum { PATIENCE_LOOKS = 10 };

struct unfinished {
    char project[256]; /* the one that is seen to, "" = none */
    uint64_t tag;
    char failed[256]; /* the last one that could not be, and for how many looks it rests */
    unsigned rests;
    struct timer timer;
};

static void on_timer(void *owner)
{
    unfinished_look(owner);
}

static bool is_there(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* nobody works there; an operator who keeps everybody away does that for us too */
static bool is_free(int dir)
{
    auto_fd lock = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (is_there(dir, "hold"))
        return false;
    return lock < 0 ? errno == ENOENT : flock(lock, LOCK_SH | LOCK_NB) == 0;
}

static bool is_interrupted(int top, const char *project)
{
    auto_fd dir = openat(top, project, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    return dir >= 0 && is_there(dir, "intent") && is_free(dir);
}

static void note(struct supervisor *s, const char *project, const char *what, const char *detail)
{
    struct deployment *d = supervisor_find(s, project);

    log_line(LOG_NOTE, "recovery of an interrupted operation %s project=%s%s%s", what, project,
             detail[0] ? ": " : "", detail);
    if (d)
        supervisor_note(d, json_pack("{s:s,s:s,s:s,s:s}", "event", what, "project", project,
                                     "operation", "recover", "detail", detail));
}

static void send_off(struct supervisor *s, const char *project)
{
    struct unfinished *u = s->unfinished;
    auto_free char *end = paths_join("%s/@recover.end", s->config.schedule_dir);
    const char *const words[] = { "-p", project, "--quiet", "recover", NULL };
    struct runtime_errand x = { .argv = words, .result = end, .timeout_us = TIMEOUT_US };
    struct err e = ERR_INIT;

    u->tag = ++s->last_tag;
    (void) snprintf(u->project, sizeof u->project, "%s", project);
    if (s->ops->errand(s->self, &x, u->tag, &e) == 0) {
        note(s, project, "begun", "");
        return;
    }
    u->tag = 0;
    note(s, project, "failed", e.msg);
}

void unfinished_look(struct supervisor *s)
{
    auto_dir dir = s->config.operations_dir ? opendir(s->config.operations_dir) : NULL;
    struct unfinished *u = s->unfinished;
    const struct dirent *entry;

    if (!s->config.operations_dir)
        return;
    if (!u && !(u = s->unfinished = calloc(1, sizeof *u)))
        abort();
    if (u->rests > 0)
        u->rests--;
    while (u->tag == 0 && s->connected && dir && (entry = readdir(dir))) {
        bool rests = u->rests > 0 && strcmp(entry->d_name, u->failed) == 0;

        if (entry->d_name[0] != '.' && !rests && is_interrupted(dirfd(dir), entry->d_name))
            send_off(s, entry->d_name);
    }
    timers_set(s->timers, &u->timer, timers_now(s->timers) + LOOK_US, on_timer, s);
}

bool unfinished_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a)
{
    struct unfinished *u = s->unfinished;

    if (!u || u->tag != tag)
        return false;
    u->tag = 0;
    note(s, u->project, a->ok ? "done" : "failed", a->ok ? "" : a->output);
    if (!a->ok) {
        memcpy(u->failed, u->project, sizeof u->failed);
        u->rests = PATIENCE_LOOKS;
    }
    unfinished_look(s); /* there may be more */
    return true;
}

void unfinished_free(struct supervisor *s)
{
    if (s->unfinished)
        timers_cancel(s->timers, &s->unfinished->timer);
    free(s->unfinished);
}
