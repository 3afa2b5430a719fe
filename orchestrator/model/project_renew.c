#include "model/project_renew.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/project_json.h"

static bool is_named(const char *const *names, const char *name)
{
    if (!names)
        return true;
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static void *room_for(size_t n, size_t size)
{
    void *list = calloc(n + 1, size);

    if (!list)
        abort();
    return list;
}

static void take_units(struct project *mixed, const struct project *now, const struct project *next,
                       const char *const *names)
{
    for (size_t i = 0; i < now->n_units; i++) {
        const struct unit *u = project_unit(next, now->units[i].name);
        unsigned replicas = now->units[i].replicas;

        mixed->units[i] = u && is_named(names, u->name) ? *u : now->units[i];
        mixed->units[i].replicas = replicas;
    }
    mixed->n_units = now->n_units;
}

static bool has_volume(const struct project *p, const char *key)
{
    for (size_t i = 0; i < p->n_volumes; i++)
        if (strcmp(p->volumes[i].key, key) == 0)
            return true;
    return false;
}

int project_renew(const struct project *now, const struct project *next, const char *const *names,
                  struct project **out, struct err *e)
{
    struct project mixed = *now;
    auto_free struct unit *units = room_for(now->n_units, sizeof *units);
    auto_free struct network *networks =
        room_for(now->n_networks + next->n_networks, sizeof *networks);
    auto_free struct volume *volumes = room_for(now->n_volumes + next->n_volumes, sizeof *volumes);
    auto_free struct secret *secrets = room_for(now->n_secrets + next->n_secrets, sizeof *secrets);

    mixed.units = units;
    take_units(&mixed, now, next, names);
    mixed.networks = networks;
    memcpy(networks, now->networks, now->n_networks * sizeof *networks);
    for (size_t i = 0; i < next->n_networks; i++)
        if (!project_network(now, next->networks[i].key))
            networks[mixed.n_networks++] = next->networks[i];
    mixed.volumes = volumes;
    memcpy(volumes, now->volumes, now->n_volumes * sizeof *volumes);
    for (size_t i = 0; i < next->n_volumes; i++)
        if (!has_volume(now, next->volumes[i].key))
            volumes[mixed.n_volumes++] = next->volumes[i];
    mixed.secrets = secrets;
    memcpy(secrets, next->secrets, next->n_secrets * sizeof *secrets);
    mixed.n_secrets = next->n_secrets;
    for (size_t i = 0; i < now->n_secrets; i++)
        if (!project_secret(next, now->secrets[i].name))
            secrets[mixed.n_secrets++] = now->secrets[i];
    return project_copy(&mixed, out, e);
}

static json_t *named(json_t *list, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        const char *its = json_string_value(json_object_get(one, "name"));

        if (its && strcmp(its, name) == 0)
            return one;
    }
    return NULL;
}

/* sets `member` of those in the list that `values` names */
static int put(json_t *list, const char *member, const json_t *values, const char *what,
               struct err *e)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *) (size_t) values, name, value) {
        json_t *one = named(list, name);

        if (!one) {
            err_set(e, -ENOENT, "the project has no %s '%.128s'", what, name);
            return err_classify(e, ERR_USAGE);
        }
        (void) json_object_set(one, member, value);
    }
    return 0;
}

int project_renew_secrets(const struct project *now, const json_t *secrets, const json_t *digests,
                          struct project **out, struct err *e)
{
    auto_free char *changed = NULL;
    json_t *json = project_to_tree(now);
    int r = put(json_object_get(json, "secrets"), "value", secrets, "secret", e);

    if (r == 0)
        r = put(json_object_get(json, "units"), "digest", digests, "service", e);
    if (r == 0 && !(changed = json_dumps(json, JSON_COMPACT)))
        r = err_set(e, -ENOMEM, "the project cannot be encoded");
    if (r == 0)
        r = project_from_json(changed, strlen(changed), out, e);
    json_decref(json);
    if (changed)
        explicit_bzero(changed, strlen(changed));
    return r;
}
