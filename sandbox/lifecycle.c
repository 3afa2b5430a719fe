#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/paths.h"
#include "sandbox/broker.h"
#include "sandbox/failpoint.h"
#include "sandbox/share.h"
#include "sandbox/stages.h"

/* How often control groups that still had dying processes are tried again. */
#define SWEEP_US (20 * USEC_PER_MSEC)

/* So long an init that has reported its end may take for it. */
enum { LAST_MS = 1000 };

enum { CHILDREN_MAX = 4096, STATUS_MAX = 16 * 1024 };

/* ---- the end ---- */

static void withdraw_ports(struct guest *g)
{
    struct err e = ERR_INIT;

    if (publish_withdraw(g, &e) < 0)
        log_err(&e, g->id);
    for (size_t i = 0; i < g->spec.n_ports * NET_RESERVE_FDS; i++)
        if (g->reserved[i] >= 0)
            close(take_fd(&g->reserved[i]));
}

static void take_end(struct broker *b, struct guest *g)
{
    struct cgroup_stats stats = { 0 };

    g->end = guest_read_record(g);
    g->oom = b->cgroup->stats(g->id, &stats) == 0 && stats.oom_kills > 0;
    g->memory_limit = stats.limit_met ? stats.memory_limit : 0;
    g->state = GUEST_ENDED;
}

/* Who heard the other way round would look for a fault where there is none, and launch into what is
 * ending. */
static void tell_end(struct broker *b, struct guest *g)
{
    g->untold = share_evicts(b, g) != NULL;
    if (g->untold)
        return;
    broker_event(b, requests_exit_event(g));
    for (struct guest *o = b->guests; o; o = o->hh.next) {
        if (o->untold && strcmp(o->spec.pid_of, g->id) == 0) {
            o->untold = false;
            broker_event(b, requests_exit_event(o));
        }
    }
}

/* An ended instance keeps its log pipes, its record and its id until `remove`; its addresses and
 * ports are free at once, because the next one of the same service wants them. */
static void announce_end(struct broker *b, struct guest *g)
{
    FAILPOINT(END_HEARD);
    /* commands that joined from outside, else there are none, see `alone`; all of it where init is
     * not pid 1 */
    if (!g->pid_source || g->spec.pid_of[0])
        (void) b->cgroup->kill(g->id);
    FAILPOINT(END_KILLED);
    take_end(b, g);
    withdraw_ports(g);
    FAILPOINT(END_WITHDRAWN);
    join_kill_of_guest(b, g);
    log_line(LOG_INFO, "instance ended id=%s status=%d stage=\"%s\" errno=%d oom=%d", g->id,
             g->end.status, stages_text(g->end.stage), g->end.error, g->oom);
    tell_end(b, g);
    FAILPOINT(END_TOLD);
}

/* init is gone, and with it the last process of its namespace */
static void reap(struct broker *b, struct guest *g)
{
    g->pid_source = sd_event_source_disable_unref(g->pid_source);
    g->socket_source = sd_event_source_disable_unref(g->socket_source);
    g->record_source = sd_event_source_disable_unref(g->record_source);
    if (g->socket >= 0)
        close(take_fd(&g->socket));
    (void) waitpid(g->init, NULL, WNOHANG); /* not our child after an adoption */
    if (g->state != GUEST_ENDED)
        announce_end(b, g);
}

/* ---- watching ---- */

/* is the process called so by its init? */
static bool is_inside(pid_t pid, pid_t inside)
{
    auto_free char *path = paths_join("/proc/%d/status", (int) pid);
    auto_free char *text = NULL;
    char *line, *number;

    if (fsio_read_pseudo(AT_FDCWD, path, STATUS_MAX, &text) < 0 ||
        !(line = strstr(text, "\nNSpid:")))
        return false;
    line[1 + strcspn(line + 1, "\n")] = '\0';
    number = strrchr(line, '\t');
    return number && strtol(number, NULL, 10) == inside;
}

/* A child of init, by what init calls it: others may be left of commands before it. */
static pid_t find_program(const struct guest *g, pid_t inside)
{
    auto_free char *path = paths_join("/proc/%d/task/%d/children", (int) g->init, (int) g->init);
    auto_free char *text = NULL;

    if (fsio_read_pseudo(AT_FDCWD, path, CHILDREN_MAX, &text) < 0)
        return 0;
    for (char *at = text, *end; *at; at = end) {
        pid_t pid = (pid_t) strtol(at, &end, 10);

        if (end == at)
            break;
        if (g->spec.n_pre_start == 0 || is_inside(pid, inside))
            return pid;
    }
    return 0;
}

static void begin(struct broker *b, struct guest *g, pid_t inside)
{
    struct err e = ERR_INIT;

    g->pid = find_program(g, inside);
    if (guest_save_state(g, &e) < 0)
        log_err(&e, g->id);
    FAILPOINT(START_HEARD);
    log_line(LOG_INFO, "instance started id=%s pid=%d", g->id, (int) g->pid);
    broker_event(b, json_pack("{s:s,s:s,s:i,s:o,s:o}", "event", "started", "id", g->id, "pid",
                              (int) g->pid, "ports", requests_ports(g), "shut", publish_shut(g)));
}

static void read_reports(struct broker *b, struct guest *g)
{
    struct report r;

    while (g->socket >= 0) {
        int fds[FDPASS_MAX];
        size_t n_fds = 0;
        ssize_t got = fdpass_recv(g->socket, &r, sizeof r, fds, &n_fds);

        fdpass_close(fds, n_fds);
        if (got == -EAGAIN)
            return;
        if (got <= 0) {
            g->socket_source = sd_event_source_disable_unref(g->socket_source);
            close(take_fd(&g->socket));
            return;
        }
        /* whatever else is left of it the kernel ends with init, which takes a moment */
        if (got == sizeof r && r.kind == REPORT_ENDED && r.alone && !join_is_any(b, g))
            announce_end(b, g);
        if (got != sizeof r || r.kind != REPORT_STARTED)
            continue;
        begin(b, g, r.pid);
    }
}

static int on_report(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct guest *g = userdata;

    (void) s, (void) fd, (void) revents;
    read_reports(g->broker, g);
    return 0;
}

static int on_end(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct guest *g = userdata;

    (void) s, (void) fd, (void) revents;
    read_reports(g->broker, g); /* "started" first, however short the life was */
    reap(g->broker, g);
    if (g->removal)
        (void) sd_event_source_set_enabled(g->removal, SD_EVENT_ONESHOT);
    return 0;
}

int lifecycle_watch(struct broker *b, struct guest *g, struct err *e)
{
    int r = 0;

    g->broker = b;
    HASH_ADD_KEYPTR(hh, b->guests, g->id, strlen(g->id), g);
    if (g->socket >= 0) {
        if (fcntl(g->socket, F_SETFL, O_NONBLOCK) < 0)
            r = -errno;
        if (r == 0)
            r = sd_event_add_io(b->loop, &g->socket_source, g->socket, EPOLLIN, on_report, g);
    }
    if (r == 0 && g->state == GUEST_RUNNING)
        r = sd_event_add_io(b->loop, &g->pid_source, g->pidfd, EPOLLIN, on_end, g);
    return r < 0 ? err_set(e, r, "watching '%s': %s", g->id, strerror(-r)) : 0;
}

/* ---- removal ---- */

struct sweep {
    struct broker *broker;
    bool left;
};

static void sweep_one(const char *id, void *userdata)
{
    struct sweep *s = userdata;
    struct guest *g = NULL;

    HASH_FIND_STR(s->broker->guests, id, g);
    if (g)
        return;
    (void) s->broker->cgroup->kill(id);
    if (s->broker->cgroup->destroy(id) < 0)
        s->left = true;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct broker *b = userdata;
    struct sweep s = { .broker = b };

    (void) usec;
    b->cgroup->each(sweep_one, &s);
    if (s.left) {
        (void) sd_event_source_set_time_relative(source, SWEEP_US);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    }
    b->sweep = sd_event_source_disable_unref(b->sweep);
    broker_check_idle(b);
    return 0;
}

/* Removes control groups of nobody, now or as soon as their last process is gone. */
static void sweep(struct broker *b)
{
    struct sweep s = { .broker = b };

    b->cgroup->each(sweep_one, &s);
    if (s.left && !b->sweep)
        (void) sd_event_add_time_relative(b->loop, &b->sweep, CLOCK_MONOTONIC, SWEEP_US, 0,
                                          on_sweep, b);
}

static void remove_guest(struct broker *b, struct guest *g)
{
    const struct connection *from = g->remover;
    uint64_t tag = g->remover_tag;
    int r = b->cgroup->destroy(g->id);

    FAILPOINT(GROUP_REMOVED);
    HASH_DEL(b->guests, g);
    guest_remove_dir(g->id);
    guest_free(g);
    if (r < 0)
        sweep(b);
    broker_answer(b, from, tag, json_object());
}

static int on_removal(sd_event_source *s, void *userdata)
{
    struct guest *g = userdata;
    struct broker *b = g->broker;

    (void) s;
    if (g->pid_source) /* the end of init comes back to this */
        return 0;
    remove_guest(b, g);
    broker_check_idle(b);
    return 0;
}

int lifecycle_remove(struct broker *b, struct guest *g, const struct request *r, struct err *e)
{
    int failed = 0;

    g->remover = r->from;
    g->remover_tag = r->tag;
    if (!g->removal)
        failed = sd_event_add_defer(b->loop, &g->removal, on_removal, g);
    if (failed >= 0)
        failed = sd_event_source_set_priority(g->removal, SD_EVENT_PRIORITY_IDLE);
    return failed < 0 ? err_set(e, failed, "removing '%s': %s", g->id, strerror(-failed))
                      : REQUEST_LATER;
}

void lifecycle_finish_removals(struct broker *b)
{
    struct guest *g, *next;

    HASH_ITER (hh, b->guests, g, next) {
        struct pollfd init = { .fd = g->pidfd, .events = POLLIN };

        if (!g->removal)
            continue;
        if (g->pid_source) {
            (void) poll(&init, 1, LAST_MS);
            reap(b, g);
        }
        remove_guest(b, g);
    }
}

/* ---- after a restart ---- */

static int on_record(sd_event_source *s, const struct inotify_event *what, void *userdata)
{
    struct guest *g = userdata;
    pid_t inside = guest_begun(g);

    (void) s, (void) what;
    if (inside > 0 && g->state == GUEST_RUNNING) {
        g->record_source = sd_event_source_disable_unref(g->record_source);
        begin(g->broker, g, inside);
    }
    return 0;
}

/* Its broker was killed while commands ran before the program: init says in its record when that
 * begins, and nowhere else. */
static void await_begin(struct broker *b, struct guest *g)
{
    auto_free char *path = guest_path(g, "record");

    if (g->state != GUEST_RUNNING || g->pid != 0)
        return;
    (void) sd_event_add_inotify(b->loop, &g->record_source, path, IN_MODIFY, on_record, g);
    if (guest_begun(g) > 0)
        (void) on_record(NULL, NULL, g);
}

static int adopt_running(struct guest *g, struct err *e)
{
    g->pidfd = (int) syscall(SYS_pidfd_open, g->init, 0);
    if (g->pidfd < 0)
        return err_set(e, -errno, "pidfd_open: %s", strerror(errno));
    if (guest_is_ending(g))
        return err_set(e, -ESRCH, "it ended meanwhile");
    g->state = GUEST_RUNNING;
    if (g->pid == 0 && g->spec.n_pre_start == 0)
        g->pid = find_program(g, 0);
    for (size_t i = 0; i < g->spec.n_ports && !g->waits; i++)
        if (net_reserve(&g->spec.ports[i], g->reserved + i * NET_RESERVE_FDS, e) < 0)
            log_err(e, g->id);
    g->published = g->spec.n_ports > 0 && !g->waits;
    return guest_take_streams(g, e);
}

static void adopt_one(struct broker *b, const char *id)
{
    struct err e = ERR_INIT;
    struct guest *g = NULL;
    int r = guest_load(id, &g, &e);

    if (r < 0) {
        log_line(LOG_WARN, "dropping half a launch id=%s reason=\"%s\"", id, e.msg);
        guest_remove_dir(id);
        return;
    }
    /* One that has begun to end is over, however long the kernel takes: it waits for processes
     * whose parents ended with the earlier broker, and for whoever reaps those. */
    if (!guest_is_ending(g) && adopt_running(g, &e) < 0)
        log_err(&e, id);
    if (guest_is_ending(g))
        g->state = GUEST_NEW;
    if (g->state != GUEST_RUNNING) {
        (void) b->cgroup->kill(g->id);
        take_end(b, g);
    }
    if (lifecycle_watch(b, g, &e) < 0)
        log_err(&e, id);
    await_begin(b, g);
    log_line(LOG_NOTE, "instance adopted id=%s init=%d state=%s%s", g->id, (int) g->init,
             g->state == GUEST_ENDED ? "ended" : "running",
             g->foreign ? " launched-by=\"a newer version\"" : "");
}

int lifecycle_adopt(struct broker *b, struct err *e)
{
    auto_free char *path = paths_join("%s/instances", paths_run());
    auto_dir dir = opendir(path);
    const struct dirent *entry;
    int r;

    if (!dir)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            adopt_one(b, entry->d_name);
    r = network_adopt(b, e);
    if (r < 0)
        return r;
    network_refresh(b);
    sweep(b);
    return 0;
}
