/* profile.h -- a syscall profile in moby's JSON form becomes a filter program.
 * Runs in: broker.  Owns: nothing.  Fails: negative errno with the file or rule named.
 * Understood: defaultAction, defaultErrnoRet, and per entry of `syscalls`: names, action, errnoRet,
 * args, comment, includes and excludes (by caps, by arches, and by minKernel).  Other members are
 * an error, but for the lists of architectures: only the native one is let in; names it does not
 * have are skipped.
 * Source: moby profiles/seccomp/seccomp.go, seccomp_rule_add(3). */
#ifndef IPAM_SANDBOX_PROFILE_H
#define IPAM_SANDBOX_PROFILE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

/* Writes the program of a parsed profile, for a service with these capabilities (a mask), to `fd`;
 * `name` is for messages. */
int profile_export(const json_t *profile, const char *name, uint64_t capabilities, int fd,
                   struct err *e);

#endif
