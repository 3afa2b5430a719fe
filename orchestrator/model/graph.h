/* graph.h -- dependency order of the units of a project.  Pure.
 * Runs in: supervisor, CLI.  Fails: -ELOOP with the cycle written as a path. */
#ifndef IPAM_MODEL_GRAPH_H
#define IPAM_MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/project.h"

/* Fills `order` (n_units indexes, room given by the caller) so that every unit comes after what it
 * depends on; units without a relation keep the order of the file. */
int graph_order(const struct project *p, size_t *order, struct err *e);

/* Marks in `in` (n_units flags) everything the already marked units depend on. */
void graph_add_dependencies(const struct project *p, bool *in);
/* Marks what is to be restarted with the marked ones: depends_on with `restart: true`. */
void graph_add_restarted(const struct project *p, bool *in);

#endif
