#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdpass.h"
#include "base/fsio.h"
#include "base/num.h"
#include "base/paths.h"
#include "sandbox/cgroup_disk.h"
#include "sandbox/cgroup_fs.h"

enum { CPUSET_TEXT = 4096, TAKEN_IN_ADVANCE = 1024 * 1024 };

/* v1 writes this where no limit is set: the largest page-aligned signed number */
#define V1_UNLIMITED (UINT64_C(1) << 62)

static char base[CGROUP_CONTROLLERS][PATH_MAX]; /* "" = absent or the same as an earlier one */
static char roots[CGROUP_CONTROLLERS][PATH_MAX];

/* the base of a controller, which may share its hierarchy with an earlier one ("cpu,cpuacct") */
static const char *base_of(enum cgroup_controller which)
{
    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        if (roots[which][0] && strcmp(roots[c], roots[which]) == 0)
            return base[c];
    return "";
}

/* what the two files of memory say; UINT64_MAX = no limit */
struct memory_limits {
    uint64_t memory, with_swap;
};

static struct memory_limits memory_of(const struct spec_limits *l)
{
    if (!l->memory)
        return (struct memory_limits){ UINT64_MAX, UINT64_MAX };
    if (l->memory_swap == INT64_MAX)
        return (struct memory_limits){ l->memory, UINT64_MAX };
    return (struct memory_limits){ l->memory, l->memory_swap ? l->memory_swap : l->memory };
}

static int write_memory(const char *id, const char *file, uint64_t value, struct err *e)
{
    return cgroup_fs_write_limit(base_of(CGROUP_MEMORY), id, file, value == UINT64_MAX ? 0 : value,
                                 "-1", e);
}

static int write_with_swap(const char *id, uint64_t value, struct err *e)
{
    int r = write_memory(id, "memory.memsw.limit_in_bytes", value, e);

    return r == -ENOENT ? 0 : r; /* swap accounting is off */
}

/* The limit of memory and swap may at no time be below that of memory. */
static int limit_memory(const char *id, const struct spec_limits *was,
                        const struct spec_limits *now, struct err *e)
{
    struct memory_limits from = memory_of(was), to = memory_of(now);
    bool raise = to.memory > from.memory;
    int r = 0;

    if (raise && to.with_swap != from.with_swap)
        r = write_with_swap(id, to.with_swap, e);
    if (r == 0 && to.memory != from.memory)
        r = write_memory(id, "memory.limit_in_bytes", to.memory, e);
    if (r == 0 && !raise && to.with_swap != from.with_swap)
        r = write_with_swap(id, to.with_swap, e);
    if (r == 0 && now->memory_low != was->memory_low)
        r = cgroup_fs_write_limit(base_of(CGROUP_MEMORY), id, "memory.soft_limit_in_bytes",
                                  now->memory_low, "-1", e);
    return r;
}

static int limit_cpu(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                     struct err *e)
{
    const char *own = base_of(CGROUP_CPU);
    uint64_t quota = 0, period = 0, old_quota = 0, old_period = 0;
    int r = 0;

    cgroup_fs_quota(was, &old_quota, &old_period);
    cgroup_fs_quota(now, &quota, &period);
    if (now->cpu_shares != was->cpu_shares)
        r = cgroup_fs_write_limit(own, id, "cpu.shares", now->cpu_shares, "1024", e);
    if (r == 0 && period != old_period)
        r = cgroup_fs_write_u64(own, id, "cpu.cfs_period_us", period, e);
    if (r == 0 && quota != old_quota)
        r = cgroup_fs_write_limit(own, id, "cpu.cfs_quota_us", quota, "-1", e);
    return r;
}

/* A new group of this controller has no processor and no memory node, and takes no process then. */
static int inherit_cpuset(const char *id, struct err *e)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        auto_free char *above =
            paths_join("%s/%s", id[0] ? base[CGROUP_CPUSET] : roots[CGROUP_CPUSET], files[i]);
        auto_free char *text = NULL;
        int r = fsio_read_pseudo(AT_FDCWD, above, CPUSET_TEXT, &text);

        if (r < 0)
            return err_set(e, r, "%s: %s", above, strerror(-r));
        text[strcspn(text, "\n")] = '\0';
        r = cgroup_fs_write(base[CGROUP_CPUSET], id, files[i], text, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* An instance without a set is in no group of this controller until it gets one. */
static int limit_cpuset(const char *id, const struct spec_limits *was,
                        const struct spec_limits *now, struct err *e)
{
    const char *own = base[CGROUP_CPUSET];
    bool fresh;
    int r;

    if (strcmp(was->cpuset, now->cpuset) == 0)
        return 0;
    if (own[0] == '\0')
        return err_set(e, -ENOENT, "there is no cpuset controller");
    r = cgroup_fs_mkdir(own, id);
    if (r < 0)
        return err_set(e, r, "creating the control group %s/%s: %s", own, id, strerror(-r));
    fresh = was->cpuset[0] == '\0';
    r = inherit_cpuset("", e);
    if (r == 0)
        r = inherit_cpuset(id, e);
    if (r == 0 && now->cpuset[0])
        r = cgroup_fs_write(own, id, "cpuset.cpus", now->cpuset, e);
    return r < 0 || !fresh ? r : cgroup_fs_move(base_of(CGROUP_MEMORY), own, id, e);
}

static int limit(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                 struct err *e)
{
    int r = limit_memory(id, was, now, e);

    if (r == 0)
        r = limit_cpu(id, was, now, e);
    if (r == 0 && now->pids != was->pids)
        r = cgroup_fs_write_limit(base_of(CGROUP_PIDS), id, "pids.max", now->pids, "max", e);
    return r < 0 ? r : limit_cpuset(id, was, now, e);
}

static int v1_destroy(const char *id)
{
    int r = 0;

    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        int failed = base[c][0] ? cgroup_fs_rmdir(base[c], id) : 0;

        r = r < 0 ? r : failed;
    }
    return r;
}

static int v1_create(const struct spec *s, struct err *e)
{
    const char *id = s->id;
    int r = 0;

    for (int c = 0; c < CGROUP_CONTROLLERS && r == 0; c++) {
        if (base[c][0] == '\0' || c == CGROUP_CPUSET) /* see limit_cpuset */
            continue;
        r = cgroup_fs_mkdir(base[c], id);
        if (r < 0)
            err_set(e, r, "creating the control group %s/%s: %s", base[c], id, strerror(-r));
    }
    if (r == 0)
        r = limit(id, &cgroup_fs_unlimited, &s->limits, e);
    if (r == 0 && s->swappiness[0])
        r = cgroup_fs_write(base_of(CGROUP_MEMORY), id, "memory.swappiness", s->swappiness, e);
    if (r == 0)
        r = cgroup_disk_limit(&cgroup_disk_v1, base_of(CGROUP_BLKIO), s, e);
    if (r < 0)
        (void) v1_destroy(id);
    return r;
}

static int v1_update(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                     struct err *e)
{
    int r = limit(id, was, now, e);

    if (r < 0)
        (void) limit(id, now, was, NULL);
    return r;
}

static int v1_open(const char *id)
{
    return base[CGROUP_UNIFIED][0] ? cgroup_fs_open(base[CGROUP_UNIFIED], id) : -ENOTSUP;
}

/* "tasks" moves one thread, "cgroup.procs" a process: only the first needs no lock that waits. */
static int v1_entrances(const char *id, int fds[CGROUP_ENTRANCES], struct err *e)
{
    int n = 0;

    static_assert((int) CGROUP_CONTROLLERS <= CGROUP_ENTRANCES, "a hierarchy has no place");
    for (int c = 0; c < CGROUP_UNIFIED; c++) {
        auto_free char *path = base[c][0] ? paths_join("%s/%s/tasks", base[c], id) : NULL;
        int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

        if (!path || (fd < 0 && errno == ENOENT && c == CGROUP_CPUSET))
            continue; /* it has none of this controller */
        if (fd < 0) {
            int r = err_set(e, -errno, "%s: %s", path, strerror(errno));

            fdpass_close(fds, (size_t) n);
            return r;
        }
        fds[n++] = fd;
    }
    return n;
}

static int v1_stats(const char *id, struct cgroup_stats *out)
{
    static const char served[] = "blkio.throttle.io_service_bytes";
    const char *memory = base_of(CGROUP_MEMORY), *pids = base_of(CGROUP_PIDS);
    const char *blkio = base_of(CGROUP_BLKIO);
    uint64_t limited = cgroup_fs_read(memory, id, "memory.limit_in_bytes", NULL);

    *out = (struct cgroup_stats){
        .memory = cgroup_fs_read(memory, id, "memory.usage_in_bytes", NULL),
        .memory_limit = limited < V1_UNLIMITED ? limited : 0,
        .memory_peak = cgroup_fs_read(memory, id, "memory.max_usage_in_bytes", NULL),
        .memory_idle = cgroup_fs_read(memory, id, "memory.stat", "total_inactive_file"),
        .cpu_us = cgroup_fs_read(base_of(CGROUP_CPUACCT), id, "cpuacct.usage", NULL) / 1000,
        .throttled_us =
            cgroup_fs_read(base_of(CGROUP_CPU), id, "cpu.stat", "throttled_time") / 1000,
        .pids = cgroup_fs_read(pids, id, "pids.current", NULL),
        .pids_limit = cgroup_fs_read(pids, id, "pids.max", NULL),
        .oom_kills = cgroup_fs_read(memory, id, "memory.oom_control", "oom_kill"),
    };
    /* a group that met its limit has been there, up to what processors take in advance */
    out->limit_met = out->memory_limit && out->memory_peak + TAKEN_IN_ADVANCE >= out->memory_limit;
    out->disk_told = cgroup_fs_sum(blkio, id, served, " Read ", &out->read_bytes) == 0 &&
                     cgroup_fs_sum(blkio, id, served, " Write ", &out->write_bytes) == 0;
    cgroup_fs_pressure(base[CGROUP_UNIFIED], id, out->pressure);
    return 0;
}

static int v1_freeze(const char *id, bool frozen)
{
    if (base[CGROUP_UNIFIED][0])
        return cgroup_fs_write(base[CGROUP_UNIFIED], id, "cgroup.freeze", frozen ? "1" : "0", NULL);
    if (base[CGROUP_FREEZER][0] == '\0')
        return -ENOTSUP;
    return cgroup_fs_write(base[CGROUP_FREEZER], id, "freezer.state", frozen ? "FROZEN" : "THAWED",
                           NULL);
}

static bool v1_is_frozen(const char *id)
{
    if (base[CGROUP_UNIFIED][0])
        return cgroup_fs_read(base[CGROUP_UNIFIED], id, "cgroup.freeze", NULL) == 1;
    return cgroup_fs_read(base[CGROUP_FREEZER], id, "freezer.self_freezing", NULL) == 1;
}

static int v1_kill(const char *id)
{
    const char *unified = base[CGROUP_UNIFIED];
    const char *tracked = NULL;
    int r;

    /* cgroup.kill is atomic; it needs the cgroup2 tree and Linux 5.14 */
    if (unified[0] && cgroup_fs_write(unified, id, "cgroup.kill", "1", NULL) == 0)
        return 0;
    for (int c = CGROUP_CONTROLLERS - 1; c >= 0 && !tracked; c--)
        tracked = base[c][0] ? base[c] : NULL;
    if (!tracked)
        return -ENOENT;
    /* what is frozen cannot fork away from the signal, but dies only when it is thawed */
    (void) v1_freeze(id, true);
    r = cgroup_fs_kill_each(tracked, id);
    (void) v1_freeze(id, false);
    return r;
}

static void v1_each(cgroup_found *found, void *userdata)
{
    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        if (base[c][0])
            cgroup_fs_each(base[c], found, userdata);
}

/* hybrid: the same, with the processes tracked in the cgroup2 tree beside it */
#define OPS(word)                                                                                  \
    {                                                                                              \
        .name = (word), .create = v1_create, .update = v1_update, .open = v1_open,                 \
        .entrances = v1_entrances, .stats = v1_stats, .kill = v1_kill, .freeze = v1_freeze,        \
        .is_frozen = v1_is_frozen, .destroy = v1_destroy, .each = v1_each                          \
    }

static const struct cgroup_ops v1_ops = OPS("v1");
static const struct cgroup_ops hybrid_ops = OPS("hybrid");

const struct cgroup_ops *cgroup_v1_ops(const struct cgroup_places *places)
{
    memcpy(roots, places->root, sizeof roots);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        bool repeated = false;

        base[c][0] = '\0';
        for (int k = 0; k < c; k++)
            repeated = repeated || strcmp(roots[k], roots[c]) == 0;
        if (c == CGROUP_FREEZER && roots[CGROUP_UNIFIED][0])
            continue; /* the cgroup2 tree freezes better */
        if (roots[c][0] && !repeated)
            cgroup_fs_base(roots[c], base[c]);
    }
    return roots[CGROUP_UNIFIED][0] ? &hybrid_ops : &v1_ops;
}
