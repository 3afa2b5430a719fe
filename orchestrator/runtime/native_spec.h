/* native_spec.h -- a unit and its addresses as a launch specification, and requests for workers.
 * Runs in: supervisor.  Owns: native_spec owns its arrays and memfds until cleared; the strings
 * are borrowed from the launch. */
#ifndef IPAM_RUNTIME_NATIVE_SPEC_H
#define IPAM_RUNTIME_NATIVE_SPEC_H

#include <jansson.h>

#include "base/fdpass.h"
#include "runtime/runtime.h"
#include "sandbox/spec.h"

struct native_spec {
    struct spec spec;
    int fds[FDPASS_MAX]; /* contents of spec.files, in order */
};

int native_spec_make(const struct runtime_launch *l, struct native_spec *out, struct err *e);
/* {"target","fd"} of each as the broker takes them, new reference; their contents are in fds, the
 * caller's */
int native_spec_files(const struct runtime_files *f, json_t **out, int fds[FDPASS_MAX], size_t *n,
                      struct err *e);
void native_spec_clear(struct native_spec *s);

/* request for `ipam-worker probe`; new reference */
json_t *native_probe_request(const struct project *p, const struct health_spec *h);

#endif
