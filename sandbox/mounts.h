/* mounts.h -- builds the file system an instance sees and makes it the root.
 * Runs in: init, as root in its own mount namespace, before any program of the instance.
 * Owns: the descriptor of the new root.  Every target is resolved inside the new root by the kernel
 * (RESOLVE_IN_ROOT): a symbolic link in a volume cannot lead a mount out of it.
 * Fails: negative errno with the target named; init ends then, so nothing is undone here.
 * Source: mount(2), mount_setattr(2), openat2(2), pivot_root(2), OCI runtime specification
 * "Default Filesystems", "Masked Paths", "Readonly Paths". */
#ifndef IPAM_SANDBOX_MOUNTS_H
#define IPAM_SANDBOX_MOUNTS_H

#include <stddef.h>

#include "base/err.h"
#include "sandbox/setup.h"

struct mounts {
    int root;         /* O_PATH, -1 before SETUP_ROOT */
    const int *trees; /* borrowed: detached mounts and memfds from the broker */
    size_t n_trees;
    unsigned n_files; /* written so far by SETUP_FILE */
};

/* Executes one of SETUP_ROOT ... SETUP_PIVOT. */
int mounts_apply(struct mounts *m, const struct setup_op *op, struct err *e);

#endif
