/* intent.h -- what an operation is about to do, on disk before it is done, so that whoever comes
 * after a power loss or a kill can undo or finish it.
 * paths_state()/operations/PROJECT/intent: one JSON object per line, the first says what is meant,
 * each following one a step that begins; every line is on disk when the call returns.  The file is
 * there exactly as long as something is unfinished.  Written by the holder of the lock only.
 * Runs in: CLI.  Fails: negative errno. */
#ifndef IPAM_OPS_INTENT_H
#define IPAM_OPS_INTENT_H

#include <jansson.h>

#include "base/err.h"

/* `meant` (stolen) is an object whose "verb" says who can undo it; -EEXIST when one is open. */
int intent_begin(int dir, json_t *meant, struct err *e);
/* `detail` (stolen, may be NULL) is what undoing this step needs to know. */
int intent_step(int dir, const char *step, json_t *detail, struct err *e);
/* Everything is done, or undone. */
int intent_end(int dir, struct err *e);
/* {"meant":{..},"steps":[{"step":..,..},..]}, NULL if nothing is open; new reference.  A torn last
 * line is a step that did not begin. */
int intent_load(int dir, json_t **out, struct err *e);
/* has the step of that name begun? its detail, borrowed; NULL if not */
const json_t *intent_find(const json_t *intent, const char *step);

#endif
