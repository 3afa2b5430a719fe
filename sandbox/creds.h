/* creds.h -- become the service user for good: groups, ids, capabilities, no-new-privileges.
 * Runs in: init and what it forks.  Fails: negative errno; the caller must end then, it may hold
 * half of its rights.
 * Source: credentials(7), capabilities(7), prctl(2). */
#ifndef IPAM_SANDBOX_CREDS_H
#define IPAM_SANDBOX_CREDS_H

#include <stddef.h>
#include <sys/types.h>

/* The first group is the user's own.  Nothing can be regained: all five capability sets are empty,
 * set-user-ID programs and file capabilities have no effect. */
int creds_drop(uid_t uid, const gid_t *gids, size_t n);

#endif
