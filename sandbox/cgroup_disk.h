/* cgroup_disk.h -- limits of block devices, which version 1 and 2 write differently.
 * Runs in: broker, below cgroup.h.  Owns: nothing.
 * Fails: -ENOTBLK for what is no block device, -EOPNOTSUPP where the kernel or the scheduler of the
 * device would take the limit and not honour it, -ENODEV for a part of a disk.
 * Source: Documentation/admin-guide/cgroup-v1/blkio-controller.rst, cgroup-v2.rst,
 * Documentation/block/bfq-iosched.rst. */
#ifndef IPAM_SANDBOX_CGROUP_DISK_H
#define IPAM_SANDBOX_CGROUP_DISK_H

#include "base/err.h"
#include "sandbox/spec.h"

struct cgroup_disk_files;
extern const struct cgroup_disk_files cgroup_disk_v1, cgroup_disk_v2;

/* For the new group `s->id` below `base`, "" = there is no such hierarchy. */
int cgroup_disk_limit(const struct cgroup_disk_files *files, const char *base, const struct spec *s,
                      struct err *e);

#endif
