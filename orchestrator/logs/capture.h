/* capture.h -- from the pipes of an instance to lines in the log file of its service.
 * Runs in: supervisor.
 * Owns: the log file, the pipe descriptors handed in, their event sources.
 *
 * No line is lost or doubled when the supervisor is killed at any moment.  Bytes travel
 *
 *     program -> source pipe -> staging pipe -> log file
 *
 * and both pipes live in the instance's init and in the broker, not here.  Bytes leave staging only
 * after their lines are in the file.  Before each write the intention (file size, stream, length of
 * staging and how much of it will be consumed) is put into a shared mapping of a small cursor file,
 * which the kernel keeps when a process dies.  The next supervisor compares the length of staging
 * with the intention: unchanged means the write is undone by truncation and repeated, shorter means
 * it was complete.  A staging pipe may hold the beginning of a line that is still being written.
 * Between two writes the file may be rotated (rotation.h); no write is in flight then, and without
 * room for another file the present one grows on.  When the disk is full, or would be
 * (log_spec.reserve), lines are dropped and counted in the cursor, and the next line that has room
 * comes after one that tells of them: services never wait for a disk.
 * Source: pipe(7), splice(2), tee(2), FIONREAD in ioctl_list. */
#ifndef IPAM_LOGS_CAPTURE_H
#define IPAM_LOGS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "logs/log_file.h"

enum { CAPTURE_STREAM_FDS = 6 };

struct capture_log;

/* Opens PATH (created 0640) and PATH.cursor, and repairs the end of the file if no pipe can any
 * more. */
int capture_log_open(sd_event *loop, const char *path, struct capture_log **out, struct err *e);
void capture_log_free(struct capture_log *log); /* accepts NULL; closes all streams */

/* What holds from the next line on. */
void capture_log_limit(struct capture_log *log, const struct log_spec *spec);
/* Lines that could not be written; the log says so itself where they are missing. */
uint64_t capture_log_lost(const struct capture_log *log);

/* An incarnation will be launched that never was before: what cursors say of it, or of later ones,
 * is of a project of the same name that has gone, whose supervisor was killed at the end. */
void capture_log_expect(struct capture_log *log, unsigned incarnation);
/* The service of the log at `path` is gone for good: so are its cursors. */
void capture_forget(const char *path);

/* Starts (or after a restart: goes on) capturing an instance.  `fds` as in runtime.h, taken.
 * `incarnation` tells the pipes of two lives of a service apart. */
int capture_log_attach(struct capture_log *log, const char *service, unsigned incarnation,
                       int fds[CAPTURE_STREAM_FDS], struct err *e);
/* true while a pipe of that incarnation is open: its last lines may still be coming */
bool capture_log_is_attached(const struct capture_log *log, unsigned incarnation);

/* Calls back, in a later turn and once for each life, when a line of that incarnation matches the
 * pattern (base/pattern.h); also if it came while another supervisor ran, and a stream of it is
 * still open. */
int capture_log_await(struct capture_log *log, unsigned incarnation, const char *pattern,
                      void (*came)(void *owner), void *owner, struct err *e);

/* Hears the bytes of the streams as they came, also those of lines that have not ended yet; what it
 * hears is in the log or counted as lost, and a supervisor that is killed in between tells them
 * twice.  `len` 0: the stream ("stdout" or "stderr") has ended.  The log may not be freed in it. */
typedef void capture_listener(void *owner, unsigned incarnation, const char *stream,
                              const char *bytes, size_t len);
void capture_log_on_output(struct capture_log *log, capture_listener *heard, void *owner);

/* Calls back whenever the last open pipe of an incarnation has given its last byte, those of
 * another one may go on; the log may be freed in the callback. */
void capture_log_on_drained(struct capture_log *log, void (*drained)(void *owner), void *owner);

/* Calls back after lines were written; the log stays. */
void capture_log_on_written(struct capture_log *log, void (*written)(void *owner), void *owner);

/* Calls back after each rotation; the log stays. */
void capture_log_on_rotated(struct capture_log *log, void (*rotated)(void *owner), void *owner);

#endif
