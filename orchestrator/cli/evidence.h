/* evidence.h -- what this host shows of why a service does not run: who has its ports, which of its
 * calls were refused, a disk that is full.
 * Runs in: CLI, with the caller's rights: what it may not see is left out.  Owns: nothing. */
#ifndef IPAM_CLI_EVIDENCE_H
#define IPAM_CLI_EVIDENCE_H

#include <jansson.h>

#include "control/client.h"

/* Sentences about a service that does not run as it should; a new reference, maybe empty. */
json_t *evidence_of(struct client *c, const char *project, const char *service);

#endif
