/* documents.h -- what --format json prints: one object that begins with schema, mode, project,
 * time. Runs in: CLI. */
#ifndef IPAM_CLI_DOCUMENTS_H
#define IPAM_CLI_DOCUMENTS_H

#include <jansson.h>

/* `members` (stolen) follow on those; always 0 */
int documents_print(const char *project, json_t *members);

#endif
