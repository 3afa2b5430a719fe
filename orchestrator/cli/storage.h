/* storage.h -- what of a project is on disk: its volumes, those in the trash, how large they are.
 * Runs in: CLI.  Owns: nothing. */
#ifndef IPAM_CLI_STORAGE_H
#define IPAM_CLI_STORAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/client.h"

/* Asks the manager for `what` of `storage` in control/proto.h, or for "leftovers"; `fields` is
 * stolen, *answer a new reference. */
int storage_ask(struct client *c, const char *what, json_t *fields, json_t **answer, struct err *e);
/* A volume of that name belongs to the project: it begins with its name, or is one of `names`
 * (borrowed list of texts, may be NULL). */
bool storage_is_of(const char *project, const json_t *names, const char *volume);
/* Bytes on disk below `name` in the directory `dir`, which are not followed out of it; -EACCES when
 * somebody else has to look. */
int storage_bytes(int dir, const char *name, uint64_t *out);
/* Removes `name` in `dir` with everything below it, links as links. */
int storage_remove(int dir, const char *name);

#endif
