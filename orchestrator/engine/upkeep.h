/* upkeep.h -- what is asked of the back end that is no matter of one instance.
 * Runs in: supervisor. */
#ifndef IPAM_ENGINE_UPKEEP_H
#define IPAM_ENGINE_UPKEEP_H

#include "engine/supervisor.h"

/* Asks the runtime itself, see sandbox/client.h, with `fields` (borrowed, may be NULL); the watcher
 * hears the answer, in a later turn of the loop. */
int supervisor_ask_runtime(struct supervisor *s, const char *what, const json_t *fields,
                           const struct exec_watcher *watcher, struct err *e);
/* -EBUSY when a service of a project that is known has it. */
int supervisor_volume_is_free(const struct supervisor *s, const char *name, struct err *e);
/* The same about what belongs to none of the projects that are known. */
int supervisor_ask_leftovers(struct supervisor *s, bool remove, const struct exec_watcher *watcher,
                             struct err *e);

#endif
