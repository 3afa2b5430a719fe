/* workdir.h -- the directory of a project in which operations keep what outlives them: their lock,
 * an intent that is not finished, backups, releases, the audit.
 * paths_state()/operations/PROJECT[/SUB], of user and group ipam-orch, mode 2770: root, the
 * supervisor's schedule and members of the group work in it, one after the other.
 * Runs in: CLI.  Because it is not root's alone, nothing in it is reached through a symbolic link:
 * everything is opened below the descriptor, with openat2(2) RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS.
 * Fails: negative errno; ERR_DENIED for whoever is no operator. */
#ifndef IPAM_OPS_WORKDIR_H
#define IPAM_OPS_WORKDIR_H

#include <jansson.h>
#include <sys/types.h>

#include "base/err.h"

/* what is made in it: readable and writable for operators, for nobody else */
enum { WORKDIR_MODE = 02770, WORKDIR_FILE_MODE = 0660 };

/* The directory of `project`, and below it `sub` (NULL: itself), made if missing.  *fd is an
 * ordinary directory descriptor, the caller's. */
int workdir_open(const char *project, const char *sub, int *fd, struct err *e);
/* A directory or file below one of those; *fd is the caller's.  A file is created with
 * WORKDIR_FILE_MODE and belongs to the group of the directory. */
int workdir_open_at(int dir, const char *path, int flags, int *fd, struct err *e);
/* What a file below one of those says, at most `most` bytes; NULL when there is nothing readable.
 */
json_t *workdir_read_json(int dir, const char *path, size_t most);
/* Where that is, for messages and for programs that want a name; malloc'd. */
char *workdir_path(const char *project, const char *sub);

#endif
