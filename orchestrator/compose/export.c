#include "compose/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "compose/trail.h"

/* what native mode runs comes from packages of the host; in a container, from the same ones */
#define BASE_IMAGE "debian:12-slim"

static const char *dockerfile(struct arena *a, const struct node *packages)
{
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    fputs("FROM " BASE_IMAGE "\n", out);
    if (node_count(packages) > 0) {
        fputs("RUN apt-get update && apt-get install -y --no-install-recommends", out);
        for (uint32_t i = 0; i < packages->n; i++)
            fprintf(out, " %s", packages->items[i]->text);
        fputs(" && rm -rf /var/lib/apt/lists/*\n", out);
    }
    (void) fclose(out);
    return arena_strdup(a, text);
}

static void append(struct arena *a, struct node *service, const char *key, const struct node *more)
{
    struct node *list = node_get(service, key);

    if (node_count(more) == 0)
        return;
    if (!list) {
        list = node_new(a, NODE_LIST, more->at);
        node_set(a, service, key, more->at, list);
    }
    for (uint32_t i = 0; i < more->n; i++)
        node_push(a, list, more->items[i]);
}

static void copy_member(struct arena *a, struct node *to, const struct node *from, const char *key)
{
    const struct entry *entry = node_entry(from, key);

    if (entry)
        node_set(a, to, key, entry->key_at, entry->value);
}

static void merge_variables(struct arena *a, struct node *service, const struct node *more)
{
    struct node *own = node_get(service, "environment");

    if (node_count(more) == 0)
        return;
    if (!own) {
        own = node_new(a, NODE_MAP, more->at);
        node_set(a, service, "environment", more->at, own);
    }
    for (uint32_t i = 0; i < more->n; i++)
        copy_member(a, own, more, more->entries[i].key);
}

/* the x-native section says it all */
static int from_native(struct arena *a, const char *name, struct node *service,
                       const struct node *native, struct err *e)
{
    struct node *build;

    if (!node_get(native, "command"))
        return trail_refuse(NULL, service->at, e,
                            "service '%s' has neither image, build nor x-native.command", name);
    build = node_new(a, NODE_MAP, service->at);
    node_set_text(a, build, "dockerfile_inline", dockerfile(a, node_get(native, "packages")));
    node_set(a, service, "build", service->at, build);
    node_set(a, service, "entrypoint", service->at, node_new(a, NODE_LIST, service->at));
    copy_member(a, service, native, "command");
    copy_member(a, service, native, "user");
    copy_member(a, service, native, "working_dir");
    append(a, service, "volumes", node_get(native, "binds"));
    append(a, service, "tmpfs", node_get(native, "tmpfs"));
    merge_variables(a, service, node_get(native, "environment"));
    return 0;
}

/* a number as text: the attribute takes nothing else */
static void user_as_text(struct arena *a, struct node *service)
{
    const struct node *user = node_get(service, "user");

    if (user && user->kind == NODE_INT)
        node_set_text(a, service, "user", user->text);
}

int export_compose(struct arena *a, struct node *model, struct err *e)
{
    struct node *services = node_get(model, "services");
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < node_count(services); i++) {
        struct node *service = services->entries[i].value;

        if (!node_get(service, "image") && !node_get(service, "build") &&
            !node_get(service, "provider"))
            r = from_native(a, services->entries[i].key, service, node_get(service, "x-native"), e);
        user_as_text(a, service);
        node_remove(service, "x-native");
    }
    node_remove(model, "x-ipam-orch");
    return r;
}
