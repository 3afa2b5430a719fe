/* cgroup.h -- the seam to control groups: one group per instance, v1 or v2 behind it.
 * Runs in: broker.  Owns: the directories ROOT/ipam-orch[-TAG]/ID it creates; the common parent
 * goes with the last of them.  Fails: negative errno; nothing waits: moving another process would,
 * for an RCU grace period of the kernel, moving itself does not (cgroup_procs_write_start()).
 * On hybrid hosts (v1 controllers beside a cgroup2 tree without any) limits are set in v1,
 * and instances are tracked, frozen and killed in the cgroup2 tree. Source:
 * Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst. */
#ifndef IPAM_SANDBOX_CGROUP_H
#define IPAM_SANDBOX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/spec.h"

enum cgroup_pressure { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURE_COUNT };

/* limit 0 = none */
struct cgroup_stats {
    uint64_t memory, memory_limit, memory_peak;
    uint64_t memory_idle; /* of memory: pages of files that were not used lately */
    uint64_t cpu_us, throttled_us;
    uint64_t pids, pids_limit, oom_kills;
    bool limit_met; /* that of memory, at any time */
    /* of block devices.  Since Linux 6.10 version 1 counts nothing on a device for which nobody has
     * set a limit since the boot: then they are not told. */
    uint64_t read_bytes, write_bytes;
    bool disk_told;
    /* share of the last ten seconds in which something waited, in 1/100 %; -1: not told */
    int pressure[PRESSURE_COUNT];
};

enum { CGROUP_ENTRANCES = 16 };

typedef void cgroup_found(const char *id, void *userdata);

struct cgroup_ops {
    const char *name; /* "v1", "v2" or "hybrid" */
    int (*create)(const struct spec *s, struct err *e);
    /* All that differs, or nothing: on failure `was` holds again. */
    int (*update)(const char *id, const struct spec_limits *was, const struct spec_limits *now,
                  struct err *e);
    int (*open)(const char *id); /* for CLONE_INTO_CGROUP; -ENOTSUP where there is no cgroup2 */
    /* What CLONE_INTO_CGROUP leaves to do: files to which the process itself writes "0" to come in,
     * one per hierarchy; their number.  On failure none is open. */
    int (*entrances)(const char *id, int fds[CGROUP_ENTRANCES], struct err *e);
    int (*stats)(const char *id, struct cgroup_stats *out); /* what cannot be read is 0 */
    int (*kill)(const char *id);                            /* everything in it, frozen or not */
    int (*freeze)(const char *id, bool frozen);        /* asks for it; -ENOTSUP without a freezer */
    bool (*is_frozen)(const char *id);                 /* it was asked for */
    int (*destroy)(const char *id);                    /* -EBUSY: not empty yet; absent is 0 */
    void (*each)(cgroup_found *found, void *userdata); /* every id that exists */
};

/* Reads /proc/self/mountinfo once; the table is static. */
int cgroup_detect(const struct cgroup_ops **out, struct err *e);

#endif
