#include "compose/canonical.h"

#include <errno.h>
#include <string.h>

#include "compose/short.h"

static int refuse(struct mark at, struct err *e)
{
    err_classify(e, ERR_CONFIG);
    return err_at(e, at);
}

const char *canonical_path(const struct canonical *c, const char *path)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2 + strspn(path + 2, "/");
    if (path[0] == '/')
        return path;
    if (strcmp(path, ".") == 0 || path[0] == '\0')
        return c->dir;
    return arena_printf(c->arena, "%s/%s", c->dir, path);
}

static void make_path(const struct canonical *c, struct node *map, const char *key)
{
    struct node *n = node_get(map, key);

    if (n && n->kind == NODE_SCALAR)
        n->text = canonical_path(c, n->text);
}

static int words(const struct canonical *c, struct node *service, const char *key, struct err *e)
{
    struct node *n = node_get(service, key), *list = NULL;
    int r;

    if (!n || n->kind != NODE_SCALAR)
        return 0;
    r = short_words(c->arena, n, &list, e);
    if (r == 0)
        node_set(c->arena, service, key, n->at, list);
    return r;
}

/* one "KEY=value", "KEY", or entry without a value: the latter two come from outside */
static void set_env(const struct canonical *c, struct node *map, const char *key, const char *value,
                    struct mark at)
{
    if (!value)
        value = variables_get(c->variables, key);
    if (value)
        node_set(c->arena, map, key, at, node_text(c->arena, value, at));
}

static int environment(const struct canonical *c, struct node *service, struct err *e)
{
    struct node *n = node_get(service, "environment"), *map;

    if (!n)
        return 0;
    map = node_new(c->arena, NODE_MAP, n->at);
    for (size_t i = 0; i < n->n; i++) {
        const struct node *item = n->kind == NODE_LIST ? n->items[i] : n->entries[i].value;

        if (item->kind == NODE_LIST || item->kind == NODE_MAP) {
            err_set(e, -EINVAL, "a variable must have a single value");
            return refuse(item->at, e);
        }
        if (n->kind == NODE_MAP) {
            set_env(c, map, n->entries[i].key, item->kind == NODE_NULL ? NULL : item->text,
                    n->entries[i].key_at);
            continue;
        }
        char *key = arena_strdup(c->arena, item->text), *equals = strchr(key, '=');
        if (equals)
            *equals++ = '\0';
        set_env(c, map, key, equals, item->at);
    }
    node_set(c->arena, service, "environment", n->at, map);
    return 0;
}

static void set_default(const struct canonical *c, struct node *map, const char *key,
                        const char *text, bool quoted)
{
    struct node *n;

    if (node_get(map, key))
        return;
    n = node_text(c->arena, text, map->at);
    n->quoted = quoted;
    node_set(c->arena, map, key, map->at, n);
}

/* a list of names as a map of maps; entries without a value become empty maps */
static struct node *named(const struct canonical *c, const struct node *n)
{
    struct node *map = node_new(c->arena, NODE_MAP, n->at);

    for (size_t i = 0; i < n->n; i++) {
        bool list = n->kind == NODE_LIST;
        const char *key = list ? n->items[i]->text : n->entries[i].key;
        struct mark at = list ? n->items[i]->at : n->entries[i].key_at;
        struct node *value = list ? NULL : n->entries[i].value;

        if (!value || value->kind != NODE_MAP)
            value = node_new(c->arena, NODE_MAP, at);
        node_set(c->arena, map, key, at, value);
    }
    return map;
}

static void dependencies(const struct canonical *c, struct node *service)
{
    struct node *n = node_get(service, "depends_on"), *map;

    if (!n)
        return;
    map = named(c, n);
    for (size_t i = 0; i < map->n; i++) {
        set_default(c, map->entries[i].value, "condition", "service_started", true);
        set_default(c, map->entries[i].value, "required", "true", false);
    }
    node_set(c->arena, service, "depends_on", n->at, map);
}

static void attachments(const struct canonical *c, struct node *service)
{
    struct node *n = node_get(service, "networks"), *map;

    if (n) {
        node_set(c->arena, service, "networks", n->at, named(c, n));
        return;
    }
    map = node_new(c->arena, NODE_MAP, service->at);
    node_set(c->arena, map, "default", service->at, node_new(c->arena, NODE_MAP, service->at));
    node_set(c->arena, service, "networks", service->at, map);
}

static int ports(const struct canonical *c, struct node *service, struct err *e)
{
    struct node *n = node_get(service, "ports"), *list;
    int r = 0;

    if (!n)
        return 0;
    list = node_new(c->arena, NODE_LIST, n->at);
    for (size_t i = 0; r == 0 && i < n->n; i++) {
        if (n->items[i]->kind == NODE_SCALAR) {
            r = short_ports(c->arena, n->items[i], list, e);
        } else {
            set_default(c, n->items[i], "protocol", "tcp", true);
            node_push(c->arena, list, n->items[i]);
        }
    }
    node_set(c->arena, service, "ports", n->at, list);
    return r;
}

static int volumes(const struct canonical *c, struct node *service, struct err *e)
{
    struct node *n = node_get(service, "volumes");

    for (size_t i = 0; n && i < n->n; i++) {
        if (n->items[i]->kind == NODE_SCALAR) {
            int r = short_volume(c->arena, n->items[i], &n->items[i], e);
            if (r < 0)
                return r;
        }
        if (strcmp(node_get_text(n->items[i], "type", ""), "bind") == 0)
            make_path(c, n->items[i], "source");
    }
    return 0;
}

static void secret_uses(const struct canonical *c, struct node *service)
{
    struct node *n = node_get(service, "secrets");

    for (size_t i = 0; n && i < n->n; i++) {
        if (n->items[i]->kind == NODE_SCALAR)
            (void) short_secret(c->arena, n->items[i], &n->items[i]);
        set_default(
            c, n->items[i], "target",
            arena_printf(c->arena, "/run/secrets/%s", node_get_text(n->items[i], "source", "")),
            true);
    }
}

static void tmpfs(const struct canonical *c, struct node *service)
{
    struct node *n = node_get(service, "tmpfs"), *list;

    if (!n || n->kind != NODE_SCALAR)
        return;
    list = node_new(c->arena, NODE_LIST, n->at);
    node_push(c->arena, list, n);
    node_set(c->arena, service, "tmpfs", n->at, list);
}

static void health_test(const struct canonical *c, struct node *service)
{
    struct node *check = node_get(service, "healthcheck"), *n = node_get(check, "test"), *list;

    if (!n || n->kind != NODE_SCALAR)
        return;
    list = node_new(c->arena, NODE_LIST, n->at);
    node_push(c->arena, list, node_text(c->arena, "CMD-SHELL", n->at));
    node_push(c->arena, list, n);
    node_set(c->arena, check, "test", n->at, list);
}

static void build(const struct canonical *c, struct node *service)
{
    struct node *n = node_get(service, "build"), *map;

    if (n && n->kind == NODE_SCALAR) {
        map = node_new(c->arena, NODE_MAP, n->at);
        node_set(c->arena, map, "context", n->at, n);
        set_default(c, map, "dockerfile", "Dockerfile", true);
        node_set(c->arena, service, "build", n->at, map);
    }
    make_path(c, node_get(service, "build"), "context");
}

static int native(const struct canonical *c, struct node *service, struct err *e)
{
    struct node *n = node_get(service, "x-native");
    struct node *binds = node_get(n, "binds");

    for (size_t i = 0; binds && i < binds->n; i++) {
        int r = binds->items[i]->kind == NODE_SCALAR
                    ? short_volume(c->arena, binds->items[i], &binds->items[i], e)
                    : 0;
        if (r < 0)
            return r;
        make_path(c, binds->items[i], "source");
    }
    return n ? words(c, n, "command", e) : 0;
}

static int make_service(const struct canonical *c, struct node *service, struct err *e)
{
    int r;

    if ((r = words(c, service, "command", e)) < 0 || (r = words(c, service, "entrypoint", e)) < 0 ||
        (r = environment(c, service, e)) < 0 || (r = ports(c, service, e)) < 0 ||
        (r = volumes(c, service, e)) < 0 || (r = native(c, service, e)) < 0)
        return r;
    dependencies(c, service);
    attachments(c, service);
    secret_uses(c, service);
    tmpfs(c, service);
    health_test(c, service);
    build(c, service);
    return 0;
}

/* networks and volumes get the name they have outside: PROJECT_KEY unless one is given */
static void outer_names(const struct canonical *c, struct node *document, const char *section)
{
    struct node *n = node_get(document, section);

    for (size_t i = 0; n && n->kind == NODE_MAP && i < n->n; i++) {
        struct entry *entry = &n->entries[i];

        if (entry->value->kind != NODE_MAP)
            entry->value = node_new(c->arena, NODE_MAP, entry->key_at);
        set_default(c, entry->value, "name", arena_printf(c->arena, "%s_%s", c->name, entry->key),
                    true);
    }
}

/* the network `default` exists when a service uses it */
static void default_network(const struct canonical *c, struct node *document)
{
    struct node *services = node_get(document, "services"), *n = node_get(document, "networks");
    bool used = false;

    for (size_t i = 0; i < services->n; i++)
        used |= node_get(node_get(services->entries[i].value, "networks"), "default") != NULL;
    if (!used)
        return;
    if (!n || n->kind != NODE_MAP) {
        n = node_new(c->arena, NODE_MAP, document->at);
        node_set(c->arena, document, "networks", document->at, n);
    }
    if (!node_get(n, "default"))
        node_set(c->arena, n, "default", n->at, node_new(c->arena, NODE_MAP, n->at));
}

static void our_paths(const struct canonical *c, struct node *document)
{
    struct node *ours = node_get(document, "x-ipam-orch");
    struct node *secrets = node_get(document, "secrets");

    make_path(c, node_get(ours, "database"), "migrations");
    make_path(c, node_get(ours, "database"), "seeds");
    make_path(c, node_get(ours, "certificate"), "certificate");
    make_path(c, node_get(ours, "certificate"), "key");
    for (size_t i = 0; secrets && i < secrets->n; i++)
        make_path(c, secrets->entries[i].value, "file");
}

int canonical_make(const struct canonical *c, struct node *document, struct err *e)
{
    struct node *services = node_get(document, "services");
    struct mark top = document->at;
    struct node *name = node_text(c->arena, c->name, top);

    if (!services || services->kind != NODE_MAP || services->n == 0) {
        err_set(e, -EINVAL, "no service is defined");
        return refuse(top, e);
    }
    node_set(c->arena, document, "name", top, name);
    for (size_t i = 0; i < services->n; i++) {
        int r;

        if (services->entries[i].value->kind != NODE_MAP) {
            err_set(e, -EINVAL, "service '%s' must be a map", services->entries[i].key);
            return refuse(services->entries[i].key_at, e);
        }
        /* merge keys share what they bring in: each service gets its own copy before it changes */
        services->entries[i].value = node_copy(c->arena, services->entries[i].value);
        r = make_service(c, services->entries[i].value, e);
        if (r < 0)
            return err_wrap(e, "service '%s'", services->entries[i].key);
    }
    default_network(c, document);
    outer_names(c, document, "networks");
    outer_names(c, document, "volumes");
    our_paths(c, document);
    return 0;
}
