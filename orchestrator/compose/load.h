/* load.h -- from files on disk to a model, and from there to a resolved project.
 * Runs in: CLI, with the caller's rights.  Linked into no daemon.
 * Fails: -EINVAL, class ERR_CONFIG, with file:line:column; -ENOENT, ERR_MISSING, for a program or
 * package a recipe needs; ERR_USAGE for an unknown service.  Source: the Compose specification. */
#ifndef IPAM_COMPOSE_LOAD_H
#define IPAM_COMPOSE_LOAD_H

#include <stdbool.h>

#include "base/err.h"
#include "compose/node.h"
#include "compose/variables.h"
#include "model/project.h"

struct load_options {
    char *const *files;     /* -f, NULL = by the rules of discover.h */
    char *const *env_files; /* --env-file, NULL = by the rules */
    char *const *profiles;
    char *const *services;    /* only these and what they depend on; NULL = all */
    const char *project_name; /* -p, NULL = by the rules */
    const char *project_dir;  /* --project-directory, NULL = directory of the first file */
    bool no_interpolate;      /* the document instead of the model: values stay as written */
    bool no_normalize, no_path_resolution, no_consistency;
    bool here_only;      /* not the project that is meant where there is none */
    bool unreadable_env; /* a default env file may be unreadable: only the directory is wanted */
};

/* Everything one load makes; owned by its arena. */
struct loaded {
    struct arena *arena;
    const char *name, *dir; /* of the project; dir is absolute */
    const char **files;     /* of the compose files, ended by NULL */
    struct node *model;
    struct node *disabled; /* services whose profile is not active */
    bool partial;          /* services that nobody asked for are left out */
    struct variables *variables;
    struct warnings warnings;
};

/* `l` is to be cleared also after a failure; until then it owns the file names of `e`. */
int load_model(const struct load_options *o, struct loaded *l, struct err *e);
/* The files as they are written, one over the other: no variable is replaced.  For looking at them.
 */
int load_raw(const struct load_options *o, struct loaded *l, struct err *e);
void loaded_clear(struct loaded *l);
/* File names of the error outlive what was loaded; adds a next step when there is none. */
int load_finish_error(struct err *e, int r);

/* The project the supervisor runs natively, and what is worth saying about it; both live as long as
 * the project. */
int load_project(const struct load_options *o, struct project **out, struct warnings *w,
                 struct err *e);

/* Directory of the compose file these options name or discover; -ENOENT if there is none.
 * *out is malloc'd. */
int load_project_dir(const struct load_options *o, char **out, struct err *e);

/* Where the project lives when no file is found: /srv/ipam, or $IPAM_ORCH_PROJECT_DIR. */
const char *load_default_dir(void);

#endif
