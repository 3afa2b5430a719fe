/* discover.h -- what the command line and the environment leave open: which files, which directory,
 * which variables, which profiles.
 * Runs in: CLI.  Owns: everything lives in the arena.
 * Fails: class ERR_CONFIG: no compose file, a file that is not there.
 * Source: Docker Compose's documentation of COMPOSE_FILE, COMPOSE_PATH_SEPARATOR, COMPOSE_PROFILES,
 * COMPOSE_ENV_FILES, COMPOSE_DISABLE_ENV_FILE and of file discovery.  Ours: .env.prod goes before
 * .env, and a compose file that is found nowhere is that of the IPAM project. */
#ifndef IPAM_COMPOSE_DISCOVER_H
#define IPAM_COMPOSE_DISCOVER_H

#include "compose/load.h"
#include "compose/variables.h"

struct discovery {
    const char **files; /* absolute, or "-"; ended by NULL */
    size_t n_files;
    const char *dir; /* of the project, absolute */
    char **profiles; /* ended by NULL */
    struct variables *variables;
};

int discover(struct arena *a, const struct load_options *o, struct warnings *w,
             struct discovery *out, struct err *e);

#endif
