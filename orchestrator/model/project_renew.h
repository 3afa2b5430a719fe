/* project_renew.h -- a project some of whose services are those of another reading of its files.
 * Runs in: supervisor; of its secrets alone also CLI.  Fails: as project_from_json. */
#ifndef IPAM_MODEL_PROJECT_RENEW_H
#define IPAM_MODEL_PROJECT_RENEW_H

#include <jansson.h>

#include "model/project.h"

/* `now` with those of its services that are named (NULL: all) as `next` has them, and with what
 * they use that it had not; how many there are of each, and networks that both have, stay. */
int project_renew(const struct project *now, const struct project *next, const char *const *names,
                  struct project **out, struct err *e);

/* `now` with other values of some of its secrets ({NAME: text, or a list of bytes}); -ENOENT for
 * one that it has not.  `digests` ({SERVICE: digest}, may be NULL) are those of its services with
 * them. Everything is in the same order as before. */
int project_renew_secrets(const struct project *now, const json_t *secrets, const json_t *digests,
                          struct project **out, struct err *e);

#endif
