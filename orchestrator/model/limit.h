/* limit.h -- how much a unit may use.
 * Runs in: CLI (makes it), supervisor. */
#ifndef IPAM_MODEL_LIMIT_H
#define IPAM_MODEL_LIMIT_H

#include <stdint.h>

/* a resource limit of the kernel, by its name in compose files */
struct ulimit {
    const char *resource;
    uint64_t soft, hard; /* INT64_MAX = unlimited */
};

struct limits {
    uint64_t memory;      /* bytes, 0 = none */
    uint64_t milli_cpus;  /* 1000 = one CPU, 0 = none */
    uint64_t pids;        /* 0 = none */
    uint64_t memory_low;  /* bytes that are taken back last, 0 = none */
    uint64_t memory_swap; /* bytes of memory and swap together; 0 = no swap, INT64_MAX = any */
    uint64_t cpu_shares;  /* weight among siblings as v1 counts, 1024 = usual, 0 = usual */
    uint64_t cpu_quota_us, cpu_period_us; /* 0 = from milli_cpus; 0 = 100 ms */
    const char *cpuset;                   /* list such as "0-2,4", "" = all */
    uint64_t nofile;                      /* RLIMIT_NOFILE, 0 = inherited */
};

/* what a unit may do with one block device; 0 = as usual */
struct disk_limit {
    const char *path; /* below /dev */
    uint64_t weight;  /* 10 to 1000 */
    uint64_t read_bps, write_bps, read_iops, write_iops;
};

#endif
