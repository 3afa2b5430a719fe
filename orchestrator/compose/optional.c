#include "compose/optional.h"

#include <string.h>

#include "compose/recipe.h"
#include "compose/resolve.h"
#include "compose/select.h"

/* the first program of the service that this host does not have, NULL if it has them all */
static const char *missing_program(const struct node *service, const struct node *recipe)
{
    const struct node *list = node_get(node_get(service, "x-native"), "programs");

    if (!list)
        list = node_get(recipe, "programs");
    for (size_t i = 0; i < node_count(list); i++)
        if (!resolve_is_program(list->items[i]->text))
            return list->items[i]->text;
    return NULL;
}

static void leave_out(struct loaded *l, const char *name)
{
    struct node *services = node_get(l->model, "services");
    const struct entry *entry = node_entry(services, name);

    node_set(l->arena, l->disabled, entry->key, entry->key_at, entry->value);
    node_remove(services, name);
    for (size_t i = 0; i < node_count(services); i++) {
        struct node *service = services->entries[i].value;
        struct node *deps = node_get(service, "depends_on");

        if (!node_get(deps, name))
            continue;
        node_remove(deps, name);
        if (node_count(deps) == 0)
            node_remove(service, "depends_on");
    }
}

static int find_absent(struct loaded *l, const char **absent, struct err *e)
{
    const struct node *services = node_get(l->model, "services");
    size_t n = 0;

    for (size_t i = 0; i < node_count(services);) {
        const struct entry *entry = &services->entries[i];
        const struct node *recipe = NULL, *native = node_get(entry->value, "x-native");
        const char *program = NULL, *image = node_get_text(entry->value, "image", ""), *name;
        int r = 0;

        if (node_is_true(node_get(native, "optional"))) {
            r = image[0] ? recipe_find(l->arena, image, &recipe, e) : 0;
            program = missing_program(entry->value, recipe);
        }
        if (r < 0)
            return r;
        i += program == NULL;
        if (!program)
            continue;
        name = arena_strdup(l->arena, entry->key);
        absent[n++] = arena_printf(l->arena, "%s: %s is not on this host", name, program);
        warnings_add(&l->warnings, entry->key_at,
                     "service '%s' is left out: %s is not on this host", name, program);
        leave_out(l, name);
    }
    return 0;
}

/* people look for it where the other one would be */
static void take_ports(struct loaded *l, struct node *service, const struct node *other)
{
    struct node *ports = node_get(other, "ports");

    if (ports && !node_get(service, "ports"))
        node_set(l->arena, service, "ports", ports->at, ports);
}

static void drop_stand_ins(struct loaded *l)
{
    const struct node *services = node_get(l->model, "services");

    for (size_t i = 0; i < node_count(services);) {
        const struct entry *entry = &services->entries[i];
        const char *other = node_get_text(node_get(entry->value, "x-native"), "instead_of", "");

        if (node_get(services, other)) {
            leave_out(l, arena_strdup(l->arena, entry->key));
            continue;
        }
        take_ports(l, entry->value, node_get(l->disabled, other));
        i++;
    }
}

int optional_prune(struct loaded *l, const char *const **absent, struct err *e)
{
    size_t room = node_count(node_get(l->model, "services")) + 1;
    const char **out = arena_array(l->arena, room, sizeof *out);
    int r = find_absent(l, out, e);

    if (r < 0)
        return r;
    *absent = out;
    drop_stand_ins(l);
    select_used(l->arena, l->model);
    return 0;
}
