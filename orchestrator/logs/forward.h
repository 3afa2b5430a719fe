/* forward.h -- the lines of a log file, sent on to journald or syslog.
 * Runs in: supervisor.  Owns: its socket, what it reads, and the file PATH.forwarded, in which
 * stands how far it came.
 *
 * It reads what capturing has written, also of rotated files, and never what has not: a receiver
 * that is slow or away makes nobody wait and loses nothing, as long as the log keeps those lines.
 * What was rotated away before it was sent is lost for the receiver, and said in our own log.  Who
 * is killed between a message and the note of it sends that one again.
 * Fails: never; what keeps it from sending is logged once, and tried again every second. */
#ifndef IPAM_LOGS_FORWARD_H
#define IPAM_LOGS_FORWARD_H

#include <systemd/sd-event.h>

#include "logs/forward_line.h"

struct forward;

/* `from` is copied.  A log that was never forwarded begins with what is written from now on. */
struct forward *forward_new(sd_event *loop, const char *path, const struct forward_origin *from);
/* Sends what can be sent without waiting; NULL is fine. */
void forward_free(struct forward *f);
/* There may be new lines. */
void forward_wake(struct forward *f);
/* Another address, format or tag from the next line on. */
void forward_change(struct forward *f, const struct forward_origin *from);

#endif
