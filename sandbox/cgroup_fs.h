/* cgroup_fs.h -- what the v1 and v2 implementations share: directories and one-line files.
 * Runs in: broker, below cgroup.h.  A `base` is the directory ROOT/ipam-orch[-TAG] of a hierarchy.
 * Fails: negative errno. */
#ifndef IPAM_SANDBOX_CGROUP_FS_H
#define IPAM_SANDBOX_CGROUP_FS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/cgroup.h"

/* Where hierarchies are mounted, found once by cgroup_detect(); "" = absent. */
enum cgroup_controller {
    CGROUP_MEMORY,
    CGROUP_CPU,
    CGROUP_CPUACCT,
    CGROUP_PIDS,
    CGROUP_CPUSET,
    CGROUP_BLKIO,
    CGROUP_FREEZER, /* where there is no cgroup2 tree */
    CGROUP_UNIFIED, /* the cgroup2 tree */
    CGROUP_CONTROLLERS
};

struct cgroup_places {
    char root[CGROUP_CONTROLLERS][PATH_MAX];
};

void cgroup_fs_places(struct cgroup_places *out);
/* root + "/ipam-orch[-TAG]" */
void cgroup_fs_base(const char *root, char out[PATH_MAX]);

/* An existing one is fine; the base is made when it is missing. */
int cgroup_fs_mkdir(const char *base, const char *id);
int cgroup_fs_open(const char *base, const char *id);
int cgroup_fs_rmdir(const char *base, const char *id); /* and the base when it is empty then */
int cgroup_fs_write(const char *base, const char *id, const char *file, const char *value,
                    struct err *e);
int cgroup_fs_write_u64(const char *base, const char *id, const char *file, uint64_t value,
                        struct err *e);
/* The number, or `none` for 0. */
int cgroup_fs_write_limit(const char *base, const char *id, const char *file, uint64_t value,
                          const char *none, struct err *e);
/* Every process of the group in `from` into that in `to`; -EAGAIN while new ones kept coming. */
int cgroup_fs_move(const char *from, const char *to, const char *id, struct err *e);
/* No limits: what a new group has. */
extern const struct spec_limits cgroup_fs_unlimited;
/* The period and the share of it that the limits mean; the quota is 0 where there is none. */
void cgroup_fs_quota(const struct spec_limits *l, uint64_t *quota_us, uint64_t *period_us);
/* The weight of v2, 1 to 10000, for the shares of v1, 2 to 262144. */
uint64_t cgroup_fs_weight(uint64_t shares);
/* The first number of a file, or behind `key` in a file of "key number" lines; 0 if unreadable. */
uint64_t cgroup_fs_read(const char *base, const char *id, const char *file, const char *key);
/* Adds up the numbers that follow `mark` in a file.  -ENODATA when there is none. */
int cgroup_fs_sum(const char *base, const char *id, const char *file, const char *mark,
                  uint64_t *out);
/* The `some avg10` of the three files of a cgroup2 tree, as in struct cgroup_stats. */
void cgroup_fs_pressure(const char *base, const char *id, int out[PRESSURE_COUNT]);
/* SIGKILL to every process listed; repeats while new ones appear. */
int cgroup_fs_kill_each(const char *base, const char *id);
void cgroup_fs_each(const char *base, cgroup_found *found, void *userdata);

extern const struct cgroup_ops cgroup_v2_ops;
/* Both tables are static; these tell them where to work. */
const struct cgroup_ops *cgroup_v1_ops(const struct cgroup_places *places);
void cgroup_v2_use(const char *root);

#endif
