/* graph: which services need which, and how they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/drawing.h"
#include "cli/options.h"
#include "cli/request.h"
#include "compose/load.h"
#include "model/member.h"

enum { OPT_FORM = 256, OPT_PORTS, OPT_NETWORKS };

enum form { FORM_TREE, FORM_DOT, FORM_MERMAID, FORM_JSON };

struct input {
    enum form form;
    bool formed, ports, networks;
    char **services;
};

static const struct argp_option options[] = {
    { "format", OPT_FORM, "FORM", 0, "tree, dot (Graphviz), mermaid or json", 0 },
    { "networks", OPT_NETWORKS, NULL, 0, "names the networks of each service", 0 },
    { "ports", OPT_PORTS, NULL, 0, "names the published ports of each service", 0 },
    { 0 },
};

static int form_of(const char *word)
{
    static const char *const words[] = { "tree", "dot", "mermaid", "json" };

    for (int i = 0; i < (int) ARRAY_LEN(words); i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_FORM:
        if (form_of(arg) < 0)
            argp_error(state, "'%s' is not tree, dot, mermaid or json", arg);
        in->form = (enum form) form_of(arg);
        in->formed = true;
        return 0;
    case OPT_NETWORKS: in->networks = true; return 0;
    case OPT_PORTS: in->ports = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[SERVICE...]",
    .doc = "Draws services with what they depend on below them, on which condition, and the state "
           "of each when the project is up.  With names, only these and what they depend on."
};

/* ---- how they are ---- */

/* the services of the running project, new reference; NULL when it does not run */
static json_t *running(const struct cli *cli, const char *project)
{
    auto_free char *path = options_socket(cli), *name = NULL;
    auto_client client = NULL;
    struct cli named = *cli;
    struct err e = ERR_INIT;
    json_t *status = NULL, *list = NULL;

    named.project_name = project;
    if (client_open(path, &client, &e) == 0 &&
        request_project(&named, client, &name, &status, &e) == 0)
        list = json_incref(json_object_get(status, "services"));
    json_decref(status);
    return list;
}

static void note(struct arena *a, struct drawing_node *n, const char *text)
{
    n->note = n->note[0] ? arena_printf(a, "%s, %s", n->note, text) : arena_strdup(a, text);
}

/* its instances, each with state and health */
static void add_states(struct arena *a, struct drawing_node *n, const json_t *list)
{
    json_t *instances = json_array();

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *state = member_text(one, "state"), *health = member_text(one, "health");

        if (strcmp(member_text(one, "service"), n->name) != 0)
            continue;
        n->trouble |= strcmp(state, "up") != 0 && strcmp(state, "done") != 0;
        note(a, n, strcmp(state, "up") == 0 && strcmp(health, "none") != 0 ? health : state);
        (void) json_array_append_new(instances,
                                     json_pack("{s:s,s:s,s:s}", "name", member_text(one, "name"),
                                               "state", state, "health", health));
    }
    (void) json_object_set_new(n->more, "instances", instances);
}

/* ---- what the files say ---- */

static void add_networks(struct arena *a, struct drawing_node *n, const struct node *service)
{
    const struct node *networks = node_get(service, "networks");
    json_t *names = json_array();

    for (uint32_t i = 0; i < node_count(networks); i++) {
        note(a, n, arena_printf(a, "on %s", networks->entries[i].key));
        (void) json_array_append_new(names, json_string(networks->entries[i].key));
    }
    (void) json_object_set_new(n->more, "networks", names);
}

static void add_ports(struct arena *a, struct drawing_node *n, const struct node *service)
{
    const struct node *ports = node_get(service, "ports");
    json_t *texts = json_array();

    for (uint32_t i = 0; i < node_count(ports); i++) {
        const struct node *p = ports->items[i];
        const char *published = node_get_text(p, "published", "*");
        const char *text = arena_printf(a, "%s->%s/%s", published, node_get_text(p, "target", "?"),
                                        node_get_text(p, "protocol", "tcp"));

        note(a, n, text);
        (void) json_array_append_new(texts, json_string(text));
    }
    (void) json_object_set_new(n->more, "ports", texts);
}

static size_t find(const struct drawing *d, const char *name)
{
    size_t i = 0;

    while (i < d->n_nodes && strcmp(d->nodes[i].name, name) != 0)
        i++;
    return i;
}

static size_t count_edges(const struct node *services)
{
    size_t n = 0;

    for (uint32_t i = 0; i < node_count(services); i++)
        n += node_count(node_get(services->entries[i].value, "depends_on"));
    return n;
}

/* what is needed only if it is there may not be */
static void link_all(struct drawing *d, const struct node *services)
{
    for (uint32_t i = 0; i < node_count(services); i++) {
        const struct node *deps = node_get(services->entries[i].value, "depends_on");

        for (uint32_t k = 0; k < node_count(deps); k++) {
            const struct node *how = deps->entries[k].value;
            const struct node *required = node_get(how, "required");
            struct drawing_edge edge = {
                .from = i,
                .to = find(d, deps->entries[k].key),
                .condition = node_get_text(how, "condition", "service_started"),
                .restart = node_is_true(node_get(how, "restart")),
                .required = !required || node_is_true(required),
            };

            if (edge.to < d->n_nodes)
                drawing_link(d, &edge);
        }
    }
}

static void make(const struct input *in, const struct loaded *l, const json_t *states,
                 struct drawing *d)
{
    const struct node *services = node_get(l->model, "services");

    *d = (struct drawing){ .project = l->name, .n_nodes = node_count(services) };
    d->nodes = arena_array(l->arena, d->n_nodes + 1, sizeof *d->nodes);
    d->edges = arena_array(l->arena, count_edges(services) + 1, sizeof *d->edges);
    for (uint32_t i = 0; i < d->n_nodes; i++) {
        struct drawing_node *n = &d->nodes[i];

        *n = (struct drawing_node){ .name = services->entries[i].key,
                                    .note = "",
                                    .more = json_object() };
        if (states)
            add_states(l->arena, n, states);
        if (in->networks)
            add_networks(l->arena, n, services->entries[i].value);
        if (in->ports)
            add_ports(l->arena, n, services->entries[i].value);
    }
    link_all(d, services);
}

static void draw(enum form form, struct drawing *d)
{
    switch (form) {
    case FORM_TREE: drawing_tree(d, stdout); break;
    case FORM_DOT: drawing_dot(d, stdout); break;
    case FORM_MERMAID: drawing_mermaid(d, stdout); break;
    case FORM_JSON: drawing_json(d, stdout); break;
    }
}

static int graph(const struct cli *cli, const struct input *in, struct err *e)
{
    struct load_options load = options_load(cli);
    struct loaded l = { 0 };
    struct drawing d;
    json_t *states;
    int r;

    load.services = in->services;
    r = load_model(&load, &l, e);
    if (r == 0) {
        states = running(cli, l.name);
        make(in, &l, states, &d);
        draw(in->formed || cli->format != FORMAT_JSON ? in->form : FORM_JSON, &d);
        for (size_t i = 0; i < d.n_nodes; i++)
            json_decref(d.nodes[i].more);
        json_decref(states);
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

int cmd_graph(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = graph(cli, &in, &e);
    strv_free(in.services);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
