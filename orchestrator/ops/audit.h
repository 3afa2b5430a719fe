/* audit.h -- who changed a project, what was asked for, when, and how it ended.
 * paths_state()/operations/PROJECT/audit.jsonl: one JSON object per line, {"time_us","user","uid",
 * "sudo_user","words","result","exit","took_us","why"}; audit.jsonl.1 and so on are older.  It
 * outlives `down`.  Values that may be secret are not in it.
 * Runs in: CLI.  Fails: negative errno. */
#ifndef IPAM_OPS_AUDIT_H
#define IPAM_OPS_AUDIT_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

enum { AUDIT_BYTES = 1024 * 1024, AUDIT_FILES = 5 };

/* The words of a command line, verb first, as they may be kept; new reference. */
json_t *audit_words(char *const *words);
/* Who runs this process: {"user","uid","sudo_user"}; new reference. */
json_t *audit_who(void);
/* Appends one line (borrowed); `dir` is the project's work directory. */
int audit_append(int dir, const json_t *line, struct err *e);
/* All lines that can be read, the oldest first; new reference. */
json_t *audit_read(int dir);

#endif
