/* unfinished.h -- operations that were interrupted: what they have written down is there, and
 * nobody has their lock.  `ipam-orch recover` undoes or finishes them, one project after the other.
 * Runs in: supervisor, which only looks: OPERATIONS/PROJECT/{intent,lock,hold}, see ops/. */
#ifndef IPAM_ENGINE_UNFINISHED_H
#define IPAM_ENGINE_UNFINISHED_H

#include "engine/supervisor.h"

/* Sends off what is needed; comes back to it once a minute. */
void unfinished_look(struct supervisor *s);
/* true when the tag belonged to one */
bool unfinished_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);
void unfinished_free(struct supervisor *s);

#endif
