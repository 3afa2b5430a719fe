/* oplock.h -- one operation per project at a time: a file lock that says who has it.
 * paths_state()/operations/PROJECT/lock, held with flock(2) by the process that works, so that it
 * is free again however that one ended; its text is for whoever has to wait.  A hold is a lock
 * without a process: an operator keeps everybody else away until it is released.
 * Runs in: CLI.  Owns: the descriptor.  Fails: ERR_LOCKED, naming the holder. */
#ifndef IPAM_OPS_OPLOCK_H
#define IPAM_OPS_OPLOCK_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

/* Waits at most `wait_us` (0: not at all).  `verb` and `message` (may be "") are what others are
 * told.  `dir` is the project's work directory; *fd is the lock as long as it is open. */
int oplock_take(int dir, const char *verb, const char *message, uint64_t wait_us, int *fd,
                struct err *e);
/* Who has the lock: {"pid","user","verb","message","since"} and "hold":true for a hold; NULL if
 * nobody.  New reference. */
int oplock_holder(int dir, json_t **out, struct err *e);
/* Keeps everybody away, the holder too, until oplock_release; the lock must be the caller's. */
int oplock_hold(int dir, const char *message, struct err *e);
/* -ENOENT when there is no hold */
int oplock_release(int dir, struct err *e);

#endif
