#include "compose/normalise.h"

#include <string.h>

#include "compose/pathname.h"

struct normaliser {
    struct arena *arena;
    const struct variables *variables;
};

/* ---- networks ---- */

/* true when the service ends up in the default network */
static bool default_network(const struct normaliser *x, struct node *service)
{
    struct node *networks = node_get(service, "networks");

    if (node_get(service, "provider") || node_get(service, "network_mode"))
        return false;
    if (node_count(networks) > 0)
        return node_get(networks, "default") != NULL;
    networks = node_new(x->arena, NODE_MAP, service->at);
    node_set(x->arena, networks, "default", service->at,
             node_new(x->arena, NODE_NULL, service->at));
    node_set(x->arena, service, "networks", service->at, networks);
    return true;
}

static void networks(const struct normaliser *x, struct node *root)
{
    struct node *services = node_get(root, "services"), *networks = node_get(root, "networks");
    bool used = false;

    for (uint32_t i = 0; i < node_count(services); i++)
        used |= default_network(x, services->entries[i].value);
    if (!used)
        return;
    if (!networks) {
        networks = node_new(x->arena, NODE_MAP, root->at);
        node_set(x->arena, root, "networks", root->at, networks);
    }
    if (!node_get(networks, "default"))
        node_set(x->arena, networks, "default", networks->at,
                 node_new(x->arena, NODE_NULL, networks->at));
}

/* ---- variables that are only named ---- */

static void map_variables(const struct normaliser *x, struct node *map, bool keep_unset)
{
    for (uint32_t i = 0; i < map->n;) {
        struct entry *entry = &map->entries[i];
        const char *value =
            entry->value->kind == NODE_NULL ? variables_get(x->variables, entry->key) : NULL;

        if (value)
            entry->value = node_text(x->arena, value, entry->key_at);
        if (entry->value->kind == NODE_NULL && !keep_unset)
            node_remove(map, entry->key);
        else
            i++;
    }
}

static void list_variables(const struct normaliser *x, struct node *list, bool keep_unset)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < list->n; i++) {
        struct node *item = list->items[i];
        const char *value;

        if (!strchr(item->text, '=')) {
            value = variables_get(x->variables, item->text);
            if (!value && !keep_unset)
                continue;
            if (value)
                item = node_text(x->arena, arena_printf(x->arena, "%s=%s", item->text, value),
                                 item->at);
        }
        list->items[kept++] = item;
    }
    list->n = kept;
}

static void named_variables(const struct normaliser *x, struct node *n, bool keep_unset)
{
    if (n && n->kind == NODE_MAP)
        map_variables(x, n, keep_unset);
    if (n && n->kind == NODE_LIST)
        list_variables(x, n, keep_unset);
}

/* ---- dependencies ---- */

static void depend(const struct normaliser *x, struct node **map, const char *on, bool restart,
                   struct mark at)
{
    struct node *details;

    if (!*map)
        *map = node_new(x->arena, NODE_MAP, at);
    if (node_get(*map, on))
        return;
    details = node_new(x->arena, NODE_MAP, at);
    node_set_text(x->arena, details, "condition", "service_started");
    node_set(x->arena, details, "restart", at, node_bool(x->arena, restart, at));
    node_set(x->arena, details, "required", at, node_bool(x->arena, true, at));
    node_set(x->arena, *map, on, at, details);
}

static void implied_dependencies(const struct normaliser *x, struct node *service)
{
    static const char *const shared[] = { "network_mode", "ipc", "pid", "uts", "cgroup" };
    struct node *map = node_get(service, "depends_on"), *before = map;
    const struct node *list = node_get(service, "links");

    for (uint32_t i = 0; i < node_count(list); i++) {
        const char *link = list->items[i]->text, *colon = strchr(link, ':');
        bool aliased = colon && !strchr(colon + 1, ':');
        depend(x, &map, aliased ? arena_strndup(x->arena, link, (size_t) (colon - link)) : link,
               true, list->items[i]->at);
    }
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        const struct node *n = node_get(service, shared[i]);
        if (n && n->kind == NODE_TEXT && strncmp(n->text, "service:", 8) == 0)
            depend(x, &map, n->text + 8, true, n->at);
    }
    list = node_get(service, "volumes_from");
    for (uint32_t i = 0; i < node_count(list); i++) {
        const char *text = list->items[i]->text;
        if (strncmp(text, "container:", 10) != 0)
            depend(x, &map, arena_strndup(x->arena, text, strcspn(text, ":")), false,
                   list->items[i]->at);
    }
    if (map && map != before)
        node_set(x->arena, service, "depends_on", service->at, map);
}

/* ---- services ---- */

static void build(const struct normaliser *x, struct node *n)
{
    if (!n || n->kind != NODE_MAP)
        return;
    if (!node_get(n, "context"))
        node_set_text(x->arena, n, "context", ".");
    if (!node_get(n, "dockerfile") && !node_get(n, "dockerfile_inline"))
        node_set_text(x->arena, n, "dockerfile", "Dockerfile");
    named_variables(x, node_get(n, "args"), false);
}

static void service(const struct normaliser *x, struct node *n)
{
    struct node *volumes = node_get(n, "volumes");

    if (strcmp(node_get_text(n, "pull_policy", ""), "if_not_present") == 0)
        node_set_text(x->arena, n, "pull_policy", "missing");
    build(x, node_get(n, "build"));
    named_variables(x, node_get(n, "environment"), true);
    implied_dependencies(x, n);
    for (uint32_t i = 0; i < node_count(volumes); i++) {
        struct node *target = node_get(volumes->items[i], "target");
        if (target && target->kind == NODE_TEXT)
            target->text = pathname_clean(x->arena, target->text);
    }
}

/* PROJECT_KEY, unless it exists outside or has a name of its own */
static void names(const struct normaliser *x, const char *project, struct node *section)
{
    for (uint32_t i = 0; i < node_count(section); i++) {
        struct entry *entry = &section->entries[i];
        const struct node *name;

        if (entry->value->kind != NODE_MAP)
            entry->value = node_new(x->arena, NODE_MAP, entry->key_at);
        name = node_get(entry->value, "name");
        if (name && name->kind != NODE_NULL)
            continue;
        node_set_text(x->arena, entry->value, "name",
                      node_is_true(node_get(entry->value, "external"))
                          ? entry->key
                          : arena_printf(x->arena, "%s_%s", project, entry->key));
    }
}

void normalise_document(struct arena *a, const char *project, const struct variables *v,
                        struct node *root)
{
    const struct normaliser x = { .arena = a, .variables = v };
    struct node *services = node_get(root, "services");

    networks(&x, root);
    for (uint32_t i = 0; i < node_count(services); i++)
        service(&x, services->entries[i].value);
    names(&x, project, node_get(root, "networks"));
    names(&x, project, node_get(root, "volumes"));
    names(&x, project, node_get(root, "configs"));
    names(&x, project, node_get(root, "secrets"));
}
