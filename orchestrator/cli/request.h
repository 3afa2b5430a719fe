/* request.h -- verbs that change something: send it, follow it, tell how it ended.
 * Runs in: CLI. */
#ifndef IPAM_CLI_REQUEST_H
#define IPAM_CLI_REQUEST_H

#include <jansson.h>

#include "cli/cmd.h"
#include "control/client.h"
#include "model/project.h"

/* Sends `message` (stolen) and shows progress until the operation is over.  *ending tells that the
 * manager ends with it.  On failure *service is the service it is about ("" if none). */
int request_run(const struct cli *cli, struct client *c, json_t *message, bool *ending,
                char service[128], struct err *e);

/* The same; *failure (new reference, NULL: it did not come so far) is the error of the manager with
 * all it says, see control/proto.h. */
int request_run_told(const struct cli *cli, struct client *c, json_t *message, bool *ending,
                     json_t **failure, struct err *e);

/* The project a verb other than `up` is about: -p, else the running one of the project directory.
 * *out is malloc'd; its status (new reference) goes to *status if not NULL. */
int request_project(const struct cli *cli, struct client *c, char **out, json_t **status,
                    struct err *e);

/* The same with a connection of its own; on failure both are to be freed all the same.  The manager
 * that answered first may have been about to end: then once more. */
int request_attach(const struct cli *cli, struct client **c, char **project, json_t **status,
                   struct err *e);

/* What most verbs begin with: a connection, the project they are about, and no service named that
 * it does not have.  On failure *status is NULL; the others are to be freed all the same. */
int request_open(const struct cli *cli, char *const *services, struct client **c, char **project,
                 json_t **status, struct err *e);

/* Asks the broker about running services, none named: all (see control/proto.h).  `more` (stolen,
 * may be NULL) is added to the request; *instances is a new reference. */
int request_ask(struct client *c, const char *project, const char *op, char *const *services,
                json_t *more, json_t **instances, struct err *e);
/* The same as a whole verb. */
int request_inquiry(const struct cli *cli, const char *op, char *const *services, json_t *more,
                    json_t **instances, struct err *e);

/* Refuses names the project does not have, with the nearest one that it has (ERR_USAGE). */
int request_check_services(const json_t *project_status, char *const *services, struct err *e);

/* the same for a project that was read from its files */
int request_check_units(const struct project *p, char *const *services, struct err *e);

/* The name of the project, which need not run: -p, else from the manager or the compose file;
 * malloc'd. */
int request_name(const struct cli *cli, char **project, struct err *e);
/* Name and services of the project, from the manager if it runs, else from the compose file; both
 * malloc'd, the list as in strv.h. */
int request_services(const struct cli *cli, char **project, char ***services, struct err *e);
/* The same for a verb that was told `names` (NULL = all), which have to be among them. */
int request_services_named(const struct cli *cli, char *const *names, char **project,
                           char ***services, struct err *e);

#endif
