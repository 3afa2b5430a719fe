/* line_reader.h -- the lines of a file that somebody else appends to and rotates (logs/rotation.h),
 * oldest first, none twice and none left out.
 * Runs in: CLI, supervisor.  Owns: its file and the line it holds. */
#ifndef IPAM_LOGS_LINE_READER_H
#define IPAM_LOGS_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_reader;

/* A file that is not there yet is fine: it is looked for again at every read. */
struct line_reader *line_reader_new(const char *path);
void line_reader_free(struct line_reader *r); /* accepts NULL */
/* Starts so that `lines` lines are left to read. */
void line_reader_tail(struct line_reader *r, size_t lines);
/* The next whole line with its newline, valid until the next call; NULL at the present end. */
const char *line_reader_next(struct line_reader *r);
/* Where the next line begins: in which file (by its inode before it was compressed), after how many
 * bytes; both 0 while there is no file. */
void line_reader_where(const struct line_reader *r, uint64_t *inode, uint64_t *offset);
/* Goes there.  false: that file is gone, and reading begins with the oldest there is. */
bool line_reader_seek(struct line_reader *r, uint64_t inode, uint64_t offset);

#endif
