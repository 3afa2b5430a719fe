#include "sandbox/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/paths.h"
#include "base/pidstat.h"
#include "sandbox/failpoint.h"

static int make(json_t *spec, bool saved, struct guest **out, struct err *e)
{
    struct guest *g = calloc(1, sizeof *g);
    int r;

    if (!g)
        return err_set(e, -ENOMEM, "out of memory");
    g->arena = arena_new();
    g->pidfd = g->socket = g->input = -1;
    g->users = USERS_HOST;
    memset(g->streams, -1, sizeof g->streams);
    g->notify = -1;
    r = saved ? spec_read_saved(spec, g->arena, &g->spec, &g->foreign, e)
              : spec_decode(spec, g->arena, &g->spec, e);
    if (r < 0) {
        guest_free(g);
        return r;
    }
    g->id = g->spec.id;
    g->reserved = arena_array(g->arena, g->spec.n_ports + 1, NET_RESERVE_FDS * sizeof(int));
    memset(g->reserved, -1, g->spec.n_ports * NET_RESERVE_FDS * sizeof(int));
    g->shut = arena_array(g->arena, g->spec.n_ports + 1, sizeof *g->shut);
    g->shut_by = arena_array(g->arena, g->spec.n_ports + 1, sizeof *g->shut_by);
    *out = g;
    return 0;
}

int guest_new(json_t *spec, struct guest **out, struct err *e)
{
    return make(spec, false, out, e);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void guest_free(struct guest *g)
{
    if (!g)
        return;
    sd_event_source_disable_unref(g->pid_source);
    sd_event_source_disable_unref(g->socket_source);
    sd_event_source_disable_unref(g->removal);
    sd_event_source_disable_unref(g->record_source);
    close_if_open(g->pidfd);
    close_if_open(g->socket);
    close_if_open(g->users.fd);
    close_if_open(g->input);
    for (int i = 0; i < GUEST_STREAM_FDS; i++)
        close_if_open(g->streams[i]);
    close_if_open(g->notify);
    for (size_t i = 0; g->reserved && i < g->spec.n_ports * NET_RESERVE_FDS; i++)
        close_if_open(g->reserved[i]);
    arena_free(g->arena);
    arena_free(g->limits_arena);
    arena_free(g->names_arena);
    free(g);
}

/* ---- the directory ---- */

char *guest_path(const struct guest *g, const char *file)
{
    return paths_join("%s/instances/%s/%s", paths_run(), g->id, file);
}

void guest_remove_dir(const char *id)
{
    auto_free char *dir = paths_join("%s/instances/%s", paths_run(), id);
    auto_free char *root = paths_join("%s/root", dir);

    (void) fsio_remove_files(dir, "");
    FAILPOINT(DIR_EMPTIED);
    (void) rmdir(root);
    (void) rmdir(dir);
    FAILPOINT(DIR_REMOVED);
}

static int write_json(const struct guest *g, const char *file, json_t *json, struct err *e)
{
    auto_free char *path = guest_path(g, file);
    auto_free char *text = json_dumps(json, JSON_COMPACT);
    int r = text ? fsio_write_volatile(AT_FDCWD, path, text, strlen(text), 0600) : -ENOMEM;

    json_decref(json);
    return r < 0 ? err_set(e, r, "writing %s: %s", path, strerror(-r)) : 0;
}

int guest_save_spec(const struct guest *g, struct err *e)
{
    return g->foreign ? 0 : write_json(g, "spec", spec_save(&g->spec), e);
}

int guest_create_dir(struct guest *g, struct err *e)
{
    auto_free char *dir = guest_path(g, "");
    auto_free char *root = guest_path(g, "root");
    int r;

    if (mkdir(dir, 0700) < 0)
        return err_set(e, -errno, "instance '%s': %s", g->id, strerror(errno));
    FAILPOINT(DIR_MADE);
    r = mkdir(root, 0700) < 0 ? err_set(e, -errno, "%s: %s", root, strerror(errno)) : 0;
    FAILPOINT(DIR_ROOT_MADE);
    if (r == 0)
        r = guest_save_spec(g, e);
    FAILPOINT(DIR_SPEC_WRITTEN);
    if (r < 0)
        guest_remove_dir(g->id);
    return r;
}

int guest_save_state(const struct guest *g, struct err *e)
{
    return write_json(g, "state",
                      json_pack("{s:i,s:I,s:i,s:I,s:i,s:b}", "init", (int) g->init, "start",
                                (json_int_t) g->init_start, "pid", (int) g->pid, "users",
                                (json_int_t) g->users.first, "covered", (int) g->covered, "waits",
                                (int) g->waits),
                      e);
}

static json_t *read_json(const char *id, const char *file)
{
    auto_free char *path = paths_join("%s/instances/%s/%s", paths_run(), id, file);
    auto_free char *text = NULL;
    size_t len = 0;

    if (fsio_read(AT_FDCWD, path, LIMIT_SANDBOX_PACKET, &text, &len) < 0)
        return NULL;
    return json_loadb(text, len, 0, NULL);
}

int guest_load(const char *id, struct guest **out, struct err *e)
{
    json_t *spec = read_json(id, "spec");
    json_t *state = read_json(id, "state");
    struct guest *g = NULL;
    json_int_t start = 0, users = 0;
    int init = 0, pid = 0, covered = 0, waits = 0;
    int r = spec && state ? make(spec, true, &g, e)
                          : err_set(e, -ENODATA, "instance '%s' was never launched", id);

    if (r == 0 &&
        (json_unpack(state, "{s:i,s:I,s:i,s?I,s?i,s?b}", "init", &init, "start", &start, "pid",
                     &pid, "users", &users, "covered", &covered, "waits", &waits) < 0 ||
         strcmp(g->id, id) != 0))
        r = err_set(e, -ENODATA, "the state of instance '%s' is not readable", id);
    json_decref(spec);
    json_decref(state);
    if (r < 0) {
        guest_free(g);
        return r;
    }
    g->init = init;
    g->pid = pid;
    g->init_start = (uint64_t) start;
    g->users.first = (uint32_t) users;
    g->covered = covered > 0 ? (unsigned) covered : 0;
    g->waits = waits;
    *out = g;
    return 0;
}

/* ---- the process ---- */

void guest_set_init(struct guest *g, pid_t init)
{
    g->init = init;
    g->init_start = pidstat_start(init);
}

bool guest_is_alive(const struct guest *g)
{
    uint64_t start = pidstat_start(g->init);

    return start != 0 && start == g->init_start;
}

bool guest_is_ending(const struct guest *g)
{
    return !guest_is_alive(g) || pidstat_is_exiting(g->init);
}

static struct report read_record(const struct guest *g)
{
    auto_free char *path = guest_path(g, "record");
    auto_fd fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct report r = { 0 };

    return fd >= 0 && read(fd, &r, sizeof r) == sizeof r ? r : (struct report){ 0 };
}

pid_t guest_begun(const struct guest *g)
{
    struct report r = read_record(g);

    return r.kind == REPORT_STARTED || r.kind == REPORT_ENDED ? r.pid : 0;
}

struct report guest_read_record(const struct guest *g)
{
    struct report r = read_record(g);

    if (r.kind == REPORT_FAILED || r.kind == REPORT_ENDED)
        return r;
    return (struct report){ .kind = REPORT_ENDED, .status = SIGKILL, .time_us = clock_wall_us() };
}

static int take_kept(const struct guest *g, int number, int *out)
{
    int fd = (int) syscall(SYS_pidfd_getfd, g->pidfd, number, 0);

    if (fd < 0)
        return -errno;
    close_if_open(*out);
    *out = fd;
    return 0;
}

int guest_take_streams(struct guest *g, struct err *e)
{
    static const int ends[GUEST_STREAM_FDS] = {
        STREAM_SOURCE_READ,
        STREAM_STAGING_READ,
        STREAM_STAGING_WRITE,
        STREAM_ENDS + STREAM_SOURCE_READ,
        STREAM_ENDS + STREAM_STAGING_READ,
        STREAM_ENDS + STREAM_STAGING_WRITE,
    };

    for (int i = 0; i < GUEST_STREAM_FDS; i++) {
        int fd = (int) syscall(SYS_pidfd_getfd, g->pidfd, HANDOVER_STREAMS_KEPT + ends[i], 0);

        if (fd < 0)
            return err_set(e, -errno, "log pipes of '%s': %s", g->id, strerror(errno));
        close_if_open(g->streams[i]);
        g->streams[i] = fd;
    }
    if (g->spec.notify && take_kept(g, HANDOVER_NOTIFY_KEPT, &g->notify) < 0)
        return err_set(e, -errno, "notify socket of '%s': %s", g->id, strerror(errno));
    if (!g->spec.own_users)
        return 0;
    close_if_open(g->users.fd);
    g->users.fd = (int) syscall(SYS_pidfd_getfd, g->pidfd, HANDOVER_USERS_KEPT, 0);
    if (g->users.fd < 0)
        return err_set(e, -errno, "user namespace of '%s': %s", g->id, strerror(errno));
    return 0;
}

int guest_take_input(struct guest *g, struct err *e)
{
    if (!g->spec.stdin_open && !g->spec.tty)
        return err_set(e, -ENODATA, "'%s' has neither an open stdin nor a terminal", g->id);
    if (g->input < 0)
        g->input = (int) syscall(SYS_pidfd_getfd, g->pidfd, HANDOVER_INPUT_KEPT, 0);
    return g->input < 0 ? err_set(e, -errno, "stdin of '%s': %s", g->id, strerror(errno)) : 0;
}

/* ---- published ports ---- */

static const char *without_prefix(struct arena *a, const char *cidr)
{
    return arena_strndup(a, cidr, strcspn(cidr, "/"));
}

void guest_ports(const struct guest *g, struct net_port *out, struct arena *a)
{
    const char *ipv4 = "", *ipv6 = "";

    for (size_t i = g->spec.n_links; i > 0; i--) {
        const struct spec_link *l = &g->spec.links[i - 1];

        ipv4 = l->gateway4[0] ? l->ipv4 : ipv4;
        ipv6 = l->gateway6[0] ? l->ipv6 : ipv6;
    }
    for (size_t i = 0; i < g->spec.n_ports; i++)
        out[i] = (struct net_port){ .port = &g->spec.ports[i],
                                    .ipv4 = without_prefix(a, ipv4),
                                    .ipv6 = without_prefix(a, ipv6),
                                    .shut = { g->shut[i][0], g->shut[i][1] } };
}
