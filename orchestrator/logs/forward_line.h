/* forward_line.h -- a record of a log file as a message for journald or for syslog.  Pure.
 * Runs in: supervisor.
 * Source: systemd's "Native Journal Protocol"; RFC 3164, RFC 5424 and RFC 6587 (framing on
 * streams). */
#ifndef IPAM_LOGS_FORWARD_LINE_H
#define IPAM_LOGS_FORWARD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/log_forward.h"

struct forward_origin {
    const char *project, *service, *host;
    struct log_forward to;
};

/* The message for the record in `line` (sink_json.h), malloc'd, its length in *len.  `framed`: on a
 * stream.  NULL for a line that is none of ours. */
char *forward_line(const struct forward_origin *from, const char *line, bool framed, size_t *len);

#endif
