/* load.h -- from files on disk to a resolved project.
 * Runs in: CLI, with the caller's rights.  Linked into no daemon.
 * Fails: -EINVAL, class ERR_CONFIG, with file:line:column; -ENOENT, ERR_MISSING, for a program or
 * package a recipe needs.  Source: the Compose specification. */
#ifndef IPAM_COMPOSE_LOAD_H
#define IPAM_COMPOSE_LOAD_H

#include "base/err.h"
#include "model/project.h"

struct load_options {
    char *const *files; /* -f, NULL = discover compose.yaml upwards from the working directory */
    char *const *env_files; /* --env-file, NULL = .env.prod, else .env, in the project directory */
    char *const *profiles;
    const char *project_name; /* -p, NULL = by the rules */
    const char *project_dir;  /* --project-directory, NULL = directory of the first file */
};

/* The canonical document as `ipam-orch config` prints it. */
enum load_output { LOAD_YAML, LOAD_JSON };
int load_canonical(const struct load_options *o, enum load_output form, char **out, struct err *e);

/* The project the supervisor runs natively. */
int load_project(const struct load_options *o, struct project **out, struct err *e);

/* Directory of the compose file these options name or discover; -ENOENT if there is none.
 * *out is malloc'd. */
int load_project_dir(const struct load_options *o, char **out, struct err *e);

/* Where the project lives when no file is found: /srv/ipam, or $IPAM_ORCH_PROJECT_DIR. */
const char *load_default_dir(void);

#endif
