/* filter.h -- loads an exported syscall filter into the calling process.
 * Runs in: init and what it forks.  Needs no-new-privileges.  Fails: negative errno.
 * Source: seccomp(2).  Making the filter is seccomp.c's, in the broker. */
#ifndef IPAM_SANDBOX_FILTER_H
#define IPAM_SANDBOX_FILTER_H

#include <stdbool.h>

/* `fd` is a memfd with an array of struct sock_filter; its file position is not used, because
 * several inits share it. */
int filter_load(int fd, bool log); /* log: what it refuses, in the log of the kernel */

#endif
