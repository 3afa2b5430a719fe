/* needs.h -- what a project cannot do without: variables that its files use without a default, that
 * its secrets are made of and that env.template calls required; what recipes need of the
 * environment of their services; files that variables called NAME_FILE lead to.
 * Runs in: CLI.  Each writes one line for each thing that is missing and returns how many. */
#ifndef IPAM_COMPOSE_NEEDS_H
#define IPAM_COMPOSE_NEEDS_H

#include <stdio.h>

#include "compose/load.h"

/* `raw` is what load_raw gives: the files may need what is missing. */
size_t needs_variables(const struct loaded *raw, FILE *out);
/* Values that are not of the type that env.template gives them. */
size_t needs_types(const struct loaded *l, FILE *out);
size_t needs_services(const struct loaded *l, FILE *out);

#endif
