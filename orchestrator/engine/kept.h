/* kept.h -- how the last backup and the last trial of a project ended, as operations have written
 * it down, for who may ask the supervisor but does not see their files. Runs in: supervisor, which
 * only looks: OPERATIONS/PROJECT/{backup,drill}.json, see ops/backup.h. Owns: nothing.  Fails:
 * never; what cannot be read is not told. */
#ifndef IPAM_ENGINE_KEPT_H
#define IPAM_ENGINE_KEPT_H

#include <jansson.h>

/* {"backup":{"state":..,"time_s":N,"done_s":N,"bytes":N},"drill":{..}}, each only if there was one;
 * why one failed is not for everybody.  `operations` may be NULL.  New reference. */
json_t *kept_describe(const char *operations, const char *project);

#endif
