#include "cli/config_lists.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/documents.h"
#include "compose/explain.h"
#include "compose/model_digest.h"

/* ---- names ---- */

static void print_keys(const struct node *map)
{
    for (uint32_t i = 0; i < node_count(map); i++)
        puts(map->entries[i].key);
}

#define PRINT_SECTION(section_)                                                                    \
    static int print_##section_(const struct loaded *l, const char *argument, bool json,           \
                                struct err *e)                                                     \
    {                                                                                              \
        (void) argument, (void) json, (void) e;                                                    \
        print_keys(node_get(l->model, #section_));                                                 \
        return 0;                                                                                  \
    }
PRINT_SECTION(services)
PRINT_SECTION(volumes)
PRINT_SECTION(networks)
PRINT_SECTION(models)

/* PROJECT-SERVICE is what an image that is built without a name is called */
static int print_images(const struct loaded *l, const char *argument, bool json, struct err *e)
{
    const struct node *services = node_get(l->model, "services");

    (void) argument, (void) json, (void) e;
    for (uint32_t i = 0; i < node_count(services); i++) {
        const char *image = node_get_text(services->entries[i].value, "image", NULL);

        if (image)
            puts(image);
        else
            printf("%s-%s\n", l->name, services->entries[i].key);
    }
    return 0;
}

static void note_profiles(struct arena *a, struct node *all, const struct node *services)
{
    for (uint32_t i = 0; i < node_count(services); i++) {
        const struct node *own = node_get(services->entries[i].value, "profiles");
        for (uint32_t j = 0; j < node_count(own); j++)
            node_set_text(a, all, own->items[j]->text, "");
    }
}

static int print_profiles(const struct loaded *l, const char *argument, bool json, struct err *e)
{
    struct node *all = node_new(l->arena, NODE_MAP, l->model->at);

    (void) argument, (void) json, (void) e;
    note_profiles(l->arena, all, node_get(l->model, "services"));
    note_profiles(l->arena, all, l->disabled);
    node_sort(all);
    print_keys(all);
    return 0;
}

/* ---- variables ---- */

struct uses {
    struct arena *arena;
    struct node *all; /* name: {required, default, alternate} */
};

static void note_use(void *self, const struct template_use *use)
{
    struct uses *u = self;
    struct node *n = node_get(u->all, use->name);

    if (!n) {
        n = node_new(u->arena, NODE_MAP, u->all->at);
        node_set_text(u->arena, n, "default", "");
        node_set_text(u->arena, n, "alternate", "");
        node_set(u->arena, n, "required", n->at, node_bool(u->arena, false, n->at));
        node_set(u->arena, u->all, use->name, u->all->at, n);
    }
    if (use->fallback[0])
        node_set_text(u->arena, n, "default", use->fallback);
    if (use->alternative[0])
        node_set_text(u->arena, n, "alternate", use->alternative);
    if (use->required)
        node_set(u->arena, n, "required", n->at, node_bool(u->arena, true, n->at));
}

static void note_uses(struct uses *u, const struct node *n)
{
    if (n->kind == NODE_TEXT)
        template_uses(u->arena, n->text, note_use, u);
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        note_uses(u, n->items[i]);
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
        note_uses(u, n->entries[i].value);
}

static void print_uses_json(const struct node *all)
{
    json_t *json = json_object();

    for (uint32_t i = 0; i < node_count(all); i++) {
        const struct node *n = all->entries[i].value;
        (void) json_object_set_new(json, all->entries[i].key,
                                   json_pack("{s:s,s:s,s:s,s:b}", "Name", all->entries[i].key,
                                             "DefaultValue", node_get_text(n, "default", ""),
                                             "PresenceValue", node_get_text(n, "alternate", ""),
                                             "Required",
                                             (int) node_is_true(node_get(n, "required"))));
    }
    documents_write(json, stdout);
    json_decref(json);
}

static int print_variables(const struct loaded *l, const char *argument, bool json, struct err *e)
{
    struct uses u = { .arena = l->arena, .all = node_new(l->arena, NODE_MAP, l->model->at) };

    (void) argument, (void) e;
    note_uses(&u, l->model);
    node_sort(u.all);
    if (json) {
        print_uses_json(u.all);
        return 0;
    }
    printf("%-28s %-9s %-24s %s\n", "NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE");
    for (uint32_t i = 0; i < node_count(u.all); i++) {
        const struct node *n = u.all->entries[i].value;
        printf("%-28s %-9s %-24s %s\n", u.all->entries[i].key,
               node_is_true(node_get(n, "required")) ? "true" : "false",
               node_get_text(n, "default", ""), node_get_text(n, "alternate", ""));
    }
    return 0;
}

static int print_environment(const struct loaded *l, const char *argument, bool json, struct err *e)
{
    const struct node *all = variables_all(l->variables);

    (void) argument, (void) json, (void) e;
    for (uint32_t i = 0; i < node_count(all); i++)
        printf("%s=%s\n", all->entries[i].key, all->entries[i].value->text);
    return 0;
}

/* ---- the others ---- */

static int print_hash_of(const struct loaded *l, const struct entry *service, struct err *e)
{
    char digest[MODEL_DIGEST_TEXT];
    int r = model_digest(l->arena, service->value, digest, e);

    if (r == 0)
        printf("%s %s\n", service->key, digest);
    return r;
}

static int print_hash(const struct loaded *l, const char *argument, bool json, struct err *e)
{
    const struct node *services = node_get(l->model, "services");
    char *names = arena_strdup(l->arena, argument);
    int r = 0;

    (void) json;
    if (strcmp(argument, "*") == 0) {
        for (uint32_t i = 0; r == 0 && i < node_count(services); i++)
            r = print_hash_of(l, &services->entries[i], e);
        return r;
    }
    for (char *name; r == 0 && (name = strsep(&names, ","));) {
        const struct entry *service = node_entry(services, name);
        if (!service) {
            err_set(e, -ENOENT, "no such service: %s", name);
            return err_classify(e, ERR_USAGE);
        }
        r = print_hash_of(l, service, e);
    }
    return r;
}

static int print_explanation(const struct loaded *l, const char *argument, bool json, struct err *e)
{
    (void) json;
    return argument ? explain_attribute(argument, stdout, e) : explain_model(l->model, stdout);
}

const struct config_list config_lists[CONFIG_LIST_COUNT] = {
    [CONFIG_SERVICES] = { .print = print_services },
    [CONFIG_VOLUMES] = { .print = print_volumes },
    [CONFIG_NETWORKS] = { .print = print_networks },
    [CONFIG_MODELS] = { .print = print_models },
    [CONFIG_IMAGES] = { .print = print_images },
    [CONFIG_PROFILES] = { .print = print_profiles },
    [CONFIG_VARIABLES] = { .raw = true, .print = print_variables },
    [CONFIG_ENVIRONMENT] = { .print = print_environment },
    [CONFIG_HASH] = { .print = print_hash },
    [CONFIG_EXPLAIN] = { .print = print_explanation },
    [CONFIG_CHECK] = { 0 }, /* needs the files twice, see cmd_config.c */
};
