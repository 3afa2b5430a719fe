#include "ops/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/beside.h"
#include "model/digest.h"
#include "model/graph.h"
#include "model/member.h"
#include "model/project_json.h"

enum { HASH_DIGITS = 12, VALUE_MAX = 200 };

/* ---- what differs ---- */

/* {NAME: unit} as they stand in JSON, without what is made from the rest */
static json_t *units_of(const struct project *p)
{
    json_t *json = p ? project_to_tree(p) : NULL, *units = json_object(), *unit;
    size_t i;

    json_array_foreach (json_object_get(json, "units"), i, unit) {
        (void) json_object_set(units, member_text(unit, "name"), unit);
        (void) json_object_del(unit, "digest");
        (void) json_object_del(unit, "release");
        (void) json_object_del(unit, "name");
    }
    json_decref(json);
    return units;
}

/* a path in a release says which one, and that says nothing: the content is in the digest */
static void forget_copies(json_t *unit)
{
    json_t *mount;
    size_t i;

    json_array_foreach (json_object_get(unit, "mounts"), i, mount) {
        const char *source = member_text(mount, "source");
        const char *at = strstr(source, "/releases/"), *last = strrchr(source, '/');

        if (at && last && json_string_length(json_object_get(mount, "source")) > 0)
            (void) json_object_set_new(mount, "source", json_sprintf("copy of %s", last + 1));
    }
}

static void add(json_t *fields, const char *name, const char *from, const char *to)
{
    (void) json_array_append_new(fields,
                                 json_pack("{s:s,s:s,s:s}", "field", name, "from", from, "to", to));
}

static char *text_of(const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("");

    if (!text)
        abort();
    if (strlen(text) > VALUE_MAX)
        memcpy(text + VALUE_MAX - 4, "...", 4);
    return text;
}

static size_t key_length(const char *variable)
{
    return strcspn(variable, "=");
}

static const char *find_variable(const json_t *list, const char *like)
{
    const json_t *one;
    size_t i, len = key_length(like);

    json_array_foreach (list, i, one) {
        const char *text = json_string_value(one);

        if (text && key_length(text) == len && strncmp(text, like, len) == 0)
            return text;
    }
    return NULL;
}

/* by their names: values may be secret */
static void diff_variables(json_t *fields, const json_t *from, const json_t *to)
{
    const json_t *const lists[] = { from, to };

    for (int side = 0; side < 2; side++) {
        const json_t *one;
        size_t i;

        json_array_foreach (lists[side], i, one) {
            const char *text = json_string_value(one);
            const char *other = text ? find_variable(lists[!side], text) : NULL;
            char name[160];

            if (!text || (other && (side == 1 || strcmp(other, text) == 0)))
                continue;
            (void) snprintf(name, sizeof name, "env %.*s", (int) key_length(text), text);
            add(fields, name, side == 0 ? "set" : "", other ? "changed" : side == 0 ? "" : "set");
        }
    }
}

static void diff_member(json_t *fields, const char *key, const json_t *from, const json_t *to)
{
    auto_free char *was = NULL, *is = NULL;

    if (json_equal(from, to))
        return;
    if (strcmp(key, "env") == 0) {
        diff_variables(fields, from, to);
        return;
    }
    was = text_of(from);
    is = text_of(to);
    add(fields, key, was, is);
}

static const char *content_of(const char *digest)
{
    const char *plus = strchr(digest, '+');

    return plus ? plus + 1 : "";
}

static json_t *diff(json_t *from, json_t *to, const char *was, const char *is)
{
    json_t *fields = json_array(), *value;
    const char *key;

    forget_copies(from);
    forget_copies(to);
    json_object_foreach (to, key, value)
        diff_member(fields, key, json_object_get(from, key), value);
    json_object_foreach (from, key, value)
        if (!json_object_get(to, key))
            diff_member(fields, key, value, NULL);
    if (was[0] != '\0' && strcmp(content_of(was), content_of(is)) != 0)
        add(fields, "files", content_of(was), content_of(is));
    else if (was[0] != '\0' && json_array_size(fields) == 0 && strcmp(was, is) != 0)
        add(fields, "secrets", "", "changed");
    return fields;
}

/* ---- what becomes of a service ---- */

/* what its instances run; NULL when none does, "" when they differ */
static const char *running(const json_t *status, const char *service)
{
    const char *digest = NULL;
    const json_t *s;
    size_t i;

    json_array_foreach (json_object_get(status, "services"), i, s) {
        const char *one = member_text(s, "digest");

        if (strcmp(member_text(s, "service"), service) != 0 ||
            json_integer_value(json_object_get(s, "pid")) <= 0)
            continue;
        digest = !digest || strcmp(digest, one) == 0 ? one : "";
    }
    return digest;
}

static const char *action_of(const struct unit *now, const char *runs, const struct unit *next,
                             const json_t *fields)
{
    if (!now)
        return "create";
    if (runs && strcmp(runs, next->digest) != 0)
        return "replace";
    if (!runs && strcmp(now->digest, next->digest) == 0 && json_array_size(fields) == 0)
        return "none";
    return json_array_size(fields) > 0 ? "update" : "none";
}

static json_t *one(const char *service, const char *action, const char *impact, bool restart,
                   bool downtime, const char *hash, json_t *fields)
{
    return json_pack("{s:s,s:s,s:s,s:b,s:b,s:s%,s:o}", "service", service, "action", action,
                     "impact", impact, "restart", restart, "downtime", downtime, "hash", hash,
                     strlen(hash) > HASH_DIGITS ? (size_t) HASH_DIGITS : strlen(hash), "fields",
                     fields);
}

static bool networks_stay(const struct project *now, const struct project *next,
                          const struct unit *u)
{
    for (size_t i = 0; now && i < u->n_networks; i++)
        if (!project_network(now, u->networks[i].network))
            return false;
    (void) next;
    return true;
}

static json_t *judge(const struct project *now, const struct project *next, const struct unit *u,
                     const char *runs, json_t *fields)
{
    const struct unit *before = now ? project_unit(now, u->name) : NULL;
    const char *action = action_of(before, runs, u, fields);
    const char *why = beside_refused(next, u);
    bool beside = u->update.order == ROLLOUT_START_FIRST && !why && before &&
                  !beside_refused(now, before) && networks_stay(now, next, u);
    char impact[160] = "";

    if (strcmp(action, "replace") != 0)
        return one(u->name, action, strcmp(action, "create") == 0 ? "it starts" : "", false, false,
                   u->digest, fields);
    if (beside)
        (void) snprintf(impact, sizeof impact, "the next one starts beside it: no downtime");
    else if (why && u->update.order == ROLLOUT_START_FIRST)
        (void) snprintf(impact, sizeof impact, "it is stopped first, as %s: downtime", why);
    else
        (void) snprintf(impact, sizeof impact, "it is stopped first: downtime");
    return one(u->name, action, impact, true, !beside && u->replicas == 1, u->digest, fields);
}

int plan_make(const struct project *now, const json_t *status, const struct project *next,
              json_t **out, struct err *e)
{
    auto_free size_t *order = calloc(next->n_units + 1, sizeof *order);
    json_t *plan = json_array(), *before = units_of(now), *after = units_of(next);
    int r;

    if (!order)
        abort();
    r = graph_order(next, order, e);
    for (size_t i = 0; r == 0 && i < next->n_units; i++) {
        const struct unit *u = &next->units[order[i]];
        const struct unit *was = now ? project_unit(now, u->name) : NULL;
        const char *runs = running(status, u->name);
        json_t *fields =
            was ? diff(json_object_get(before, u->name), json_object_get(after, u->name),
                       runs && runs[0] ? runs : was->digest, u->digest)
                : json_array();

        (void) json_array_append_new(plan, judge(now, next, u, runs, fields));
    }
    for (size_t i = 0; r == 0 && now && i < now->n_units; i++)
        if (!project_unit(next, now->units[i].name))
            (void) json_array_append_new(plan, one(now->units[i].name, "remove", "it is stopped",
                                                   false, true, "", json_array()));
    json_decref(before);
    json_decref(after);
    if (r == 0)
        *out = plan;
    else
        json_decref(plan);
    return r;
}

bool plan_changes(const json_t *plan)
{
    const json_t *item;
    size_t i;

    json_array_foreach (plan, i, item)
        if (strcmp(member_text(item, "action"), "none") != 0)
            return true;
    return false;
}

char *plan_basis(const struct project *now, const json_t *status)
{
    auto_arena a = arena_new();
    const char *text = "", *digest = NULL;
    const json_t *s;
    size_t i;

    for (i = 0; now && i < now->n_units; i++)
        text = arena_printf(a, "%s%s %s %u\n", text, now->units[i].name, now->units[i].digest,
                            now->units[i].replicas);
    json_array_foreach (json_object_get(status, "services"), i, s)
        text = arena_printf(
            a, "%s%s %s\n", text, member_text(s, "name"),
            json_integer_value(json_object_get(s, "pid")) > 0 ? member_text(s, "digest") : "-");
    if (digest_name(a, text, &digest, NULL) < 0)
        digest = "";
    return strdup(digest);
}
