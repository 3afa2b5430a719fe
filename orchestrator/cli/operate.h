/* operate.h -- a verb that is a procedure of ops/: its project, the manager, its lock, and what it
 * says on the way.
 * Runs in: CLI.  Owns: all of it, until operate_end. */
#ifndef IPAM_CLI_OPERATE_H
#define IPAM_CLI_OPERATE_H

#include "cli/cmd.h"
#include "ops/procedure.h"

struct operate {
    const struct cli *cli;
    char *project;
    struct procedure_config config;
    struct procedure procedure;
};

#define OPERATE_NONE ((struct operate){ .procedure = { .dir = -1, .lock = -1 } })

/* The project is the one of request_project (cli/request.h), which has to run.  What is said goes
 * to stderr, unless --quiet. */
int operate_begin(const struct cli *cli, const char *verb, const char *message, struct operate *o,
                  struct err *e);
/* The same for a project that need not run. */
int operate_begin_named(const struct cli *cli, const char *project, const char *verb,
                        const char *message, struct operate *o, struct err *e);
/* To look at it only: no lock, no work directory, nothing of an earlier one is undone.  `project`
 * NULL: that of request_project. */
int operate_look(const struct cli *cli, const char *project, struct operate *o, struct err *e);
void operate_end(struct operate *o, int result);

#endif
