/* drain.h -- an instance whose place another one has taken, and who still needs it: whoever has a
 * connection to it, and the processes that knew it before those who depend on it were told to look
 * again.  One without a network is needed by nobody.
 * Runs in: supervisor.  Owns: nothing; how far it has come is in rolling.h. */
#ifndef IPAM_ENGINE_DRAIN_H
#define IPAM_ENGINE_DRAIN_H

#include "engine/supervisor.h"

/* How often to look whether it is still needed. */
#define DRAIN_LOOK_US (100 * USEC_PER_MSEC)

/* It leaves: its grace period begins. */
void drain_begin(struct instance *i);
/* Those who depend on its service are to reload, after the names of the other one are known. */
void drain_tell(struct instance *i);
/* false at the end of its grace period at the latest */
bool drain_is_needed(struct instance *i);

#endif
