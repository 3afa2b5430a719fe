#include "compose/consistency.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/suggest.h"
#include "compose/cycles.h"
#include "compose/trail.h"

struct checker {
    struct arena *arena;
    const struct node *model, *services, *disabled;
    struct trail services_trail, trail; /* of the service at hand */
    struct node *service;
    struct err *e;
};

#define REFUSE(x_, n_, ...) trail_refuse(&(x_)->trail, (n_)->at, (x_)->e, __VA_ARGS__)

/* "..., did you mean 'x'?" with the nearest key of the section */
static int unknown(const struct checker *x, const struct node *section, const char *name,
                   const char *what, struct mark at)
{
    size_t n = node_count(section);
    auto_free const char **known = calloc(n + 1, sizeof *known);
    const char *near;

    if (!known)
        abort();
    for (size_t i = 0; i < n; i++)
        known[i] = section->entries[i].key;
    near = suggest(name, known);
    return trail_refuse(&x->trail, at, x->e, "%s '%s' is not defined%s%s%s", what, name,
                        near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* every key of `uses`, or the `source` of every item, is a key of the section */
static int defined(const struct checker *x, const struct node *uses, const char *section,
                   const char *what)
{
    const struct node *known = node_get(x->model, section);

    for (uint32_t i = 0; i < node_count(uses); i++) {
        bool map = uses->kind == NODE_MAP;
        const char *name = map ? uses->entries[i].key : node_get_text(uses->items[i], "source", "");
        struct mark at = map ? uses->entries[i].key_at : uses->items[i]->at;

        if (!node_get(known, name))
            return unknown(x, known, name, what, at);
    }
    return 0;
}

static int volumes(const struct checker *x)
{
    const struct node *uses = node_get(x->service, "volumes");
    const struct node *known = node_get(x->model, "volumes");

    for (uint32_t i = 0; i < node_count(uses); i++) {
        const char *source = node_get_text(uses->items[i], "source", "");

        if (strcmp(node_get_text(uses->items[i], "type", ""), "volume") == 0 && source[0] &&
            !node_get(known, source))
            return unknown(x, known, source, "volume", uses->items[i]->at);
    }
    return 0;
}

static int build(const struct checker *x)
{
    const struct node *b = node_get(x->service, "build"), *contexts, *platforms;
    const char *platform = node_get_text(x->service, "platform", "");
    bool found = false;

    if (!b)
        return node_get(x->service, "image") || node_get(x->service, "provider") ||
                       node_get(x->service, "x-native")
                   ? 0
                   : REFUSE(x, x->service, "neither 'image' nor 'build' is given");
    if (node_get(b, "dockerfile") && node_get(b, "dockerfile_inline"))
        return REFUSE(x, b, "'dockerfile' and 'dockerfile_inline' exclude each other");
    contexts = node_get(b, "additional_contexts");
    for (uint32_t i = 0; i < node_count(contexts); i++) {
        const struct entry *c = &contexts->entries[i];
        const char *name = strncmp(c->value->text, "service:", 8) == 0 ? c->value->text + 8 : NULL;

        if (name && !node_get(x->services, name))
            return unknown(x, x->services, name, "service", c->value->at);
        if (name && !node_get(node_get(x->services, name), "build"))
            return REFUSE(x, c->value, "service '%s' is a context but has no 'build'", name);
    }
    platforms = node_get(b, "platforms");
    for (uint32_t i = 0; i < node_count(platforms); i++)
        found |= strcmp(platforms->items[i]->text, platform) == 0;
    if (node_count(platforms) > 0 && platform[0] && !found)
        return REFUSE(x, platforms, "build.platforms must contain the platform '%s'", platform);
    return defined(x, node_get(b, "secrets"), "secrets", "build secret");
}

static int networks(const struct checker *x)
{
    const struct node *mode = node_get(x->service, "network_mode");
    const struct node *uses = node_get(x->service, "networks");

    if (mode && node_count(uses) > 0)
        return REFUSE(x, mode, "'network_mode' and 'networks' exclude each other");
    if (mode && strncmp(mode->text, "service:", 8) == 0 && !node_get(x->services, mode->text + 8))
        return unknown(x, x->services, mode->text + 8, "service", mode->at);
    for (uint32_t i = 0; i < node_count(uses); i++)
        if (strncmp(uses->entries[i].key, "x-", 2) == 0)
            return trail_refuse(
                &x->trail, uses->entries[i].key_at, x->e,
                "network '%s': Docker Compose takes a name with x- before it for an "
                "extension here",
                uses->entries[i].key);
    return defined(x, uses, "networks", "network");
}

static int health(const struct checker *x)
{
    const struct node *test = node_get(node_get(x->service, "healthcheck"), "test");
    const char *first = node_count(test) > 0 ? test->items[0]->text : "NONE";

    return strcmp(first, "CMD") == 0 || strcmp(first, "CMD-SHELL") == 0 ||
                   strcmp(first, "NONE") == 0
               ? 0
               : REFUSE(x, test, "healthcheck.test must begin with CMD, CMD-SHELL or NONE");
}

static int dependencies(const struct checker *x)
{
    const struct node *map = node_get(x->service, "depends_on");

    for (uint32_t i = 0; i < node_count(map); i++) {
        const struct entry *on = &map->entries[i];

        if (node_get(x->services, on->key))
            continue;
        if (!node_get(x->disabled, on->key))
            return unknown(x, x->services, on->key, "service", on->key_at);
        if (node_is_true(node_get(on->value, "required")))
            return trail_refuse(&x->trail, on->key_at, x->e,
                                "depends on service '%s', whose profile is not active", on->key);
    }
    return 0;
}

/* ---- two ways to say one thing ---- */

static int64_t number(const struct node *n, int64_t fallback)
{
    return n && n->kind == NODE_INT ? n->integer : fallback;
}

static int replicas(const struct checker *x)
{
    struct node *deploy = node_get(x->service, "deploy");
    struct node *scale = node_get(x->service, "scale"), *own = node_get(deploy, "replicas");

    if (scale && own && number(scale, 0) != number(own, 0))
        return REFUSE(x, scale, "'scale' and 'deploy.replicas' differ");
    if (scale && deploy)
        node_set(x->arena, deploy, "replicas", scale->at, scale);
    own = node_get(deploy, "replicas");
    if (number(scale, 1) < 0 || number(own, 1) < 0)
        return REFUSE(x, scale ? scale : own, "'%s' must be 0 or more",
                      scale ? "scale" : "deploy.replicas");
    if (number(scale ? scale : own, 1) > 1 && node_get(x->service, "container_name"))
        return REFUSE(x, scale ? scale : own,
                      "'%s' is more than 1, but only one container can have the 'container_name'",
                      scale ? "scale" : "deploy.replicas");
    return 0;
}

static int agree(const struct checker *x, const char *attribute, const char *section,
                 const char *member)
{
    const struct node *n = node_get(x->service, attribute);
    const struct node *s = node_get(node_get(node_get(x->service, "deploy"), "resources"), section);
    const struct node *other = node_get(s, member);

    if (!n || !s || (other && node_equal(n, other)))
        return 0;
    return REFUSE(x, n, "'%s' and 'deploy.resources.%s.%s' differ", attribute, section, member);
}

static int limits(const struct checker *x)
{
    int r;

    if ((r = agree(x, "cpus", "limits", "cpus")) < 0 ||
        (r = agree(x, "mem_limit", "limits", "memory")) < 0 ||
        (r = agree(x, "mem_reservation", "reservations", "memory")) < 0)
        return r;
    return agree(x, "pids_limit", "limits", "pids");
}

static int watches(const struct checker *x)
{
    const struct node *list = node_get(node_get(x->service, "develop"), "watch");

    for (uint32_t i = 0; i < node_count(list); i++) {
        const char *action = node_get_text(list->items[i], "action", "");
        if (!node_get(list->items[i], "target") && strcmp(action, "rebuild") != 0 &&
            strcmp(action, "restart") != 0)
            return REFUSE(x, list->items[i], "develop.watch: '%s' needs a 'target'", action);
    }
    return 0;
}

static int mount_once(const struct checker *x, struct node *seen, const char *target,
                      const struct node *at)
{
    if (node_get(seen, target))
        return REFUSE(x, at, "target %s is mounted twice", target);
    node_set(x->arena, seen, target, at->at, node_new(x->arena, NODE_NULL, at->at));
    return 0;
}

static int mounts(const struct checker *x)
{
    const struct node *tmpfs = node_get(x->service, "tmpfs");
    const struct node *uses = node_get(x->service, "volumes");
    struct node *seen;
    int r = 0;

    if (node_count(tmpfs) + node_count(uses) < 2)
        return 0;
    seen = node_new(x->arena, NODE_MAP, x->service->at);
    for (uint32_t i = 0; r == 0 && i < node_count(tmpfs); i++) {
        const char *text = tmpfs->items[i]->text;
        r = mount_once(x, seen, arena_strndup(x->arena, text, strcspn(text, ":")), tmpfs->items[i]);
    }
    for (uint32_t i = 0; r == 0 && i < node_count(uses); i++)
        r = mount_once(x, seen, node_get_text(uses->items[i], "target", ""), uses->items[i]);
    return r;
}

static int check_service(const struct checker *x)
{
    int r;

    if ((r = build(x)) < 0 || (r = networks(x)) < 0 || (r = health(x)) < 0 ||
        (r = dependencies(x)) < 0 || (r = volumes(x)) < 0 ||
        (r = defined(x, node_get(x->service, "configs"), "configs", "config")) < 0 ||
        (r = defined(x, node_get(x->service, "models"), "models", "model")) < 0 ||
        (r = defined(x, node_get(x->service, "secrets"), "secrets", "secret")) < 0 ||
        (r = replicas(x)) < 0 || (r = limits(x)) < 0 || (r = watches(x)) < 0)
        return r;
    return mounts(x);
}

static int check_secrets(const struct node *secrets, struct err *e)
{
    for (uint32_t i = 0; i < node_count(secrets); i++) {
        const struct node *n = secrets->entries[i].value;
        bool somewhere = node_is_true(node_get(n, "external")) || node_get_text(n, "file", "")[0] ||
                         node_get_text(n, "environment", "")[0];

        if (!somewhere)
            return trail_refuse(NULL, n->at, e, "secret '%s' needs 'file' or 'environment'",
                                secrets->entries[i].key);
    }
    return 0;
}

int consistency_check(struct arena *a, struct node *model, const struct node *disabled,
                      struct err *e)
{
    struct checker x = { .arena = a,
                         .model = model,
                         .services = node_get(model, "services"),
                         .disabled = disabled,
                         .services_trail = TRAIL_KEY(NULL, "services"),
                         .e = e };
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < node_count(x.services); i++) {
        x.trail = TRAIL_KEY(&x.services_trail, x.services->entries[i].key);
        x.service = x.services->entries[i].value;
        r = check_service(&x);
    }
    if (r == 0)
        r = check_secrets(node_get(model, "secrets"), e);
    return r == 0 ? cycles_check(x.services, e) : r;
}

int consistency_container_names(struct arena *a, const struct node *services, struct err *e)
{
    struct node *seen = node_new(a, NODE_MAP, (struct mark){ 0 });

    for (uint32_t i = 0; i < node_count(services); i++) {
        const struct entry *entry = &services->entries[i];
        const struct node *name = node_get(entry->value, "container_name");
        const struct node *holder = name ? node_get(seen, name->text) : NULL;

        if (holder)
            return trail_refuse(NULL, name->at, e,
                                "services.%s: container_name '%s' is that of service '%s'",
                                entry->key, name->text, holder->text);
        if (name)
            node_set_text(a, seen, name->text, entry->key);
    }
    return 0;
}
