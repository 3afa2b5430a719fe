/* learn.h -- which system calls a service makes, and the smallest profile that allows them.
 * Runs in: CLI, as root.  Owns: nothing.  Fails: negative errno with what could not be had named.
 * A program in the kernel counts the calls of one control group at the raw tracepoint sys_enter:
 * the service runs as before, under its own filter, and is not traced. Source: bpf(2);
 * Documentation/bpf/, BPF_PROG_TYPE_RAW_TRACEPOINT. */
#ifndef IPAM_CLI_LEARN_H
#define IPAM_CLI_LEARN_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { LEARN_CALLS_MAX = 1024 };

/* Counts until the time is over or SIGINT comes; `pid` is a process of the service. */
int learn_count(pid_t pid, uint64_t duration_us, uint64_t counts[LEARN_CALLS_MAX], struct err *e);

/* `profile` with those names only that were counted or that any program needs to begin and to end;
 * its conditions and arguments stay.  Pure; a new reference. */
json_t *learn_profile(const json_t *profile, const uint64_t counts[LEARN_CALLS_MAX]);

#endif
