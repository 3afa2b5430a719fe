/* journal.h -- what happened to a project, line by line, in LOGS/PROJECT/@events.json.
 * Runs in: supervisor.  Owns: the file that was written last.
 * Nobody waits for it: what cannot be written is counted, and the next line says how many are
 * missing ("missing":N).  A line that power failed on stays torn; the next one begins after it.
 * Rotated like logs (rotation.h).  No service can be called @events. */
#ifndef IPAM_LOGS_JOURNAL_H
#define IPAM_LOGS_JOURNAL_H

#include <jansson.h>

#define JOURNAL_FILE "@events.json"

struct journal;

struct journal *journal_new(const char *log_dir);
void journal_free(struct journal *j); /* accepts NULL */
/* `event` (borrowed) has a "project". */
void journal_write(struct journal *j, const json_t *event);

#endif
