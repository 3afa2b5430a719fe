/* native.h -- the native runtime: units become launch specifications for the sandbox broker.
 * Runs in: supervisor.  Owns: the connection to the broker and what is in flight on it. */
#ifndef IPAM_RUNTIME_NATIVE_H
#define IPAM_RUNTIME_NATIVE_H

#include <systemd/sd-event.h>

#include "runtime/runtime.h"

extern const struct runtime_ops native_ops;

struct native;
/* `listener` is copied and must be complete. */
struct native *native_new(sd_event *loop, const struct runtime_listener *listener);
void native_free(struct native *n); /* accepts NULL */

#endif
