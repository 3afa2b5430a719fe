/* project_json.h -- a project as JSON text: what the command line sends, and what is kept on disk.
 * Runs in: CLI, supervisor.  Owns: nothing; a project that is read has its own arena.
 * Fails: -EINVAL, -EPERM, naming the member. */
#ifndef IPAM_MODEL_PROJECT_JSON_H
#define IPAM_MODEL_PROJECT_JSON_H

#include <jansson.h>

#include "model/project.h"

/* JSON text both ways; what is read is checked completely (names, references, ranges), because the
 * supervisor takes it from any operator.  *out_json is malloc'd. */
int project_to_json(const struct project *p, char **out_json, struct err *e);
/* what that text says; new reference */
json_t *project_to_tree(const struct project *p);
/* the same once more, in an arena of its own */
int project_copy(const struct project *p, struct project **out, struct err *e);
/* the limits of a unit as they stand in that text; new reference */
json_t *project_limits_to_json(const struct limits *l);
int project_from_json(const char *json, size_t len, struct project **out, struct err *e);

/* The same for what is kept on disk, between versions of this program: what an older one has not
 * said has its default, what a newer one says besides is passed over and noted in `foreign`. */
int project_to_saved(const struct project *p, char **out_json, struct err *e);
int project_from_saved(const char *json, size_t len, struct project **out, struct err *e);

#endif
