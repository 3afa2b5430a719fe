#include "cli/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/documents.h"

void drawing_link(struct drawing *d, const struct drawing_edge *edge)
{
    d->edges[d->n_edges++] = *edge;
    d->nodes[edge->to].wanted_by++;
}

/* "service_healthy" as "healthy", with what else is said of the edge */
static const char *label(const struct drawing_edge *e, char *out, size_t room)
{
    static const char usual[] = "service_";
    const char *word = e->condition;

    if (strncmp(word, usual, strlen(usual)) == 0)
        word += strlen(usual);
    (void) snprintf(out, room, "%s%s%s",
                    strcmp(word, "completed_successfully") == 0 ? "completed" : word,
                    e->restart ? ", restart" : "", e->required ? "" : ", optional");
    return out;
}

static const char *gap(const struct drawing_node *n)
{
    return n->note[0] != '\0' ? "  " : "";
}

/* ---- tree ---- */

struct branch {
    size_t node, edge; /* which of its edges is next */
};

static size_t next_edge(const struct drawing *d, size_t node, size_t from)
{
    while (from < d->n_edges && d->edges[from].from != node)
        from++;
    return from;
}

/* the lines that lead down to the branches that have more to come */
static void print_lines(const struct drawing *d, const struct branch *stack, size_t depth,
                        FILE *out)
{
    for (size_t i = 0; i + 1 < depth; i++)
        fputs(stack[i].edge < d->n_edges ? "|   " : "    ", out);
    fputs(stack[depth - 1].edge < d->n_edges ? "|-- " : "`-- ", out);
}

static void print_below(struct drawing *d, size_t root, struct branch *stack, FILE *out)
{
    size_t depth = 1;

    stack[0] = (struct branch){ .node = root, .edge = next_edge(d, root, 0) };
    while (depth > 0) {
        struct branch *top = &stack[depth - 1];
        const struct drawing_edge *e = &d->edges[top->edge];
        struct drawing_node *n;
        char text[96];

        if (top->edge >= d->n_edges) {
            depth--;
            continue;
        }
        n = &d->nodes[e->to];
        top->edge = next_edge(d, top->node, top->edge + 1);
        print_lines(d, stack, depth, out);
        fprintf(out, "%s (%s)%s%s", n->name, label(e, text, sizeof text), gap(n), n->note);
        if (n->drawn && next_edge(d, e->to, 0) < d->n_edges)
            fputs("  ...", out); /* what it needs stands above */
        fputc('\n', out);
        if (!n->drawn)
            stack[depth++] = (struct branch){ .node = e->to, .edge = next_edge(d, e->to, 0) };
        n->drawn = true;
    }
}

void drawing_tree(struct drawing *d, FILE *out)
{
    struct branch *stack = calloc(d->n_nodes + 1, sizeof *stack);

    if (!stack)
        abort();
    for (size_t i = 0; i < d->n_nodes; i++) {
        if (d->nodes[i].wanted_by > 0)
            continue;
        fprintf(out, "%s%s%s\n", d->nodes[i].name, gap(&d->nodes[i]), d->nodes[i].note);
        print_below(d, i, stack, out);
    }
    free(stack);
}

/* ---- for other programs; names and notes hold nothing that would have to be escaped ---- */

void drawing_dot(const struct drawing *d, FILE *out)
{
    char text[96];

    fprintf(out, "digraph \"%s\" {\n  rankdir=LR;\n  node [shape=box];\n", d->project);
    for (size_t i = 0; i < d->n_nodes; i++)
        fprintf(out, "  \"%s\" [label=\"%s%s%s\"%s];\n", d->nodes[i].name, d->nodes[i].name,
                d->nodes[i].note[0] ? "\\n" : "", d->nodes[i].note,
                d->nodes[i].trouble ? ", color=red" : "");
    for (size_t i = 0; i < d->n_edges; i++)
        fprintf(out, "  \"%s\" -> \"%s\" [label=\"%s\"%s];\n", d->nodes[d->edges[i].from].name,
                d->nodes[d->edges[i].to].name, label(&d->edges[i], text, sizeof text),
                d->edges[i].required ? "" : ", style=dashed");
    fputs("}\n", out);
}

void drawing_mermaid(const struct drawing *d, FILE *out)
{
    char text[96];

    fputs("flowchart LR\n", out);
    for (size_t i = 0; i < d->n_nodes; i++)
        fprintf(out, "  n%zu[\"%s%s%s\"]\n", i, d->nodes[i].name,
                d->nodes[i].note[0] ? "<br/>" : "", d->nodes[i].note);
    for (size_t i = 0; i < d->n_edges; i++)
        fprintf(out, "  n%zu %s|\"%s\"| n%zu\n", d->edges[i].from,
                d->edges[i].required ? "-->" : "-.->", label(&d->edges[i], text, sizeof text),
                d->edges[i].to);
    for (size_t i = 0; i < d->n_nodes; i++)
        if (d->nodes[i].trouble)
            fprintf(out, "  style n%zu stroke:red\n", i);
}

void drawing_json(const struct drawing *d, FILE *out)
{
    json_t *services = json_array(), *edges = json_array(), *document;

    for (size_t i = 0; i < d->n_nodes; i++) {
        json_t *one = json_pack("{s:s}", "name", d->nodes[i].name);

        if (d->nodes[i].more)
            (void) json_object_update(one, d->nodes[i].more);
        (void) json_array_append_new(services, one);
    }
    for (size_t i = 0; i < d->n_edges; i++)
        (void) json_array_append_new(
            edges,
            json_pack("{s:s,s:s,s:s,s:b,s:b}", "service", d->nodes[d->edges[i].from].name, "needs",
                      d->nodes[d->edges[i].to].name, "condition", d->edges[i].condition, "restart",
                      d->edges[i].restart, "required", d->edges[i].required));
    document = json_pack("{s:i,s:s,s:s,s:o,s:o}", "schema", 1, "mode", "native", "project",
                         d->project, "services", services, "dependencies", edges);
    documents_write(document, out);
    json_decref(document);
}
