/* recipe.h -- recipes of units/catalog: what an image name means without images.
 * Runs in: CLI.  Owns: trees live in the arena.
 * A recipe is read by the same names as a service (command, user, tmpfs, ...), so that what a file
 * does not say is looked up there.  `entrypoint` is a script of this directory, or a list: what an
 * image has before the words of `command`.  `sees`: "manager", the control socket and programs of
 * ours below /run/ipam-orch, and "logs", those of all projects, at `logs_at`; both read only.
 * `requires` is for `config --check`: of the variables of `one_of` one has to be set, where one of
 * `with` is.  Fails: class ERR_CONFIG for a broken recipe.
 */
#ifndef IPAM_COMPOSE_RECIPE_H
#define IPAM_COMPOSE_RECIPE_H

#include "compose/node.h"

/* *out is NULL when no recipe serves the image.  "docker.io/library/nginx:1.22" is looked up as
 * "nginx". */
int recipe_find(struct arena *a, const char *image, const struct node **out, struct err *e);
/* "1.22" of "nginx:1.22", "" if there is none */
const char *recipe_version(struct arena *a, const char *image);

#endif
