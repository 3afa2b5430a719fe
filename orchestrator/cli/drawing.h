/* drawing.h -- services and what they depend on, drawn: as a tree of text, for Graphviz, for
 * Mermaid, as JSON.
 * Runs in: CLI.  Owns: nothing; texts and arrays are the caller's.
 * A tree shows a service below each that depends on it, and what it depends on itself below the
 * first of them only.
 * Source: the DOT language of Graphviz, flowcharts of Mermaid. */
#ifndef IPAM_CLI_DRAWING_H
#define IPAM_CLI_DRAWING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct drawing_node {
    const char *name;
    const char *note; /* behind the name: state, networks, ports; "" if there is nothing to say */
    bool trouble;     /* it runs, but not as it should */
    json_t *more;     /* members of its JSON object, or NULL */
    size_t wanted_by; /* filled by drawing_link */
    bool drawn;
};

struct drawing_edge {
    size_t from, to; /* indexes of nodes; `from` needs `to` */
    const char *condition;
    bool restart, required;
};

struct drawing {
    const char *project;
    struct drawing_node *nodes;
    size_t n_nodes;
    struct drawing_edge *edges; /* by `from` */
    size_t n_edges;
};

/* Appends the edge; room is the caller's. */
void drawing_link(struct drawing *d, const struct drawing_edge *edge);

void drawing_tree(struct drawing *d, FILE *out);
void drawing_dot(const struct drawing *d, FILE *out);
void drawing_mermaid(const struct drawing *d, FILE *out);
void drawing_json(const struct drawing *d, FILE *out);

#endif
