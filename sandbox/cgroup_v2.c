#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/cgroup_disk.h"
#include "sandbox/cgroup_fs.h"

enum { USUAL_WEIGHT = 100, CPUSET_TEXT = 4096 };

static char root[PATH_MAX], base[PATH_MAX];

void cgroup_v2_use(const char *mounted_at)
{
    (void) snprintf(root, sizeof root, "%s", mounted_at);
    cgroup_fs_base(root, base);
}

/* Controllers are handed down one level at a time; asking again is free.  One that the kernel does
 * not have makes itself felt when a limit needs it. */
static void enable_controllers(void)
{
    static const char *const wanted[] = { "+memory", "+cpu", "+pids", "+cpuset", "+io" };
    auto_free char *top = paths_join("%s/cgroup.subtree_control", root);
    auto_free char *own = paths_join("%s/cgroup.subtree_control", base);

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        (void) fsio_write_pseudo(AT_FDCWD, top, wanted[i]);
        (void) fsio_write_pseudo(AT_FDCWD, own, wanted[i]);
    }
}

/* of swap alone; UINT64_MAX = no limit */
static uint64_t swap_of(const struct spec_limits *l)
{
    if (!l->memory || l->memory_swap == INT64_MAX)
        return UINT64_MAX;
    return l->memory_swap ? l->memory_swap - l->memory : 0;
}

static int limit_memory(const char *id, const struct spec_limits *was,
                        const struct spec_limits *now, struct err *e)
{
    uint64_t swap = swap_of(now);
    int r = 0;

    if (now->memory != was->memory)
        r = cgroup_fs_write_limit(base, id, "memory.max", now->memory, "max", e);
    /* absent without swap accounting; 0 is a limit here */
    if (r == 0 && swap == UINT64_MAX && swap_of(was) != swap)
        (void) cgroup_fs_write(base, id, "memory.swap.max", "max", NULL);
    else if (r == 0 && swap_of(was) != swap)
        (void) cgroup_fs_write_u64(base, id, "memory.swap.max", swap, NULL);
    if (r == 0 && now->memory_low != was->memory_low)
        r = cgroup_fs_write_u64(base, id, "memory.low", now->memory_low, e);
    return r;
}

static int limit_cpu(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                     struct err *e)
{
    uint64_t quota = 0, period = 0, old_quota = 0, old_period = 0;
    char cpu[64];
    int r = 0;

    cgroup_fs_quota(was, &old_quota, &old_period);
    cgroup_fs_quota(now, &quota, &period);
    if (quota)
        (void) snprintf(cpu, sizeof cpu, "%" PRIu64 " %" PRIu64, quota, period);
    else
        (void) snprintf(cpu, sizeof cpu, "max %" PRIu64, period);
    if (now->cpu_shares != was->cpu_shares)
        r = cgroup_fs_write_u64(base, id, "cpu.weight",
                                now->cpu_shares ? cgroup_fs_weight(now->cpu_shares) : USUAL_WEIGHT,
                                e);
    if (r == 0 && (quota != old_quota || period != old_period))
        r = cgroup_fs_write(base, id, "cpu.max", cpu, e);
    return r;
}

/* A group that has processes may not lose its set: without one it has all there is above. */
static int limit_cpuset(const char *id, const char *list, struct err *e)
{
    auto_free char *above = paths_join("%s/cpuset.cpus.effective", base);
    auto_free char *all = NULL;
    int r = list[0] ? 0 : fsio_read_pseudo(AT_FDCWD, above, CPUSET_TEXT, &all);

    if (r < 0)
        return err_set(e, r, "%s: %s", above, strerror(-r));
    if (all)
        all[strcspn(all, "\n")] = '\0';
    return cgroup_fs_write(base, id, "cpuset.cpus", all ? all : list, e);
}

static int limit(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                 struct err *e)
{
    int r = limit_memory(id, was, now, e);

    if (r == 0)
        r = limit_cpu(id, was, now, e);
    if (r == 0 && strcmp(now->cpuset, was->cpuset) != 0)
        r = limit_cpuset(id, now->cpuset, e);
    if (r == 0 && now->pids != was->pids)
        r = cgroup_fs_write_limit(base, id, "pids.max", now->pids, "max", e);
    return r;
}

static int v2_destroy(const char *id)
{
    return cgroup_fs_rmdir(base, id);
}

static int v2_create(const struct spec *s, struct err *e)
{
    const char *id = s->id;
    int r;

    if (s->swappiness[0])
        return err_set(e, -EOPNOTSUPP,
                       "mem_swappiness: control groups of version 2 have no such limit; "
                       "memswap_limit says how much may be swapped out");
    r = cgroup_fs_mkdir(base, "");

    if (r == 0) {
        enable_controllers();
        r = cgroup_fs_mkdir(base, id);
    }
    if (r < 0)
        return err_set(e, r, "creating the control group %s/%s: %s", base, id, strerror(-r));
    r = limit(id, &cgroup_fs_unlimited, &s->limits, e);
    if (r == 0)
        r = cgroup_disk_limit(&cgroup_disk_v2, base, s, e);
    if (r < 0)
        (void) v2_destroy(id);
    return r;
}

static int v2_update(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                     struct err *e)
{
    int r = limit(id, was, now, e);

    if (r < 0)
        (void) limit(id, now, was, NULL);
    return r;
}

static int v2_open(const char *id)
{
    return cgroup_fs_open(base, id);
}

static int v2_entrances(const char *id, int fds[CGROUP_ENTRANCES], struct err *e)
{
    (void) id, (void) fds, (void) e;
    return 0; /* it was born inside */
}

static int v2_stats(const char *id, struct cgroup_stats *out)
{
    int read, written;

    /* "max" reads as 0, which is our word for it too */
    *out = (struct cgroup_stats){
        .memory = cgroup_fs_read(base, id, "memory.current", NULL),
        .memory_limit = cgroup_fs_read(base, id, "memory.max", NULL),
        .memory_peak = cgroup_fs_read(base, id, "memory.peak", NULL),
        .memory_idle = cgroup_fs_read(base, id, "memory.stat", "inactive_file"),
        .cpu_us = cgroup_fs_read(base, id, "cpu.stat", "usage_usec"),
        .throttled_us = cgroup_fs_read(base, id, "cpu.stat", "throttled_usec"),
        .pids = cgroup_fs_read(base, id, "pids.current", NULL),
        .pids_limit = cgroup_fs_read(base, id, "pids.max", NULL),
        .limit_met = cgroup_fs_read(base, id, "memory.events", "oom") > 0,
        .oom_kills = cgroup_fs_read(base, id, "memory.events", "oom_kill"),
    };
    /* a device that was not used has no line */
    read = cgroup_fs_sum(base, id, "io.stat", " rbytes=", &out->read_bytes);
    written = cgroup_fs_sum(base, id, "io.stat", " wbytes=", &out->write_bytes);
    out->disk_told = (read == 0 || read == -ENODATA) && (written == 0 || written == -ENODATA);
    cgroup_fs_pressure(base, id, out->pressure);
    return 0;
}

static int v2_kill(const char *id)
{
    int r = cgroup_fs_write(base, id, "cgroup.kill", "1", NULL);

    return r < 0 ? cgroup_fs_kill_each(base, id) : 0; /* before Linux 5.14 */
}

static int v2_freeze(const char *id, bool frozen)
{
    return cgroup_fs_write(base, id, "cgroup.freeze", frozen ? "1" : "0", NULL);
}

static bool v2_is_frozen(const char *id)
{
    return cgroup_fs_read(base, id, "cgroup.freeze", NULL) == 1;
}

static void v2_each(cgroup_found *found, void *userdata)
{
    cgroup_fs_each(base, found, userdata);
}

const struct cgroup_ops cgroup_v2_ops = { .name = "v2",
                                          .create = v2_create,
                                          .update = v2_update,
                                          .open = v2_open,
                                          .entrances = v2_entrances,
                                          .stats = v2_stats,
                                          .kill = v2_kill,
                                          .freeze = v2_freeze,
                                          .is_frozen = v2_is_frozen,
                                          .destroy = v2_destroy,
                                          .each = v2_each };
