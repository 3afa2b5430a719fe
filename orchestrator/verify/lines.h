/* lines.h -- what a client of a server printed, line by line.  Pure.
 * Runs in: CLI. */
#ifndef IPAM_VERIFY_LINES_H
#define IPAM_VERIFY_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* one of the lines is exactly that */
bool lines_have(const char *text, const char *line);
/* The first "ERROR 1142 (42000) at line 5: ..." of the MariaDB client; line 0: without one, as when
 * it cannot connect. */
bool lines_sql_error(const char *text, unsigned *line, char *said, size_t room);

#endif
