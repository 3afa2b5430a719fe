/* profile_rule.h -- does an entry of a system call profile in moby's JSON form hold here?  Its
 * conditions: capabilities of the program, architecture and age of the kernel.
 * Runs in: CLI (to explain), broker (to make filters).
 * Source: moby profiles/seccomp/seccomp_linux.go. */
#ifndef IPAM_BASE_PROFILE_RULE_H
#define IPAM_BASE_PROFILE_RULE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* `capabilities`: a mask */
bool profile_rule_applies(const json_t *rule, uint64_t capabilities);

#endif
