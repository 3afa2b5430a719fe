/* beside.h -- which units can run twice for a while, the next one beside the present one.
 * Runs in: CLI, supervisor.  Pure. */
#ifndef IPAM_MODEL_BESIDE_H
#define IPAM_MODEL_BESIDE_H

#include "model/project.h"

/* why an instance of the unit cannot run beside another one of it; NULL: it can */
const char *beside_refused(const struct project *p, const struct unit *u);

#endif
