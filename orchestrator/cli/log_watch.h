/* log_watch.h -- the directory with the logs and the journal of a project, as the caller may see
 * it. It is readable for root and its group alone, because lines of services may hold anything.
 * Runs in: CLI.  Owns: nothing.
 * Fails: negative errno; ERR_DENIED for whoever is not in the group, with the group's name. */
#ifndef IPAM_CLI_LOG_WATCH_H
#define IPAM_CLI_LOG_WATCH_H

#include "base/err.h"

/* May the caller read there?  A project that has no logs yet is fine. */
int log_watch_allowed(const char *project, struct err *e);
/* An inotify(7) descriptor, the caller's, that is readable after each change there. */
int log_watch_open(const char *project, int *fd, struct err *e);
/* For who could not read from it; returns a negative errno. */
int log_watch_failed(const char *project, struct err *e);

#endif
