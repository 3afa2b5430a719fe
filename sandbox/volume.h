/* volume.h -- the directories behind named volumes: paths_state()/volumes/NAME.
 * Runs in: broker.  Owns: paths_state()/volumes, which belongs to root: the supervisor's user may
 * own the directory above it and could otherwise lead the broker elsewhere.
 * Fails: negative errno with the volume named. */
#ifndef IPAM_SANDBOX_VOLUME_H
#define IPAM_SANDBOX_VOLUME_H

#include <sys/types.h>

#include "base/err.h"

/* An O_PATH descriptor; a new volume belongs to uid:gid with mode 0700. */
int volume_open(const char *name, uid_t uid, gid_t gid, struct err *e);

#endif
