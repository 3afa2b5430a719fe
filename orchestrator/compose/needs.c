#include "compose/needs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "base/password.h"
#include "compose/pathname.h"
#include "compose/recipe.h"
#include "compose/template.h"
#include "model/settings.h"

enum { WHY_ROOM = 256 };

/* which variables are needed, and by whom: a map of maps */
struct needs {
    const struct loaded *loaded;
    struct arena *arena;
    struct node *variables;
    const char *who; /* is being looked at */
};

static void need(struct needs *n, const char *variable, const char *who)
{
    struct node *by = node_get(n->variables, variable);

    if (!by) {
        by = node_new(n->arena, NODE_MAP, (struct mark){ 0 });
        node_set(n->arena, n->variables, variable, (struct mark){ 0 }, by);
    }
    node_set_text(n->arena, by, who, "");
}

static void found_use(void *self, const struct template_use *use)
{
    struct needs *n = self;

    if (use->required)
        need(n, use->name, n->who);
}

static void look(struct needs *n, const struct node *node)
{
    if (node_is_scalar(node))
        template_uses(n->arena, node->text, found_use, n);
    for (uint32_t i = 0; node->kind == NODE_LIST && i < node->n; i++)
        look(n, node->items[i]);
    for (uint32_t i = 0; node->kind == NODE_MAP && i < node->n; i++)
        look(n, node->entries[i].value);
}

/* of both forms: a name, or a map with its source */
static const char *source_of(const struct node *item)
{
    return node_is_scalar(item) ? item->text : node_get_text(item, "source", "");
}

static void look_at_secrets(struct needs *n, const struct node *service)
{
    const struct node *list = node_get(service, "secrets");
    const struct node *all = node_get(n->loaded->model, "secrets");

    for (uint32_t i = 0; list && list->kind == NODE_LIST && i < list->n; i++) {
        const struct node *secret = node_get(all, source_of(list->items[i]));
        const char *variable = node_get_text(secret, "environment", NULL);

        if (variable)
            need(n, variable, n->who);
        if (secret)
            look(n, secret);
    }
}

static void collect(struct needs *n)
{
    const struct node *services = node_get(n->loaded->model, "services");
    const struct node *model = n->loaded->model;

    for (uint32_t i = 0; i < node_count(services); i++) {
        n->who = services->entries[i].key;
        look(n, services->entries[i].value);
        look_at_secrets(n, services->entries[i].value);
    }
    n->who = "the project";
    for (uint32_t i = 0; i < node_count(model); i++) {
        const char *key = model->entries[i].key;

        if (strcmp(key, "services") != 0 && strcmp(key, "secrets") != 0)
            look(n, model->entries[i].value);
    }
}

/* "a", "a and b", "a, b and c"; "the project" only where nobody else is */
static const char *names(struct needs *n, struct node *by)
{
    const char *text = "";
    uint32_t last;

    if (by->n > 1)
        node_remove(by, "the project");
    last = by->n - 1;
    for (uint32_t i = 0; i < by->n; i++)
        text = arena_printf(n->arena, "%s%s%s", text,
                            i == 0      ? ""
                            : i == last ? " and "
                                        : ", ",
                            by->entries[i].key);
    return text;
}

static const char *env_path(const struct loaded *l)
{
    return l->variables->env_file ? l->variables->env_file
                                  : pathname_join(l->arena, l->dir, ".env.prod");
}

static bool read_template(const struct loaded *l, struct settings *out)
{
    auto_free char *text = NULL;

    if (fsio_read(AT_FDCWD, pathname_join(l->arena, l->dir, "env.template"), LIMIT_ENV_FILE, &text,
                  NULL) < 0)
        return false;
    settings_parse(text, out);
    return true;
}

/* Secrets that the template describes as optional may be empty. */
static bool is_optional(const struct settings *template, const char *variable)
{
    const struct setting *item = settings_find(template, variable);

    return item && item->described && !item->required;
}

static void need_template(struct needs *n, const struct settings *template)
{
    for (size_t i = 0; i < template->n; i++)
        if (template->items[i].required && !node_get(n->variables, template->items[i].name))
            need(n, template->items[i].name, "env.template");
}

size_t needs_variables(const struct loaded *raw, FILE *out)
{
    struct needs n = { .loaded = raw,
                       .arena = raw->arena,
                       .variables = node_new(raw->arena, NODE_MAP, (struct mark){ 0 }) };
    struct settings template = { 0 };
    size_t missing = 0;

    collect(&n);
    if (read_template(raw, &template))
        need_template(&n, &template);
    for (uint32_t i = 0; i < node_count(n.variables); i++) {
        const char *variable = n.variables->entries[i].key;
        const char *value = variables_get(raw->variables, variable);
        const struct entry *line = variables_in_file(raw->variables, variable);

        if ((value && value[0]) || is_optional(&template, variable))
            continue;
        missing++;
        if (value && line)
            fprintf(out, "%s:%u: %s is empty, and required by %s\n", line->key_at.file,
                    line->key_at.line, variable, names(&n, n.variables->entries[i].value));
        else
            fprintf(out, "%s: %s is required by %s\n", env_path(raw), variable,
                    names(&n, n.variables->entries[i].value));
    }
    settings_clear(&template);
    return missing;
}

/* ---- types ---- */

size_t needs_types(const struct loaded *l, FILE *out)
{
    struct settings template = { 0 };
    char why[WHY_ROOM];
    size_t wrong = 0;

    if (!read_template(l, &template))
        return 0;
    for (size_t i = 0; i < template.n; i++) {
        const struct setting *item = &template.items[i];
        const char *value = variables_get(l->variables, item->name);
        const struct entry *line = variables_in_file(l->variables, item->name);

        /* placeholders are looked for in every value */
        if (!item->described || !value || !value[0] || password_is_placeholder(value) ||
            !setting_refuse(item, value, why, sizeof why))
            continue;
        wrong++;
        if (line && strcmp(line->value->text ? line->value->text : "", value) == 0)
            fprintf(out, "%s:%u: ", line->key_at.file, line->key_at.line);
        fprintf(out, item->type == SETTING_SECRET ? "%s %s\n" : "%s: %s\n", item->name, why);
    }
    settings_clear(&template);
    return wrong;
}

/* ---- services ---- */

static bool is_below(const char *path, const char *place)
{
    size_t n = strlen(place);

    while (n > 1 && place[n - 1] == '/')
        n--;
    return strncmp(path, place, n) == 0 && (path[n] == '\0' || path[n] == '/' || n == 1);
}

/* Is something at `path` inside the service?  *bind gets where that is on the host, if it is. */
static bool has_file(struct arena *a, const struct node *service, const char *path,
                     const char **bind)
{
    static const char *const lists[] = { "secrets", "configs", "volumes", "tmpfs" };

    *bind = NULL;
    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        const struct node *list = node_get(service, lists[k]);

        for (uint32_t i = 0; list && list->kind == NODE_LIST && i < list->n; i++) {
            const struct node *item = list->items[i];
            const char *source = node_get_text(item, "source", "");
            const char *target =
                node_is_scalar(item) ? item->text : node_get_text(item, "target", NULL);

            if (!target)
                target = arena_printf(a, "/%s", source);
            if (!is_below(path, target))
                continue;
            if (strcmp(node_get_text(item, "type", ""), "bind") == 0)
                *bind = arena_printf(a, "%s%s", source, path + strlen(target));
            return true;
        }
    }
    return false;
}

static size_t check_files(const struct loaded *l, const char *name, const struct node *service,
                          FILE *out)
{
    static const char suffix[] = "_FILE";
    const struct node *environment = node_get(service, "environment");
    size_t bad = 0;

    for (uint32_t i = 0; i < node_count(environment); i++) {
        const char *key = environment->entries[i].key, *bind = NULL;
        const char *path = node_get_text(environment, key, "");
        size_t n = strlen(key);
        bool there;

        if (n < sizeof suffix || strcmp(key + n - (sizeof suffix - 1), suffix) != 0 ||
            path[0] != '/')
            continue;
        there = has_file(l->arena, service, path, &bind);
        if (there && (!bind || access(bind, R_OK) == 0))
            continue;
        /* what an image has of its own is not known here, but secrets it has none */
        if (!there && !is_below(path, "/run/secrets"))
            continue;
        bad++;
        if (environment->entries[i].key_at.file)
            fprintf(out, "%s:%u: ", environment->entries[i].key_at.file,
                    environment->entries[i].key_at.line);
        if (there)
            fprintf(out, "service '%s': %s: %s: %s\n", name, key, bind, strerror(errno));
        else
            fprintf(out, "service '%s': %s: nothing is at %s, it has no such secret\n", name, key,
                    path);
    }
    return bad;
}

static bool has_one_of(const struct node *environment, const struct node *list)
{
    for (uint32_t i = 0; list && list->kind == NODE_LIST && i < list->n; i++)
        if (node_get_text(environment, list->items[i]->text, "")[0] != '\0')
            return true;
    return false;
}

static const char *list_text(struct arena *a, const struct node *list)
{
    const char *text = "";

    for (uint32_t i = 0; list && list->kind == NODE_LIST && i < list->n; i++)
        text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : ", ", list->items[i]->text);
    return text;
}

/* `requires` of its recipe; one with a program of its own does not get what the recipe starts */
static size_t check_recipe(const struct loaded *l, const char *name, const struct node *service,
                           FILE *out)
{
    const struct node *recipe = NULL, *environment = node_get(service, "environment"), *rules;
    const char *image = node_get_text(service, "image", "");
    struct err e = ERR_INIT;
    size_t bad = 0;

    if (!image[0] || node_count(node_get(service, "entrypoint")) > 0 ||
        node_get(node_get(service, "x-native"), "command") ||
        recipe_find(l->arena, image, &recipe, &e) < 0)
        return 0;
    rules = node_get(recipe, "requires");
    for (uint32_t i = 0; rules && rules->kind == NODE_LIST && i < rules->n; i++) {
        const struct node *with = node_get(rules->items[i], "with");
        const struct node *one_of = node_get(rules->items[i], "one_of");

        if ((with && !has_one_of(environment, with)) || has_one_of(environment, one_of))
            continue;
        bad++;
        if (service->at.file)
            fprintf(out, "%s:%u: ", service->at.file, service->at.line);
        fprintf(out, "service '%s': %s needs one of %s in its environment\n", name,
                node_get_text(recipe, "name", "its recipe"), list_text(l->arena, one_of));
    }
    return bad;
}

size_t needs_services(const struct loaded *l, FILE *out)
{
    const struct node *services = node_get(l->model, "services");
    size_t bad = 0;

    for (uint32_t i = 0; i < node_count(services); i++) {
        const char *name = services->entries[i].key;

        bad += check_files(l, name, services->entries[i].value, out);
        bad += check_recipe(l, name, services->entries[i].value, out);
    }
    return bad;
}
