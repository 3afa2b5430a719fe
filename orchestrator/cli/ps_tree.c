#include "cli/ps_tree.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "cli/drawing.h"
#include "cli/published.h"
#include "model/member.h"

static size_t find(const struct drawing *d, const char *name)
{
    size_t i = 0;

    while (i < d->n_nodes && strcmp(d->nodes[i].name, name) != 0)
        i++;
    return i;
}

/* "healthy, process 123, *:80->80/tcp" */
static void note(struct arena *a, struct drawing_node *n, const json_t *one)
{
    const char *state = member_text(one, "state"), *health = member_text(one, "health");
    const json_t *ports = json_object_get(one, "ports");
    int pid = (int) json_integer_value(json_object_get(one, "pid"));
    bool well = strcmp(state, "up") == 0 && strcmp(health, "none") != 0;

    n->note = arena_printf(a, "%s%s%s", n->note, n->note[0] ? "; " : "", well ? health : state);
    if (pid > 0)
        n->note = arena_printf(a, "%s, process %d", n->note, pid);
    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_t *p = json_array_get(ports, i);
        int published = (int) json_integer_value(json_object_get(p, "published"));
        char text[PUBLISHED_TEXT];

        if (published > 0)
            n->note = arena_printf(a, "%s, %s->%d/%s", n->note,
                                   published_text(member_text(p, "address"), "*", published, text),
                                   (int) json_integer_value(json_object_get(p, "target")),
                                   member_text(p, "protocol"));
    }
}

static void add_nodes(struct arena *a, struct drawing *d, const json_t *list)
{
    d->nodes = arena_array(a, json_array_size(list) + 1, sizeof *d->nodes);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        size_t at = find(d, member_text(one, "service"));

        if (at == d->n_nodes)
            d->nodes[d->n_nodes++] =
                (struct drawing_node){ .name = member_text(one, "service"), .note = "" };
        note(a, &d->nodes[at], one);
    }
}

static size_t count_needs(const json_t *list)
{
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(list); i++)
        n += json_array_size(json_object_get(json_array_get(list, i), "depends_on"));
    return n;
}

/* the edges stand by node: all of one before those of the next */
static void add_edges(struct arena *a, struct drawing *d, const json_t *list)
{
    size_t last = SIZE_MAX;

    d->edges = arena_array(a, count_needs(list) + 1, sizeof *d->edges);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *needs = json_object_get(one, "depends_on");
        size_t from = find(d, member_text(one, "service"));

        for (size_t k = 0; from != last && k < json_array_size(needs); k++) {
            const json_t *need = json_array_get(needs, k);
            struct drawing_edge edge = {
                .from = from,
                .to = find(d, member_text(need, "service")),
                .condition = member_text(need, "condition"),
                .restart = json_is_true(json_object_get(need, "restart")),
                .required = json_is_true(json_object_get(need, "required")),
            };

            if (edge.to < d->n_nodes)
                drawing_link(d, &edge);
        }
        last = from;
    }
}

void ps_tree_print(const json_t *list, FILE *out)
{
    auto_arena a = arena_new();
    struct drawing d = { .project = "" };

    add_nodes(a, &d, list);
    add_edges(a, &d, list);
    drawing_tree(&d, out);
}
