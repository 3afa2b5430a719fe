/* watcher.h -- Prometheus and Alertmanager of a project: where they are, and what they are asked.
 * Runs in: CLI.  Blocks for some seconds at most.  Owns: nothing; results are new references.
 * Fails: -ENOENT, ERR_MISSING, where none runs or its port is not published; as ops/web.h.
 * Source: Prometheus HTTP API v1, Alertmanager API v2. */
#ifndef IPAM_CLI_WATCHER_H
#define IPAM_CLI_WATCHER_H

#include <jansson.h>

#include "cli/cmd.h"

enum watcher { WATCHER_PROMETHEUS, WATCHER_ALERTMANAGER };

enum { WATCHER_URL = 96 };

/* "http://127.0.0.1:9090" of one that runs in a project whose status is given */
int watcher_find(const json_t *status, enum watcher which, char url[WATCHER_URL], struct err *e);
/* the same for the project a verb is about; *project is malloc'd, NULL if nobody wants it */
int watcher_of(const struct cli *cli, enum watcher which, char url[WATCHER_URL], char **project,
               struct err *e);
/* GET; `query` is from `?` on, encoded, or "" */
int watcher_ask(const char *url, const char *path, const char *query, json_t **out, struct err *e);
/* POST of `body` (stolen) */
int watcher_tell(const char *url, const char *path, json_t *body, json_t **out, struct err *e);

#endif
