/* documents.h -- what --format json prints: one object that begins with schema, mode, project,
 * time.  Runs in: CLI.  Owns: nothing; each function says whose the JSON is. */
#ifndef IPAM_CLI_DOCUMENTS_H
#define IPAM_CLI_DOCUMENTS_H

#include <jansson.h>
#include <stdio.h>

/* the beginning; the caller adds to it and gives it to documents_end */
json_t *documents_begin(const char *project);
/* printed and freed */
void documents_end(json_t *document);

/* begin, `members` (stolen), end; always 0 */
int documents_print(const char *project, json_t *members);
/* begin, `value` (borrowed) as `key`, end */
void documents_print_one(const char *project, const char *key, const json_t *value);

/* what has no such beginning, in the same form; borrowed */
void documents_write(const json_t *json, FILE *out);

#endif
