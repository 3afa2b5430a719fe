/* creds.h -- become the service user for good: groups, ids, capabilities, no-new-privileges.
 * Runs in: init and what it forks.  Fails: negative errno; the caller must end then, it may hold
 * half of its rights.
 * Source: credentials(7), capabilities(7), prctl(2). */
#ifndef IPAM_SANDBOX_CREDS_H
#define IPAM_SANDBOX_CREDS_H

#include <sys/types.h>

/* Nothing can be regained: all five capability sets are empty, set-user-ID programs and file
 * capabilities have no effect. */
int creds_drop(uid_t uid, gid_t gid);

#endif
