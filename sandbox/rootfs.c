#include "sandbox/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/devices.h"
#include "sandbox/etc.h"
#include "sandbox/place.h"
#include "sandbox/propagation.h"
#include "sandbox/rights.h"
#include "sandbox/setup.h"
#include "sandbox/setup_number.h"
#include "sandbox/volume.h"

#define TMPFS_DEFAULT (UINT64_C(64) * 1024 * 1024)
#define DEFAULT_PATH  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { TYPE_TEXT = 32, MOUNTINFO_MAX = 4 * 1024 * 1024 };

/* A plan being written. */
struct plan {
    const struct spec *spec;
    const struct users *users;
    const struct permit *permit;
    const struct rootfs_given *given;
    struct rootfs *out;
    FILE *text;
};

/* an id of the specification, or of a device of the host */
static struct setup_number outside(const struct plan *p, uint32_t id)
{
    return setup_number(users_outside(p->users, id));
}

/* the index of a descriptor init will get; taken, also on failure */
static int add_tree(struct plan *p, int fd)
{
    if (p->out->n_trees == ROOTFS_TREES_MAX) {
        close(fd);
        return -E2BIG;
    }
    p->out->trees[p->out->n_trees] = fd;
    return (int) p->out->n_trees++;
}

/* as SETUP_BIND says it */
static const char *read_only_word(const struct spec_mount *m)
{
    if (!m->read_only)
        return "rw";
    switch (m->reach) {
    case SPEC_REACH_ALL: return "ro";
    case SPEC_REACH_TOP:
    case SPEC_REACH_WRITABLE: return "ro-top";
    case SPEC_REACH_SEALED: break;
    }
    return "ro-all";
}

/* of the file system that a place is on, for messages */
static const char *type_of(int place, char type[TYPE_TEXT])
{
    auto_free char *text = NULL;
    struct statx at;
    char *next;

    (void) snprintf(type, TYPE_TEXT, "an unknown one");
    if (statx(place, "", AT_EMPTY_PATH, STATX_MNT_ID, &at) < 0 ||
        fsio_read_pseudo(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text) < 0)
        return type;
    next = text;
    for (char *line = strsep(&next, "\n"); line; line = strsep(&next, "\n")) {
        const char *rest = strstr(line, " - ");

        if (rest && strtoull(line, NULL, 10) == at.stx_mnt_id)
            (void) snprintf(type, TYPE_TEXT, "%.*s", (int) strcspn(rest + 3, " "), rest + 3);
    }
    return type;
}

static int bind_error(int place, int r, const char *what, const char *name, struct err *e)
{
    char type[TYPE_TEXT];

    if (r != -EUSERS)
        return err_set(e, r, "%s %s: %s", what, name, strerror(-r));
    err_set(e, -ENOTSUP,
            "%s %s: its file system (%s), or one mounted below it, cannot be idmapped for a user"
            " namespace",
            what, name, type_of(place, type));
    err_hint(e, "another file system, or userns_mode: host");
    return -ENOTSUP;
}

/* -EUSERS when it has to show a user namespace the ids on disk and cannot */
static int bind_opened(struct plan *p, int place, const struct spec_mount *m, bool must_map)
{
    unsigned below = m->reach == SPEC_REACH_TOP ? 0 : AT_RECURSIVE;
    int tree = open_tree(place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | below);
    int index = tree < 0 ? -errno : add_tree(p, tree);

    if (index < 0)
        return index;
    if (users_map(p->users, tree, below != 0) < 0 && must_map)
        return -EUSERS;
    setup_put(p->text, SETUP_BIND, setup_number((uint64_t) index).text, m->target,
              read_only_word(m), m->follows ? "slave" : "private");
    return 0;
}

/* a path of the host that is ours to choose; absent ones are skipped */
static int bind_system(struct plan *p, const char *path, struct err *e)
{
    auto_fd place = open(path, O_PATH | O_CLOEXEC);
    int r;

    if (place < 0)
        return errno == ENOENT ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));
    r = bind_opened(p, place, &(struct spec_mount){ .target = path, .read_only = true }, false);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

/* ---- the system part ---- */

static int plan_system_dirs(struct plan *p, struct err *e)
{
    static const char *const dirs[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };
    int r = bind_system(p, "/usr", e);

    for (size_t i = 0; i < ARRAY_LEN(dirs) && r == 0; i++) {
        char to[PATH_MAX];
        ssize_t n = readlink(dirs[i], to, sizeof to - 1);

        if (n > 0) {
            to[n] = '\0';
            setup_put(p->text, SETUP_LINK, dirs[i], to);
        } else if (errno == EINVAL) {
            r = bind_system(p, dirs[i], e); /* a host without merged /usr */
        }
    }
    return r;
}

static int plan_etc(struct plan *p, struct err *e)
{
    static const char *const always[] = { "/etc/ssl/certs", "/etc/ld.so.cache", "/etc/localtime",
                                          "/etc/alternatives" };
    int r = 0;

    setup_put(p->text, SETUP_DIR, "/etc", "755");
    for (enum etc_file f = 0; f < ETC_COUNT; f++) {
        auto_free char *content = etc_text(f, p->spec);

        setup_put(p->text, SETUP_TEXT, etc_path(f), "644", content);
    }
    for (size_t i = 0; i < ARRAY_LEN(always) && r == 0; i++)
        r = bind_system(p, always[i], e);
    for (const char *const *entry = p->spec->etc; entry && *entry && r == 0; entry++) {
        char path[PATH_MAX];

        (void) snprintf(path, sizeof path, "/etc/%s", *entry);
        r = bind_system(p, path, e);
    }
    return r;
}

static int plan_shm(struct plan *p, struct err *e)
{
    int shm = p->given->shm, index;
    int copy = shm < 0 ? -1 : fcntl(shm, F_DUPFD_CLOEXEC, 0);

    if (shm < 0) {
        if (!p->spec->no_shm)
            setup_put(p->text, SETUP_SHM);
        return 0;
    }
    index = copy < 0 ? -errno : add_tree(p, copy);
    if (index < 0)
        return err_set(e, index, "/dev/shm: %s", strerror(-index));
    setup_put(p->text, SETUP_BIND, setup_number((uint64_t) index).text, "/dev/shm", "rw",
              "private");
    return 0;
}

static int plan_devices(struct plan *p, struct err *e)
{
    int r;

    setup_put(p->text, SETUP_DEV);
    for (size_t i = 0; i < p->spec->n_devices; i++) {
        const char *target = p->spec->devices[i].target;
        struct devices_node node;
        char device[2 * SETUP_NUMBER_TEXT];

        r = devices_find(&p->spec->devices[i], &node, e);
        if (r < 0)
            return r;
        (void) snprintf(device, sizeof device, "%c%u:%u", node.kind, node.major, node.minor);
        setup_put(p->text, SETUP_NODE, target, device, outside(p, node.uid).text,
                  outside(p, node.gid).text, setup_number_octal(node.mode).text);
    }
    if (p->spec->tty)
        setup_put(p->text, SETUP_TTY);
    r = plan_shm(p, e);
    setup_put(p->text, SETUP_DEV_DONE);
    return r;
}

static void plan_scratch(struct plan *p)
{
    char run[128];

    (void) snprintf(run, sizeof run, "mode=755,size=64m,nr_inodes=65536,uid=%u,gid=%u",
                    users_outside(p->users, p->spec->uid), users_outside(p->users, p->spec->gid));
    setup_put(p->text, SETUP_PROC, p->spec->proc_all ? "all" : "own");
    setup_put(p->text, SETUP_TMPFS, "/tmp", "mode=1777,size=256m,nr_inodes=65536", "exec");
    setup_put(p->text, SETUP_TMPFS, "/run", run, "noexec");
    setup_put(p->text, SETUP_DIR, "/var", "755");
    setup_put(p->text, SETUP_LINK, "/var/run", "/run");
    setup_put(p->text, SETUP_LINK, "/var/tmp", "/tmp");
}

/* ---- what the specification asks for ---- */

/* What a service could have put in the way of a part of a directory that it may write to. */
static const char *below_error(int r)
{
    switch (-r) {
    case ENOENT: return "it does not exist, and parts of a volume are not created";
    case ELOOP: return "a symbolic link is part of it";
    case EXDEV: return "it leads out of it or onto another mount";
    case ENOTSUP: return "it is neither a directory nor a file";
    default: return strerror(-r);
    }
}

/* `place` itself, or what the mount wants of it; taken */
static int open_part(int place, const struct spec_mount *m, struct err *e)
{
    int part;

    if (m->subpath[0] == '\0')
        return place;
    part = place_below(place, m->subpath);
    close(place);
    return part < 0 ? err_set(e, part, "subpath '%s' of '%s': %s", m->subpath, m->source,
                              below_error(part))
                    : part;
}

/* The manager knows by their ids who connects: with an operator's it would take orders. */
static bool is_onlooker(const struct spec *s)
{
    const struct passwd *worker = getpwnam("ipam-worker");

    return worker && s->uid == worker->pw_uid && s->gid == worker->pw_gid && !s->own_users &&
           !(s->capabilities && s->capabilities[0]);
}

/* The path was accepted as text; what it led to must be acceptable too. */
static int bind_source(struct plan *p, const struct spec_mount *m, struct err *e)
{
    int whole = open(m->source, O_PATH | O_CLOEXEC);
    auto_fd place = whole < 0 ? -1 : open_part(whole, m, e);
    struct permit_asker by = { p->spec->project, p->spec->id, false };
    int r;

    if (whole < 0)
        return err_set(e, -errno, "bind source %s: %s", m->source, strerror(errno));
    if (place < 0)
        return place;
    by.onlooker = is_onlooker(p->spec);
    r = permit_opened(p->permit, &by, place, m->read_only && !m->follows, e);
    if (r < 0)
        return err_wrap(e, "bind source %s", m->source);
    r = m->follows ? propagation_check(place, m->source, e) : 0;
    if (r < 0)
        return r;
    r = bind_opened(p, place, m, true);
    return r < 0 ? bind_error(place, r, "bind source", m->source, e) : 0;
}

static int bind_volume(struct plan *p, const struct spec_mount *m, struct err *e)
{
    int whole = volume_open(m->source, p->spec->uid, p->spec->gid, m->existing, e);
    auto_fd place = whole < 0 ? whole : open_part(whole, m, e);
    int r;

    if (place < 0)
        return place;
    r = bind_opened(p, place, m, true);
    return r < 0 ? bind_error(place, r, "volume", m->source, e) : 0;
}

static int plan_mount(struct plan *p, const struct spec_mount *m, struct err *e)
{
    char options[128];

    switch (m->kind) {
    case SPEC_BIND: return bind_source(p, m, e);
    case SPEC_VOLUME: return bind_volume(p, m, e);
    case SPEC_TMPFS:
        (void) snprintf(options, sizeof options, "mode=%o,size=%" PRIu64 ",uid=%u,gid=%u%s",
                        m->mode ? m->mode : 01777, m->size ? m->size : TMPFS_DEFAULT,
                        users_outside(p->users, p->spec->uid),
                        users_outside(p->users, p->spec->gid), m->read_only ? ",ro" : "");
        setup_put(p->text, SETUP_TMPFS, m->target, options, m->noexec ? "noexec" : "exec");
        return 0;
    }
    abort();
}

static size_t depth(const char *path)
{
    size_t n = 0;

    for (; *path; path++)
        n += *path == '/';
    return n;
}

/* parents before what is mounted inside them; otherwise in the order written */
static int plan_mounts(struct plan *p, struct err *e)
{
    const struct spec *s = p->spec;
    size_t deepest = 0;
    int r = 0;

    for (size_t i = 0; i < s->n_mounts; i++)
        deepest = depth(s->mounts[i].target) > deepest ? depth(s->mounts[i].target) : deepest;
    for (size_t level = 0; level <= deepest; level++)
        for (size_t i = 0; i < s->n_mounts && r == 0; i++)
            if (depth(s->mounts[i].target) == level)
                r = plan_mount(p, &s->mounts[i], e);
    return r;
}

static int plan_files(struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->spec->n_files; i++) {
        const struct spec_file *f = &p->spec->files[i];
        int copy = fcntl(p->given->files[f->fd], F_DUPFD_CLOEXEC, 0);
        int index = copy < 0 ? -errno : add_tree(p, copy);

        if (index < 0)
            return err_set(e, index, "file %s: %s", f->target, strerror(-index));
        setup_put(p->text, SETUP_FILE, setup_number((uint64_t) index).text, f->target,
                  outside(p, f->uid).text, outside(p, f->gid).text,
                  setup_number_octal(f->mode).text);
    }
    return 0;
}

/* One socket, two owners: init keeps it alive, the supervisor reads it. */
static int plan_notify(struct plan *p)
{
    static const int on = 1;
    int copy, index;

    if (!p->spec->notify)
        return 0;
    p->out->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->out->notify < 0 ||
        setsockopt(p->out->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        return -errno;
    copy = fcntl(p->out->notify, F_DUPFD_CLOEXEC, 0);
    index = copy < 0 ? -errno : add_tree(p, copy);
    if (index < 0)
        return index;
    setup_put(p->text, SETUP_NOTIFY, setup_number((uint64_t) index).text, ROOTFS_NOTIFY,
              outside(p, p->spec->uid).text, outside(p, p->spec->gid).text);
    return 0;
}

static bool has_variable(const char *const *env, const char *name)
{
    size_t len = strlen(name);

    for (; env && *env; env++)
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
            return true;
    return false;
}

static void put_strings(FILE *f, enum setup_code code, const char *const *list)
{
    for (; list && *list; list++)
        setup_put(f, code, *list);
}

/* what the program and the commands before it have in common */
static void put_surroundings(struct plan *p, const char *workdir)
{
    const struct spec *s = p->spec;

    setup_put(p->text, SETUP_WORKDIR, workdir[0] ? workdir : s->workdir[0] ? s->workdir : "/");
    if (s->notify) /* first: of two of a name that one counts */
        setup_put(p->text, SETUP_ENV, "NOTIFY_SOCKET=" ROOTFS_NOTIFY);
    put_strings(p->text, SETUP_ENV, s->env);
    if (!has_variable(s->env, "PATH"))
        setup_put(p->text, SETUP_ENV, DEFAULT_PATH);
    if (s->tty && !has_variable(s->env, "TERM"))
        setup_put(p->text, SETUP_ENV, ROOTFS_TERM);
    if (!has_variable(s->env, "HOME") && s->home[0]) {
        char home[PATH_MAX];

        (void) snprintf(home, sizeof home, "HOME=%s", s->home);
        setup_put(p->text, SETUP_ENV, home);
    }
}

static void plan_program(struct plan *p)
{
    const struct spec *s = p->spec;

    rights_put(p->text, s, s->gid, p->permit);
    for (size_t i = 0; i < s->n_pre_start; i++) {
        const struct spec_hook *h = &s->pre_start[i];

        put_strings(p->text, SETUP_ENV, h->env); /* first: of two of a name that one counts */
        put_surroundings(p, h->workdir);
        put_strings(p->text, SETUP_ARG, h->argv);
        setup_put(p->text, SETUP_HOOK, setup_number(h->deadline_us).text);
    }
    if (s->stdin_open)
        setup_put(p->text, SETUP_STDIN);
    put_surroundings(p, "");
    put_strings(p->text, SETUP_ARG, s->argv);
    for (size_t i = 0; i < s->n_listen; i++)
        setup_put(p->text, SETUP_LISTEN, s->listen[i].address,
                  setup_number(s->listen[i].port).text);
    if (!s->argv[0])
        setup_put(p->text, SETUP_HOLD);
}

/* sd_listen_fds(3); LISTEN_PID is for the process to say */
static int plan_sockets(struct plan *p)
{
    const struct rootfs_given *given = p->given;
    auto_free char *names = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&names, &len);
    int index = 0;

    if (!f)
        return -ENOMEM;
    (void) fputs("LISTEN_FDNAMES=", f);
    for (size_t i = 0; i < given->holder->n_listen && index >= 0; i++) {
        int copy = fcntl(given->sockets[i], F_DUPFD_CLOEXEC, 0);

        index = copy < 0 ? -errno : add_tree(p, copy);
        if (index >= 0)
            setup_put(p->text, SETUP_SOCKET, setup_number((uint64_t) index).text);
        (void) fprintf(f, "%s%s", i ? ":" : "", given->holder->listen[i].name);
    }
    if (fclose(f) != 0)
        return -ENOMEM;
    auto_free char *count = paths_join("LISTEN_FDS=%zu", given->holder->n_listen);
    setup_put(p->text, SETUP_ENV, count);
    setup_put(p->text, SETUP_ENV, names);
    return index < 0 ? index : 0;
}

/* while the whole of /proc/sys is still there to write to */
static void plan_sysctls(struct plan *p)
{
    for (const char *const *s = p->spec->sysctls; s && *s; s++) {
        char name[PATH_MAX];
        size_t len = strcspn(*s, "=");

        (void) snprintf(name, sizeof name, "%.*s", (int) len, *s);
        setup_put(p->text, SETUP_SYSCTL, name, *s + len + 1);
    }
}

static int plan_users(struct plan *p)
{
    int copy = p->users->fd < 0 ? -1 : fcntl(p->users->fd, F_DUPFD_CLOEXEC, 0);
    int index;

    if (p->users->fd < 0)
        return 0;
    index = copy < 0 ? -errno : add_tree(p, copy);
    if (index < 0)
        return index;
    setup_put(p->text, SETUP_USERS, setup_number((uint64_t) index).text,
              setup_number(p->users->first).text);
    return 0;
}

static int plan_all(struct plan *p, struct err *e)
{
    int r;

    setup_begin(p->text);
    if (!p->spec->host_cgroup)
        setup_put(p->text, SETUP_CGROUP);
    /* the host's own are not its to open */
    if (strcmp(p->spec->network_of, SPEC_HOST) != 0)
        setup_put(p->text, SETUP_LOW_PORTS);
    r = plan_users(p);
    if (r < 0)
        return err_set(e, r, "user namespace: %s", strerror(-r));
    if (!p->spec->host_uts)
        setup_put(p->text, SETUP_HOSTNAME, p->spec->hostname);
    if (p->spec->domainname[0])
        setup_put(p->text, SETUP_DOMAIN, p->spec->domainname);
    plan_sysctls(p);
    setup_put(p->text, SETUP_ROOT, p->given->where);
    r = plan_system_dirs(p, e);
    if (r == 0)
        r = plan_etc(p, e);
    if (r < 0)
        return r;
    r = plan_devices(p, e);
    if (r < 0)
        return r;
    plan_scratch(p);
    r = plan_mounts(p, e);
    if (r == 0)
        r = plan_files(p, e);
    if (r == 0 && (r = plan_notify(p)) < 0)
        err_set(e, r, "notify socket: %s", strerror(-r));
    setup_put(p->text, SETUP_PIVOT);
    plan_program(p);
    if (r == 0 && p->spec->inherits && (r = plan_sockets(p)) < 0)
        err_set(e, r, "sockets of '%s': %s", p->given->holder->id, strerror(-r));
    return r;
}

int rootfs_plan(const struct spec *s, const struct users *users, const struct permit *permit,
                const struct rootfs_given *given, struct rootfs *out, struct err *e)
{
    auto_free char *text = NULL;
    size_t len = 0;
    struct plan p = { .spec = s,
                      .users = users,
                      .permit = permit,
                      .given = given,
                      .out = out,
                      .text = open_memstream(&text, &len) };
    int r;

    *out = (struct rootfs){ .setup = -1, .notify = -1 };
    if (!p.text)
        return err_set(e, -ENOMEM, "out of memory");
    r = plan_all(&p, e);
    if (fclose(p.text) != 0 && r == 0)
        r = err_set(e, -ENOMEM, "out of memory");
    if (r == 0 && len > SETUP_TEXT_MAX)
        r = err_set(e, -E2BIG, "the set-up has %zu bytes, the limit is %d", len, SETUP_TEXT_MAX);
    if (r == 0 && (out->setup = fsio_memfd("setup", text, len)) < 0)
        r = err_set(e, out->setup, "memory file: %s", strerror(-out->setup));
    if (r < 0)
        rootfs_clear(out);
    return r;
}

void rootfs_clear(struct rootfs *r)
{
    for (size_t i = 0; i < r->n_trees; i++)
        close(r->trees[i]);
    if (r->setup >= 0)
        close(r->setup);
    if (r->notify >= 0)
        close(r->notify);
    *r = (struct rootfs){ .setup = -1, .notify = -1 };
}
