#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/apparmor.h"
#include "base/auto.h"
#include "base/paths.h"
#include "sandbox/broker.h"
#include "sandbox/devices.h"
#include "sandbox/failpoint.h"
#include "sandbox/rootfs.h"
#include "sandbox/seccomp.h"
#include "sandbox/share.h"

enum { PIPE_BYTES = 1024 * 1024 };

int launch_admit(struct broker *b, const char *id, int socket, struct err *e)
{
    int fds[CGROUP_ENTRANCES], n = b->cgroup->entrances(id, fds, e), r;

    if (n <= 0)
        return n;
    r = handover_send_groups(socket, fds, (size_t) n);
    fdpass_close(fds, (size_t) n);
    return r < 0 ? err_set(e, r, "init of '%s' ended before it began: %s", id, strerror(-r)) : 0;
}

/* ---- log pipes ---- */

static int open_pipe(int *rd, int *wr, uid_t uid, struct err *e)
{
    int fd[2];

    if (pipe2(fd, O_CLOEXEC) < 0)
        return err_set(e, -errno, "log pipe: %s", strerror(errno));
    *rd = fd[0];
    *wr = fd[1];
    if (fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
        return err_set(e, -errno, "log pipe of %d bytes: %s", PIPE_BYTES, strerror(errno));
    /* so that the program may open /dev/stdout */
    if (fchown(fd[1], uid, (gid_t) -1) < 0)
        return err_set(e, -errno, "log pipe: %s", strerror(errno));
    return 0;
}

/* ends[] in the order of handover.h; what was opened before a failure is in there too */
static int open_streams(int ends[HANDOVER_STREAM_FDS], uid_t uid, struct err *e)
{
    int r = 0;

    for (int s = 0; s < HANDOVER_STREAM_FDS && r == 0; s += STREAM_ENDS) {
        r = open_pipe(&ends[s + STREAM_SOURCE_READ], &ends[s + STREAM_SOURCE_WRITE], uid, e);
        if (r == 0)
            r = open_pipe(&ends[s + STREAM_STAGING_READ], &ends[s + STREAM_STAGING_WRITE], 0, e);
    }
    return r;
}

/* The broker keeps what the supervisor may ask for; the write end of `source` is not among it. */
static void keep_streams(struct guest *g, int ends[HANDOVER_STREAM_FDS])
{
    for (int s = 0, kept = 0; s < HANDOVER_STREAM_FDS; s += STREAM_ENDS) {
        g->streams[kept++] = take_fd(&ends[s + STREAM_SOURCE_READ]);
        g->streams[kept++] = take_fd(&ends[s + STREAM_STAGING_READ]);
        g->streams[kept++] = take_fd(&ends[s + STREAM_STAGING_WRITE]);
    }
}

/* ---- one launch ---- */

enum { FILTER_OWN, FILTER_INIT, FILTERS };

/* What a launch holds until "go". */
struct attempt {
    struct rootfs rootfs;
    int streams[HANDOVER_STREAM_FDS];
    int record;
    int filters[FILTERS]; /* in the order of handover.h */
    bool has_dir, has_cgroup;
};

/* PROJECT.UNIT.REPLICA: all incarnations of a replica are the same to the ids of the host */
static size_t owner_length(const char *id)
{
    const char *dot = strrchr(id, '.');

    return dot ? (size_t) (dot - id) : strlen(id);
}

struct tenant {
    const struct broker *broker;
    const struct guest *guest;
};

static bool is_taken(uint32_t first, void *userdata)
{
    const struct tenant *t = userdata;
    size_t len = owner_length(t->guest->id);

    for (const struct guest *o = t->broker->guests; o; o = o->hh.next)
        if (o->spec.own_users && o->users.first == first &&
            (owner_length(o->id) != len || strncmp(o->id, t->guest->id, len) != 0))
            return true;
    return false;
}

static int make_users(const struct broker *b, struct guest *g, struct err *e)
{
    struct tenant t = { b, g };
    char owner[256];
    uint32_t first = 0, last = 0;
    int r;

    if (!g->spec.own_users)
        return 0;
    (void) snprintf(owner, sizeof owner, "%.*s", (int) owner_length(g->id), g->id);
    r = permit_user_namespace(b->permit, &(struct permit_asker){ g->spec.project, g->id, false },
                              &first, &last, e);
    if (r == 0)
        r = users_choose(owner, first, last, is_taken, &t, &g->users.first, e);
    if (r < 0)
        return r;
    g->users.fd = users_open(g->users.first, e);
    return g->users.fd < 0 ? g->users.fd : 0;
}

static int plan_root(struct broker *b, struct guest *g, const char *where, const int *files,
                     struct attempt *a, struct err *e)
{
    int sockets[HANDOVER_LISTEN_FDS];
    const struct guest *holder = NULL;
    auto_fd shm = -1;
    int r = share_memory(b, g, &shm, e);

    if (r == 0)
        r = share_sockets(b, g, sockets, &holder, e);
    if (r == 0)
        r = rootfs_plan(&g->spec, &g->users, b->permit,
                        &(struct rootfs_given){ .where = where,
                                                .files = files,
                                                .shm = shm,
                                                .sockets = sockets,
                                                .holder = holder ? &holder->spec : NULL },
                        &a->rootfs, e);
    fdpass_close(sockets, holder ? holder->spec.n_listen : 0);
    return r;
}

static int prepare(struct broker *b, struct guest *g, const int *files, struct attempt *a,
                   struct err *e)
{
    int r;

    if (g->spec.apparmor[0] && !apparmor_is_active())
        return err_set(e, -ENOTSUP, "AppArmor profile '%.128s': this host has no AppArmor",
                       g->spec.apparmor);
    if ((a->filters[FILTER_OWN] = seccomp_of(&g->spec, e)) < 0)
        return a->filters[FILTER_OWN];
    if ((a->filters[FILTER_INIT] = seccomp_program(SECCOMP_INIT, e)) < 0)
        return a->filters[FILTER_INIT];
    r = make_users(b, g, e);
    if (r == 0)
        r = guest_create_dir(g, e);
    if (r < 0)
        return r;
    a->has_dir = true;
    auto_free char *where = guest_path(g, "root");
    auto_free char *record = guest_path(g, "record");
    a->record = open(record, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (a->record < 0)
        return err_set(e, -errno, "%s: %s", record, strerror(errno));
    FAILPOINT(DIR_RECORD_MADE);
    r = plan_root(b, g, where, files, a, e);
    FAILPOINT(ROOT_PLANNED);
    if (r == 0)
        r = open_streams(a->streams, users_outside(&g->users, g->spec.uid), e);
    FAILPOINT(PIPES_OPENED);
    return r;
}

static bool is_same(const char *a, const char *b)
{
    return a[0] != '\0' && strcmp(a, b) == 0;
}

/* the address that two links of one bridge both want, "" = none */
static const char *clash(const struct spec_link *a, const struct spec_link *b)
{
    if (strcmp(a->bridge, b->bridge) != 0)
        return "";
    return is_same(a->ipv4, b->ipv4) ? a->ipv4 : is_same(a->ipv6, b->ipv6) ? a->ipv6 : "";
}

/* a link replaces what is left of one with the same address, so nobody may have it */
static int check_addresses(const struct broker *b, const struct guest *g, struct err *e)
{
    for (const struct guest *o = b->guests; o; o = o->hh.next)
        for (size_t i = 0; i < o->spec.n_links && o->state == GUEST_RUNNING; i++)
            for (size_t k = 0; k < g->spec.n_links; k++) {
                const char *both = clash(&g->spec.links[k], &o->spec.links[i]);

                if (both[0] != '\0')
                    return err_set(e, -EADDRINUSE, "address %s in network '%s' is that of '%s'",
                                   both, g->spec.links[k].bridge, o->id);
            }
    return 0;
}

/* init in the namespaces it is to live in: new ones, the host's, or those of other instances */
static int fork_init(struct broker *b, const struct guest *g, int cgroup, struct launched *init,
                     struct err *e)
{
    struct zygote_wish wish = { .cgroup = cgroup };
    int r = share_plan(b, g, &wish, e);

    return r < 0 ? r : zygote_fork(&b->zygote, &wish, init, e);
}

static int start_init(struct broker *b, struct guest *g, struct attempt *a, struct err *e)
{
    struct launched init;
    int r;

    /* what is born in a group that was killed before is killed too (kill_seq of cgroup.kill) */
    (void) b->cgroup->destroy(g->id);
    r = b->cgroup->create(&g->spec, e);

    if (r < 0)
        return r;
    a->has_cgroup = true;
    FAILPOINT(GROUP_LIMITED);
    auto_fd cgroup = b->cgroup->open(g->id);
    if (cgroup < 0 && cgroup != -ENOTSUP)
        return err_set(e, cgroup, "control group of '%s': %s", g->id, strerror(-cgroup));
    r = devices_limit(&g->spec, cgroup, e);
    if (r < 0)
        return r;
    r = fork_init(b, g, cgroup, &init, e);
    if (r < 0)
        return r;
    guest_set_init(g, init.pid);
    g->pidfd = init.pidfd;
    g->socket = init.socket;
    FAILPOINT(INIT_CLONED);
    return launch_admit(b, g->id, g->socket, e);
}

static int lost_init(const struct guest *g, int r, struct err *e)
{
    return err_set(e, r, "init of '%s' ended before it began: %s", g->id, strerror(-r));
}

/* all descriptors in the order of handover.h */
static int hand_over(struct guest *g, struct attempt *a, struct err *e)
{
    int fds[HANDOVER_TREES + ROOTFS_TREES_MAX];
    size_t n = 0;
    int r;

    fds[n++] = a->rootfs.setup;
    fds[n++] = a->record;
    for (int i = 0; i < FILTERS; i++)
        fds[n++] = a->filters[i];
    for (int i = 0; i < HANDOVER_STREAM_FDS; i++)
        fds[n++] = a->streams[i];
    for (size_t i = 0; i < a->rootfs.n_trees; i++)
        fds[n++] = a->rootfs.trees[i];
    r = handover_send(g->socket, fds, n);
    return r < 0 ? lost_init(g, r, e) : 0;
}

static int say_go(const struct guest *g, struct err *e)
{
    int r = handover_send_go(g->socket);

    return r < 0 ? lost_init(g, r, e) : 0;
}

/* what is made while init builds its root, and the word that ends it */
static int connect_links(struct broker *b, struct guest *g, struct err *e)
{
    int r = 0;

    if (g->spec.n_links > 0)
        r = net_attach(g->init, g->spec.links, g->spec.n_links, e);
    FAILPOINT(LINKS_READY);
    if (r == 0)
        r = publish_ports(b, g, e);
    FAILPOINT(PORTS_PUBLISHED);
    if (r == 0)
        r = guest_save_state(g, e);
    FAILPOINT(STATE_SAVED);
    if (r == 0)
        r = say_go(g, e);
    FAILPOINT(LAUNCH_GONE);
    return r;
}

/* Its network has gone with an init that could not build its root.  Why it could not is in its
 * record and in its log, and is told like any other end. */
static bool has_given_up(const struct guest *g)
{
    return guest_read_record(g).kind == REPORT_FAILED;
}

static int go(struct broker *b, struct guest *g, const int *files, struct attempt *a, struct err *e)
{
    int r;

    FAILPOINT(LAUNCH_ACCEPTED);
    r = check_addresses(b, g, e);
    if (r == 0)
        r = publish_reserve(b, g, e); /* first: the record of the instance names what was chosen */
    FAILPOINT(PORTS_RESERVED);
    if (r == 0)
        r = prepare(b, g, files, a, e);
    if (r == 0)
        r = start_init(b, g, a, e);
    FAILPOINT(INIT_ADMITTED);
    if (r == 0)
        r = hand_over(g, a, e);
    FAILPOINT(HANDED_OVER);
    if (r < 0)
        return r;
    r = connect_links(b, g, e);
    return r < 0 && has_given_up(g) ? guest_save_state(g, e) : r;
}

static void undo(struct broker *b, struct guest *g, const struct attempt *a)
{
    if (g->pidfd >= 0) {
        (void) syscall(SYS_pidfd_send_signal, g->pidfd, SIGKILL, NULL, 0);
        (void) waitpid(g->init, NULL, 0); /* as pid 1 it takes everything with it, else see below */
        FAILPOINT(UNDO_KILLED);
    }
    (void) publish_withdraw(g, NULL);
    FAILPOINT(UNDO_WITHDRAWN);
    if (a->has_cgroup && g->spec.pid_of[0])
        (void) b->cgroup->kill(g->id);
    if (a->has_cgroup)
        (void) b->cgroup->destroy(g->id);
    FAILPOINT(UNDO_GROUP_REMOVED);
    if (a->has_dir)
        guest_remove_dir(g->id);
}

int launch(struct broker *b, struct guest *g, const int *files, struct err *e)
{
    struct attempt a = { .rootfs = { .setup = -1, .notify = -1 }, .record = -1 };
    int r;

    memset(a.streams, -1, sizeof a.streams);
    memset(a.filters, -1, sizeof a.filters);
    r = go(b, g, files, &a, e);
    if (r == 0) {
        keep_streams(g, a.streams);
        g->notify = take_fd(&a.rootfs.notify);
        g->state = GUEST_RUNNING;
    } else {
        undo(b, g, &a);
    }
    rootfs_clear(&a.rootfs);
    fdpass_close(a.streams, ARRAY_LEN(a.streams));
    fdpass_close(a.filters, ARRAY_LEN(a.filters));
    if (a.record >= 0)
        close(a.record);
    return r;
}
