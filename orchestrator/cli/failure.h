/* failure.h -- what was kept of the last failure of an instance, see engine/capsule.c.
 * Runs in: CLI; needs no manager.  Owns: nothing. */
#ifndef IPAM_CLI_FAILURE_H
#define IPAM_CLI_FAILURE_H

#include <jansson.h>

/* Those of the instances of `services`, oldest first; a new reference.  What cannot be read is left
 * out. */
json_t *failure_list(const char *project, char *const *services);
void failure_print(const json_t *failure);

#endif
