/* native_seen.h -- an instance, and how one ended, as the sandbox broker tells of it.
 * Runs in: supervisor.  Owns: the lists of what was read, until native_seen_clear; its texts are
 * borrowed from the message.  What a message leaves out is empty or 0. */
#ifndef IPAM_RUNTIME_NATIVE_SEEN_H
#define IPAM_RUNTIME_NATIVE_SEEN_H

#include <jansson.h>

#include "runtime/runtime.h"

void native_seen_read(const json_t *json, struct runtime_seen *seen);
void native_seen_clear(struct runtime_seen *seen);
void native_seen_end(json_t *json, struct exit_info *how);

#endif
