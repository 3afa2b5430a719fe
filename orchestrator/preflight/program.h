/* program.h -- another program's answer, within a time.
 * Runs in: CLI.  Units: milliseconds.  Source: posix_spawn(3), pidfd_open(2). */
#ifndef IPAM_PREFLIGHT_PROGRAM_H
#define IPAM_PREFLIGHT_PROGRAM_H

/* Runs argv[0], found in PATH, with nothing to read and its errors dropped; *out (may be NULL) is
 * what it wrote, malloc'd, without the last line end.  Returns its exit status; -ENOENT when there
 * is no such program, -ETIME when it took too long and was killed, -ECANCELED when a signal ended
 * it. */
int program_ask(const char *const *argv, int timeout_ms, char **out);

#endif
