#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level level_max = LOG_INFO;

void log_set_level(enum log_level max)
{
    level_max = max;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char line[2048];
    size_t used = 0;
    va_list ap;

    if (level > level_max)
        return;
    if (!isatty(STDERR_FILENO))
        used = (size_t) snprintf(line, sizeof line, "<%d>", (int) level);
    va_start(ap, fmt);
    (void) vsnprintf(line + used, sizeof line - used - 1, fmt, ap);
    va_end(ap);
    used = strlen(line);
    line[used++] = '\n';
    /* one write per line, so that lines of several processes never mix */
    if (write(STDERR_FILENO, line, used) < 0)
        return;
}

void log_err(const struct err *e, const char *doing)
{
    log_line(LOG_ERROR, "%s: %s%s%s", doing, e->msg, e->hint[0] ? "; " : "", e->hint);
}
