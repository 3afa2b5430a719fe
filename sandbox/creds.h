/* creds.h -- become the service user for good: groups, ids, capabilities, no-new-privileges.
 * Runs in: init and what it forks; broker (its own bounds).  Fails: negative errno; the caller must
 * end then, it may hold half of its rights.
 * Source: credentials(7), capabilities(7), prctl(2). */
#ifndef IPAM_SANDBOX_CREDS_H
#define IPAM_SANDBOX_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Members see every process in the /proc of an instance, others only what they may trace.  Policy
 * lets nobody have it: as 16 bits it is (gid_t) -1, so no account does either. */
enum { CREDS_WATCHERS_GID = 65535 };
#define CREDS_WATCHERS_NAME "ipam-watchers"

/* The first group is the user's own.  All five capability sets become `keep`, whose bits the caller
 * must have; nothing else can be regained: being root gives nothing, set-user-ID programs and file
 * capabilities have no effect. */
int creds_become(uid_t uid, const gid_t *gids, size_t n, uint64_t keep);

/* The bounding set becomes what it has in common with `keep`. */
int creds_bound(uint64_t keep);
/* Permitted and effective become `permitted`. */
int creds_limit(uint64_t permitted, uint64_t inheritable);

#endif
