/* log.h -- log lines of the daemons: text followed by key=value fields, on stderr.
 * Runs in: supervisor, broker.  Library code never logs; only loops and main files do.
 * Lines start with the <N> level prefix that journald reads (sd-daemon(3)) unless stderr is a
 * terminal. */
#ifndef IPAM_BASE_LOG_H
#define IPAM_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Lines above this level are dropped; LOG_INFO at start. */
void log_set_level(enum log_level max);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Logs an error object at LOG_ERROR with what the program was doing. */
void log_err(const struct err *e, const char *doing);

#endif
