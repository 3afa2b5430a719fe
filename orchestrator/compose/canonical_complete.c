/* canonical_complete: after the last file, the defaults of single things, and what contradicts
 * itself in one place. */
#include <arpa/inet.h>
#include <string.h>

#include "compose/canonical.h"
#include "compose/schema.h"
#include "compose/trail.h"

struct completer {
    const struct canonical *c;
    struct err *e;
};

static void set_default(const struct completer *x, struct node *map, const char *key,
                        const char *text)
{
    if (map->kind == NODE_MAP && !node_get(map, key))
        node_set_text(x->c->arena, map, key, text);
}

static int port(const struct completer *x, struct node *n, const struct trail *t)
{
    const struct node *address = node_get(n, "host_ip");
    unsigned char buffer[sizeof(struct in6_addr)];

    set_default(x, n, "protocol", "tcp");
    set_default(x, n, "mode", "ingress");
    if (!address || address->kind != NODE_TEXT || inet_pton(AF_INET, address->text, buffer) == 1 ||
        inet_pton(AF_INET6, address->text, buffer) == 1)
        return 0;
    return trail_refuse(&TRAIL_KEY(t, "host_ip"), address->at, x->e, "'%s' is no address",
                        address->text);
}

static int devices(const struct completer *x, struct node *list, const struct trail *t)
{
    for (uint32_t i = 0; i < node_count(list); i++) {
        struct node *n = list->items[i];

        if (n->kind != NODE_MAP)
            continue;
        if (node_get(n, "count") && node_get(n, "device_ids"))
            return trail_refuse(&TRAIL_ITEM(t, i), n->at, x->e,
                                "'count' and 'device_ids' exclude each other");
        if (!node_get(n, "device_ids"))
            set_default(x, n, "count", "all");
    }
    return 0;
}

static int watches(const struct completer *x, const struct node *list, const struct trail *t)
{
    for (uint32_t i = 0; i < node_count(list); i++) {
        const struct node *path = node_get(list->items[i], "path");
        if (path && node_is_scalar(path) && path->text[0] == '\0')
            return trail_refuse(&TRAIL_ITEM(t, i), path->at, x->e, "'path' cannot be blank");
    }
    return 0;
}

static int service(const struct completer *x, struct node *s, const struct trail *t)
{
    const struct node *resources = node_get(node_get(s, "deploy"), "resources");
    struct node *build = node_get(s, "build"), *list = node_get(s, "ports");
    int r = 0;

    if (build)
        set_default(x, build, "context", ".");
    for (uint32_t i = 0; r == 0 && i < node_count(list); i++) {
        const struct trail ports = TRAIL_KEY(t, "ports");
        if (list->kind == NODE_LIST && list->items[i]->kind == NODE_MAP)
            r = port(x, list->items[i], &TRAIL_ITEM(&ports, i));
    }
    list = node_get(s, "secrets");
    for (uint32_t i = 0; i < node_count(list); i++)
        set_default(x, list->items[i], "target",
                    arena_printf(x->c->arena, "/run/secrets/%s",
                                 node_get_text(list->items[i], "source", "")));
    if (r == 0)
        r = devices(x, node_get(s, "gpus"), &TRAIL_KEY(t, "gpus"));
    if (r == 0)
        r = devices(x, node_get(node_get(resources, "reservations"), "devices"),
                    &TRAIL_KEY(t, "deploy.resources.reservations.devices"));
    if (r == 0)
        r = watches(x, node_get(node_get(s, "develop"), "watch"), &TRAIL_KEY(t, "develop.watch"));
    return r;
}

/* an external volume is described elsewhere */
static int volume(const struct completer *x, const struct node *n, const struct trail *t)
{
    if (!node_is_true(node_get(n, "external")))
        return 0;
    for (uint32_t i = 0; i < n->n; i++) {
        const char *key = n->entries[i].key;
        if (strcmp(key, "name") != 0 && strcmp(key, "external") != 0 && !schema_is_extension(key))
            return trail_refuse(t, n->entries[i].key_at, x->e,
                                "'external' and '%s' exclude each other", key);
    }
    return 0;
}

/* a secret or config comes from exactly one place */
static int source(const struct completer *x, const struct node *n, bool content,
                  const struct trail *t)
{
    const char *const names = content ? "file, environment, content" : "file, environment";
    int count = (node_get(n, "file") != NULL) + (node_get(n, "environment") != NULL) +
                (content && node_get(n, "content") != NULL);

    if (count > 1)
        return trail_refuse(t, n->at, x->e, "only one of %s can be given", names);
    if (count == 0 && !node_get(n, "driver") && !node_get(n, "external"))
        return trail_refuse(t, n->at, x->e, "one of %s is needed", names);
    return 0;
}

static int each(const struct completer *x, struct node *root, const char *section,
                int (*fn)(const struct completer *x, const char *section, struct node *n,
                          const struct trail *t))
{
    const struct trail top = TRAIL_KEY(NULL, section);
    struct node *map = node_get(root, section);
    int r = 0;

    for (uint32_t i = 0; r == 0 && map && map->kind == NODE_MAP && i < map->n; i++)
        if (map->entries[i].value->kind == NODE_MAP)
            r = fn(x, section, map->entries[i].value, &TRAIL_KEY(&top, map->entries[i].key));
    return r;
}

static int one(const struct completer *x, const char *section, struct node *n,
               const struct trail *t)
{
    if (strcmp(section, "services") == 0)
        return service(x, n, t);
    if (strcmp(section, "volumes") == 0)
        return volume(x, n, t);
    return source(x, n, strcmp(section, "configs") == 0, t);
}

int canonical_complete(const struct canonical *c, struct node *root, struct err *e)
{
    const struct completer x = { .c = c, .e = e };
    int r = each(&x, root, "services", one);

    if (r == 0)
        r = each(&x, root, "volumes", one);
    if (r == 0)
        r = each(&x, root, "configs", one);
    return r == 0 ? each(&x, root, "secrets", one) : r;
}
