/* rootfs.h -- plans the file system of an instance: specification in, set-up operations out.
 * Runs in: broker.  Owns: the trees it opened, until rootfs_clear.
 * Bind sources are opened here, once, as detached copies of the mount (open_tree(2)): what policy
 * saw is what init mounts, whatever happens to the path meanwhile.
 * Fails: negative errno with the path named. */
#ifndef IPAM_SANDBOX_ROOTFS_H
#define IPAM_SANDBOX_ROOTFS_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "sandbox/permit.h"
#include "sandbox/spec.h"
#include "sandbox/users.h"

enum { ROOTFS_TREES_MAX = 400 };

/* what a program with a terminal is told about it when nothing else is */
#define ROOTFS_TERM "TERM=xterm"

struct rootfs {
    int setup; /* memfd, see setup.h; -1 before */
    int trees[ROOTFS_TREES_MAX];
    size_t n_trees;
    int notify; /* the socket of SETUP_NOTIFY, -1 = none; may be taken */
};

/* where the socket is that NOTIFY_SOCKET names */
#define ROOTFS_NOTIFY "/run/ipam-orch/notify"

/* what it is planned with, all borrowed */
struct rootfs_given {
    const char *where;  /* an empty directory of the host to build on */
    const int *files;   /* the memfds of spec.files */
    int shm;            /* the /dev/shm it shares, as a detached mount, or -1 */
    const int *sockets; /* those that `holder` listens at, if spec.inherits */
    const struct spec *holder;
};

/* Volumes are created if missing.  With a user namespace volumes and binds show it the ids on disk
 * or are refused; directories of the system are left as they are where they cannot. */
int rootfs_plan(const struct spec *s, const struct users *users, const struct permit *permit,
                const struct rootfs_given *given, struct rootfs *out, struct err *e);
void rootfs_clear(struct rootfs *r);

#endif
