/* web.h -- what web servers answer: ipam-worker asks and reads, which is nobody where we are root.
 * Runs in: CLI.  Blocks for as long as the requests say.  Owns: nothing; results are new
 * references. Fails: negative errno with the address and what was said. */
#ifndef IPAM_OPS_WEB_H
#define IPAM_OPS_WEB_H

#include <jansson.h>

#include "base/err.h"

/* The answers of units/fetch.h to a list of requests (stolen), in their order. */
int web_ask(json_t *requests, json_t **answers, struct err *e);
/* The body of the answer to one request (stolen), as JSON, or as a string where it is none.  A
 * status other than 2xx is a failure. */
int web_json(json_t *request, json_t **out, struct err *e);

#endif
