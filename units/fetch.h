/* fetch.h -- what a web server answers, for somebody who judges it: status, headers, the body, the
 * certificate it shows, how often it refuses.
 * Runs in: ipam-worker, for the command line, in the network of the host; as nobody where it was
 * started by root.  One request after the other, or the same one many times at once over one
 * connection.
 * Fails: never as a whole: what went wrong is in the answer.  Source: libcurl. */
#ifndef IPAM_UNITS_FETCH_H
#define IPAM_UNITS_FETCH_H

#include <jansson.h>

#include "base/err.h"

/* `request`: url; optional: method, connect ("127.0.0.1": where all hosts are), headers (list),
 * body (text), announce (bytes of a body that is only announced), token (bearer), follow, tls_max
 * ("1.0", "1.1"), times, timeout_us, max (bytes of the body that are kept).  *answer is a new
 * reference: status, url, location, redirects, us, error, tls, headers {name: value}, body
 * (base/bytetext.h), size, sha256, certificate (PEM), not_after (of it, in
 * seconds since 1970); with `times` counts {status: n} instead of
 * headers and body.  -EINVAL: no such request. */
int fetch_run(const json_t *request, json_t **answer, struct err *e);

#endif
