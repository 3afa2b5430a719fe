/* landlock.h -- a second fence around files: what the mounts allow, and what they are not asked.
 * Runs in: the fork that becomes a program, in the instance's mount namespace.  Owns: nothing.
 * Fails: negative errno; a kernel without Landlock is no failure, as it is a layer below others.
 * Reading and executing are allowed everywhere, writing below what is mounted writable now, and
 * stays so when a mount changes.  Who is fenced in cannot mount, nor look into processes that were
 * not started from inside, such as commands that join.
 * Source: Documentation/userspace-api/landlock.rst. */
#ifndef IPAM_SANDBOX_LANDLOCK_H
#define IPAM_SANDBOX_LANDLOCK_H

#include <stdbool.h>

/* The descriptor of a rule set for the mounts of this process; -ENOSYS without Landlock.
 * `host_network`: abstract sockets of others are out of reach too, where the kernel can. */
int landlock_prepare(bool host_network);
/* whether this kernel has as much of it as is needed */
bool landlock_is_there(void);
/* Takes the descriptor, which may be -ENOSYS.  Needs no-new-privileges. */
int landlock_enter(int ruleset);

#endif
