#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "sandbox/cgroup_fs.h"

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

static int limit(const char *id, const struct spec_limits *l, struct err *e)
{
    uint64_t quota = 0, period = 0, swap = l->memory_swap ? l->memory_swap - l->memory : 0;
    char cpu[64];
    int r = 0;

    cgroup_fs_quota(l, &quota, &period);
    (void) snprintf(cpu, sizeof cpu, "%" PRIu64 " %" PRIu64, quota, period);
    if (l->memory) {
        r = cgroup_fs_write_u64(base, id, "memory.max", l->memory, e);
        /* absent without swap accounting */
        if (l->memory_swap != INT64_MAX)
            (void) cgroup_fs_write_u64(base, id, "memory.swap.max", swap, NULL);
    }
    if (r == 0 && l->memory_low)
        r = cgroup_fs_write_u64(base, id, "memory.low", l->memory_low, e);
    if (r == 0 && l->cpu_shares)
        r = cgroup_fs_write_u64(base, id, "cpu.weight", cgroup_fs_weight(l->cpu_shares), e);
    if (r == 0 && quota)
        r = cgroup_fs_write(base, id, "cpu.max", cpu, e);
    if (r == 0 && l->cpuset[0])
        r = cgroup_fs_write(base, id, "cpuset.cpus", l->cpuset, e);
    if (r == 0 && l->pids)
        r = cgroup_fs_write_u64(base, id, "pids.max", l->pids, e);
    return r;
}

static int v2_destroy(const char *id)
{
    return cgroup_fs_rmdir(base, id);
}

static int v2_create(const char *id, const struct spec_limits *l, struct err *e)
{
    int r = cgroup_fs_mkdir(base, "");

    if (r == 0) {
        enable_controllers();
        r = cgroup_fs_mkdir(base, id);
    }
    if (r < 0)
        return err_set(e, r, "creating the control group %s/%s: %s", base, id, strerror(-r));
    r = limit(id, l, e);
    if (r < 0)
        (void) v2_destroy(id);
    return r;
}

static int v2_open(const char *id)
{
    return cgroup_fs_open(base, id);
}

static int v2_attach(const char *id, pid_t pid, struct err *e)
{
    (void) id, (void) pid, (void) e;
    return 0;
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
                                          .open = v2_open,
                                          .attach = v2_attach,
                                          .stats = v2_stats,
                                          .kill = v2_kill,
                                          .freeze = v2_freeze,
                                          .is_frozen = v2_is_frozen,
                                          .destroy = v2_destroy,
                                          .each = v2_each };
