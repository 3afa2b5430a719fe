/* volume.h -- the directories behind named volumes: paths_state()/volumes/NAME.
 * Runs in: broker.  Owns: paths_state()/volumes, which belongs to root: the supervisor's user may
 * own the directory above it and could otherwise lead the broker elsewhere.
 * Fails: negative errno with the volume named. */
#ifndef IPAM_SANDBOX_VOLUME_H
#define IPAM_SANDBOX_VOLUME_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { VOLUME_NAME = 192 };

/* The directory they are in. */
int volume_root(struct err *e);

/* An O_PATH descriptor; a new volume belongs to uid:gid with mode 0700.  -ENOENT when there is none
 * although it must be `existing`. */
int volume_open(const char *name, uid_t uid, gid_t gid, bool existing, struct err *e);
/* Takes a volume, or what was one, out of the directory `from`: from now on its name is free.  A
 * descriptor of the directory where such volumes are, with the name of this one in it; -ENOENT when
 * there was none. */
int volume_retire(int from, const char *name, char retired[VOLUME_NAME], struct err *e);
/* The same directory, where volumes may be that an earlier broker had no time to delete. */
int volume_retired(struct err *e);

#endif
