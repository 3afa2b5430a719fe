/* init.h -- makes the configuration of a project: its files from the shipped template, .env.prod
 * with generated secrets.  Never overwrites anything.
 * Runs in: CLI.  Fails: ERR_CONFIG, ERR_MISSING (no template). */
#ifndef IPAM_CLI_INIT_H
#define IPAM_CLI_INIT_H

#include "base/err.h"

/* told about every file that was made */
typedef void init_say(void *owner, const char *path, const char *what);

/* `dir` is made from the template when it holds no compose file.  An existing .env.prod is left
 * alone; so is a project without env.template, which may need none. */
int init_project(const char *dir, init_say *say, void *owner, struct err *e);
/* Only .env.prod, for a project that has its compose file, whatever that is called. */
int init_variables(const char *dir, init_say *say, void *owner, struct err *e);

#endif
