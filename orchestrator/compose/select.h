/* select.h -- which services of a model are meant: by profile, by name with what they depend on;
 * and the networks, volumes, ... that nobody uses then. Runs in: CLI.  Owns: works in place. Fails:
 * class ERR_USAGE for a name that is no service. */
#ifndef IPAM_COMPOSE_SELECT_H
#define IPAM_COMPOSE_SELECT_H

#include "compose/node.h"

/* Moves services whose profiles are not active to *disabled, a new map.  "*" is every profile. */
void select_profiles(struct arena *a, struct node *model, char *const *profiles,
                     struct node **disabled);
/* Named services become active although their profile is not, and so do services of the same
 * profiles. */
void select_enable(struct arena *a, struct node *model, struct node *disabled,
                   char *const *profiles, char *const *names);
/* Leaves the named services, which may be patterns, and what they depend on; NULL = all. */
int select_services(struct arena *a, struct node *model, char *const *names, struct err *e);
void select_used(struct arena *a, struct node *model);

#endif
