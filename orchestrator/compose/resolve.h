/* resolve.h -- a model as the project the supervisor runs natively.
 * Runs in: CLI.  Owns: the project and everything in it live in the arena given, which the project
 * takes over.
 * Fails: ERR_CONFIG at the place for what contradicts itself or native mode cannot honour;
 * ERR_MISSING, with one install command for everything, when programs are not there. */
#ifndef IPAM_COMPOSE_RESOLVE_H
#define IPAM_COMPOSE_RESOLVE_H

#include "base/auto.h"
#include "compose/load.h"
#include "model/project.h"

int resolve_project(struct loaded *l, struct project **out, struct err *e);
/* x-ipam-orch.certificate of a model; false: there is none.  Texts are those of the model. */
bool resolve_certificate(struct arena *a, const struct node *document, struct certificate *out);

/* What the files of resolving share about one service. */
struct resolve {
    const struct loaded *loaded;
    struct arena *arena;
    const struct node *document, *service, *native, *recipe; /* native, recipe: NULL if none */
    struct project *project;
    struct unit *unit;
    char **missing; /* packages, strv */
};

/* the first of x-native, service, recipe that says it; NULL if none does */
const struct node *resolve_get(const struct resolve *r, const char *key);
int resolve_refuse(const struct node *n, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* a duration member of a map, `fallback` if absent */
int resolve_duration(const struct node *map, const char *key, uint64_t fallback, uint64_t *out,
                     struct err *e);
/* the texts of a list, ended by NULL; NULL is an empty list */
const char *const *resolve_strings(struct arena *a, const struct node *list);

/* before a config's name among the secrets of a project */
#define RESOLVE_CONFIG "config:"

/* Where the script is that a recipe has instead of an image's entry point. */
#define RESOLVE_ENTRYPOINT "/run/ipam-orch/entrypoint"

/* is there such a program on this host, by its path or its name? */
bool resolve_is_program(const char *name);

/* each in the file of its name; the others fill a part of the unit for the first */
int resolve_unit(struct resolve *r, struct err *e);
/* programs and directories of the manager that a recipe of ours asks for */
void resolve_sees(struct resolve *r);
int resolve_files(struct resolve *r, struct err *e);
int resolve_health(struct resolve *r, struct err *e);
int resolve_disks(struct resolve *r, struct err *e);
int resolve_lifecycle(struct resolve *r, struct err *e);
int resolve_limits(struct resolve *r, struct err *e);
/* what listens for a unit is a unit of its own, added to the project */
int resolve_listen(struct resolve *r, struct err *e);
int resolve_logging(struct resolve *r, struct err *e);
/* after resolve_rights */
int resolve_namespaces(struct resolve *r, struct err *e);
/* after the secrets of the project */
int resolve_backup(struct resolve *r, struct err *e);
/* a section that says how much of logs is kept; NULL says nothing */
int resolve_log_keep(struct resolve *r, const struct node *n, struct log_keep *out, struct err *e);
int resolve_network(struct resolve *r, struct err *e);
/* after its networks */
int resolve_ports(struct resolve *r, struct err *e);
/* the networks of a project, for its units to be on */
int resolve_networks(struct project *p, const struct node *document, struct err *e);
int resolve_rights(struct resolve *r, struct err *e);
/* schedules and how long trash is kept: of the project, after all else of it */
int resolve_schedules(struct resolve *r, struct err *e);
/* x-ipam-orch.verify and x-ipam-orch.maintenance, once there are units */
int resolve_verify(const struct loaded *l, struct project *p, const struct node *document,
                   struct err *e);
int resolve_volumes(struct resolve *r, struct err *e);

/* Adds a mount to the unit, instead of one that has the same target. */
struct mount *resolve_mount(struct resolve *r, enum mount_kind kind, const char *source,
                            const char *target);
/* a `type: tmpfs` of the list of volumes */
int resolve_tmpfs(struct resolve *r, const struct node *volume, struct err *e);
/* Adds a volume to the project. */
void resolve_volume(struct project *p, struct volume v);

#endif
