/* cursor.h -- where capturing one stream stands, in a mapping that outlives the process.
 * Runs in: supervisor.  Owns: the mapping.  See capture.h for what it is for.
 * Fields are written in the order given there; a killed process leaves them as last stored. */
#ifndef IPAM_LOGS_CURSOR_H
#define IPAM_LOGS_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

struct cursor {
    uint32_t version;
    uint32_t in_flight;  /* a write may be half done */
    uint64_t log_size;   /* of the log file before that write */
    uint64_t staged;     /* bytes in staging before they are consumed */
    uint32_t tail_after; /* which tail counts when the write is done */
    uint32_t tail_now;
    uint32_t tail_len[2];
    uint32_t awaited;   /* the line somebody waited for has come */
    uint64_t unsaid[2]; /* lines that were lost and the log does not tell of yet, as the tails */
    char tail[2][LIMIT_LOG_LINE]; /* the beginning of a line whose end has not come yet */
};

/* Maps PATH, made new if it is missing or of another version. */
int cursor_open(const char *path, struct cursor **out, struct err *e);
void cursor_close(struct cursor *c); /* accepts NULL; the file stays */
/* true when the file at PATH has a write in flight */
bool cursor_is_in_flight(const char *path);

void cursor_begin(struct cursor *c, uint64_t log_size, uint64_t staged);
void cursor_commit(struct cursor *c);
void cursor_abandon(struct cursor *c);

#endif
