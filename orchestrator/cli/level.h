/* level.h -- how grave a log line is, in the words of the line itself.  Pure.
 * Runs in: CLI.
 * Looked for in this order, and the first that says a level counts:
 *   <N>                   a priority of syslog at the very beginning, as sd-daemon(3) has it
 *   {"level": ...}        a line that is a JSON object: level, severity, lvl, levelname, log.level
 *                         (also as {"log":{"level":...}}); a word, or a number: up to 7 of syslog,
 *                         from 10 on of pino and bunyan (10 trace, 20 debug ... 60 fatal)
 *   level=WORD            the same names in logfmt, with or without quotes
 *   [WORD]                the first word in brackets that is a level, as nginx and MariaDB write
 *   WORD:                 a level in front of a colon at the very beginning, as Python writes
 * Nothing is guessed beyond that: a line without a level has none. */
#ifndef IPAM_CLI_LEVEL_H
#define IPAM_CLI_LEVEL_H

#include <stdbool.h>
#include <stddef.h>

enum level {
    LEVEL_NONE,
    LEVEL_TRACE,
    LEVEL_DEBUG,
    LEVEL_INFO,
    LEVEL_NOTICE,
    LEVEL_WARNING,
    LEVEL_ERROR,
    LEVEL_CRITICAL,
    LEVEL_ALERT,
    LEVEL_EMERGENCY,
    LEVEL_COUNT
};

extern const char *const level_text[]; /* "" for LEVEL_NONE */

/* A level by one of its names, in any case: warn is warning, fatal is critical.  LEVEL_NONE for
 * what is none. */
enum level level_parse(const char *word, size_t len);
enum level level_of(const char *line);

#endif
