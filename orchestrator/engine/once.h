/* once.h -- one-off instances: a service's sandbox beside the service, for one command (`run`).
 * Runs in: supervisor.  Owns: the instances, their projects and the streams of their commands.
 *
 * With streams, what is launched only keeps the sandbox; the command joins it by the way of exec,
 * and the sandbox ends with the command.  Detached, the command is what is launched.  Nothing of
 * this is saved: a supervisor that is started again ends what it does not know. */
#ifndef IPAM_ENGINE_ONCE_H
#define IPAM_ENGINE_ONCE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/deployment.h"
#include "runtime/runtime.h"

struct supervisor;

/* the one-off instances of a deployment, one after the other; NULL begins and ends */
const struct instance *once_next(const struct supervisor *s, const struct deployment *d,
                                 const struct instance *after);
/* true when the report was about one of them */
bool once_started(struct supervisor *s, const char *id, int pid);
bool once_ended(struct supervisor *s, const char *id, const struct exit_info *how);
bool once_refused(struct supervisor *s, const char *id, const struct err *why);
bool once_streams(struct supervisor *s, const char *id, int fds[RUNTIME_STREAM_FDS]);
bool once_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);
/* others find it by the names of its service */
bool once_is_named(const struct instance *i);
bool once_is_known(const struct supervisor *s, const char *id);
void once_connected(struct supervisor *s, const struct runtime_seen *seen, size_t n);
void once_forget(struct supervisor *s, const void *owner);
void once_end_all(struct supervisor *s, const struct deployment *d);
void once_free(struct supervisor *s);

#endif
