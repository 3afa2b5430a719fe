/* shared.h -- the namespaces that a unit may have in common with another one.
 * Runs in: CLI, supervisor.  Owns: nothing.  Fails: never. */
#ifndef IPAM_MODEL_SHARED_H
#define IPAM_MODEL_SHARED_H

#include "model/project.h"

enum shared { SHARED_NETWORK, SHARED_IPC, SHARED_PID, SHARED_COUNT };

extern const char *const shared_text[SHARED_COUNT]; /* for messages */

/* The unit in whose namespace it lives, "" = its own; PROJECT_HOST = the host's. */
const char *shared_of(const struct unit *u, enum shared which);

#endif
