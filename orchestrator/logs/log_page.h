/* log_page.h -- one of the files of a log (logs/rotation.h), to be read as text, compressed or not.
 * Runs in: CLI, supervisor.  Owns: its files.
 * What is compressed is read from a copy without a name where temporary files are.  A page that was
 * opened before its file was compressed is known by the compressed one too. */
#ifndef IPAM_LOGS_LOG_PAGE_H
#define IPAM_LOGS_LOG_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct log_page {
    FILE *text;     /* NULL = there is none */
    uint64_t inode; /* of the file before it was compressed */
    int packed;     /* the compressed file, -1 if it is not */
};
#define LOG_PAGE_NONE ((struct log_page){ .packed = -1 })

/* The page with number `n` of the log at `path`; .text is NULL if there is none. */
struct log_page log_page_open(const char *path, unsigned n);
void log_page_close(struct log_page *p); /* accepts one that is not there */
/* true while `p` is what has that number */
bool log_page_is(const struct log_page *p, const char *path, unsigned n);

#endif
