#include "compose/select.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/suggest.h"

static bool contains(char *const *list, const char *text)
{
    for (; list && *list; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

static bool has_profile(const struct node *service, char *const *active)
{
    const struct node *own = node_get(service, "profiles");

    if (node_count(own) == 0 || contains(active, "*"))
        return true;
    for (uint32_t i = 0; i < own->n; i++)
        if (contains(active, own->items[i]->text))
            return true;
    return false;
}

static bool shares_profile(const struct node *service, const struct node *profiles)
{
    const struct node *own = node_get(service, "profiles");

    for (uint32_t i = 0; i < node_count(own); i++)
        if (strcmp(own->items[i]->text, "*") == 0 || node_get(profiles, own->items[i]->text))
            return true;
    return false;
}

static void add(struct arena *a, struct node *to, const struct entry *entry)
{
    node_set(a, to, entry->key, entry->key_at, entry->value);
}

void select_profiles(struct arena *a, struct node *model, char *const *profiles,
                     struct node **disabled)
{
    const struct node *all = node_get(model, "services");
    struct node *enabled = node_new(a, NODE_MAP, all ? all->at : model->at);

    *disabled = node_new(a, NODE_MAP, enabled->at);
    for (uint32_t i = 0; i < node_count(all); i++)
        add(a, has_profile(all->entries[i].value, profiles) ? enabled : *disabled,
            &all->entries[i]);
    node_set(a, model, "services", enabled->at, enabled);
}

void select_enable(struct arena *a, struct node *model, struct node *disabled,
                   char *const *profiles, char *const *names)
{
    struct node *enabled = node_get(model, "services");
    struct node *active = node_new(a, NODE_MAP, enabled->at);

    for (char *const *p = profiles; p && *p; p++)
        node_set_text(a, active, *p, "");
    for (char *const *name = names; name && *name; name++) {
        const struct node *own = node_get(node_get(disabled, *name), "profiles");
        for (uint32_t i = 0; i < node_count(own); i++)
            node_set_text(a, active, own->items[i]->text, "");
    }
    for (uint32_t i = 0; i < disabled->n;) {
        if (!shares_profile(disabled->entries[i].value, active)) {
            i++;
            continue;
        }
        add(a, enabled, &disabled->entries[i]);
        node_remove(disabled, disabled->entries[i].key);
    }
    node_sort(enabled);
}

static int no_such(const struct node *services, const char *name, struct err *e)
{
    auto_free const char **known = calloc(node_count(services) + 1, sizeof *known);
    const char *near;

    if (!known)
        abort();
    for (uint32_t i = 0; i < node_count(services); i++)
        known[i] = services->entries[i].key;
    near = suggest(name, known);
    err_set(e, -ENOENT, "no such service: %s%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return err_classify(e, ERR_USAGE);
}

/* what is chosen grows behind the reader until nothing new is found */
static int add_dependencies(struct arena *a, const struct node *services, struct node *chosen,
                            struct err *e)
{
    for (uint32_t i = 0; i < chosen->n; i++) {
        const struct node *deps = node_get(chosen->entries[i].value, "depends_on");

        for (uint32_t j = 0; j < node_count(deps); j++) {
            const struct entry *on = node_entry(services, deps->entries[j].key);

            if (!on && node_is_true(node_get(deps->entries[j].value, "required")))
                return no_such(services, deps->entries[j].key, e);
            if (on && !node_get(chosen, on->key))
                add(a, chosen, on);
        }
    }
    return 0;
}

static void drop_other_dependencies(const struct node *chosen)
{
    for (uint32_t i = 0; i < chosen->n; i++) {
        struct node *service = chosen->entries[i].value;
        struct node *deps = node_get(service, "depends_on");

        for (uint32_t j = 0; j < node_count(deps);) {
            if (node_get(chosen, deps->entries[j].key))
                j++;
            else
                node_remove(deps, deps->entries[j].key);
        }
        if (deps && deps->n == 0)
            node_remove(service, "depends_on");
    }
}

int select_services(struct arena *a, struct node *model, char *const *names, struct err *e)
{
    const struct node *services = node_get(model, "services");
    struct node *chosen;

    if (!names || !*names)
        return 0;
    chosen = node_new(a, NODE_MAP, services->at);
    for (; *names; names++) {
        uint32_t before = chosen->n;
        bool found = node_get(chosen, *names) != NULL;

        for (uint32_t i = 0; i < node_count(services); i++)
            if (fnmatch(*names, services->entries[i].key, 0) == 0) {
                add(a, chosen, &services->entries[i]);
                found = true;
            }
        if (!found && chosen->n == before)
            return no_such(services, *names, e);
    }
    if (add_dependencies(a, services, chosen, e) < 0)
        return -ENOENT;
    drop_other_dependencies(chosen);
    node_sort(chosen);
    node_set(a, model, "services", services->at, chosen);
    return 0;
}

/* ---- what is used ---- */

static void note_keys(struct arena *a, struct node *used, const struct node *map)
{
    for (uint32_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++)
        node_set_text(a, used, map->entries[i].key, "");
}

static void note_sources(struct arena *a, struct node *used, const struct node *list,
                         const char *type)
{
    for (uint32_t i = 0; i < node_count(list); i++)
        if (!type || strcmp(node_get_text(list->items[i], "type", ""), type) == 0)
            node_set_text(a, used, node_get_text(list->items[i], "source", ""), "");
}

static void keep_used(struct node *model, const char *section, const struct node *used)
{
    struct node *map = node_get(model, section);
    uint32_t kept = 0;

    if (!map || map->kind != NODE_MAP)
        return;
    for (uint32_t i = 0; i < map->n; i++)
        if (node_get(used, map->entries[i].key))
            map->entries[kept++] = map->entries[i];
    map->n = kept;
    node_sort(map); /* finds keys by their new places */
    if (kept == 0)
        node_remove(model, section);
}

void select_used(struct arena *a, struct node *model)
{
    static const char *const sections[] = { "networks", "volumes", "secrets", "configs", "models" };
    enum { NETWORKS, VOLUMES, SECRETS, CONFIGS, MODELS, SECTIONS };
    const struct node *services = node_get(model, "services");
    const struct node *backup = node_get(node_get(model, "x-ipam-orch"), "backup");
    struct node *used[SECTIONS];

    for (size_t i = 0; i < SECTIONS; i++)
        used[i] = node_new(a, NODE_MAP, model->at);
    for (uint32_t i = 0; i < node_count(services); i++) {
        const struct node *s = services->entries[i].value;

        note_keys(a, used[NETWORKS], node_get(s, "networks"));
        note_keys(a, used[MODELS], node_get(s, "models"));
        note_sources(a, used[VOLUMES], node_get(s, "volumes"), "volume");
        note_sources(a, used[SECRETS], node_get(s, "secrets"), NULL);
        note_sources(a, used[SECRETS], node_get(node_get(s, "build"), "secrets"), NULL);
        note_sources(a, used[CONFIGS], node_get(s, "configs"), NULL);
    }
    if (node_get(backup, "encrypt"))
        node_set_text(a, used[SECRETS], node_get_text(backup, "encrypt", ""), "");
    for (size_t i = 0; i < SECTIONS; i++)
        keep_used(model, sections[i], used[i]);
}
