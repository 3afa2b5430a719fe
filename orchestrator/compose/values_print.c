/* A model as it is written: in JSON as Docker Compose does, in YAML so that it reads the same. */
#include <string.h>

#include "base/num.h"
#include "compose/schema.h"
#include "compose/values.h"

static struct node *json_value(struct arena *a, struct shape s, struct node *n);

/* Two structures of the reference have no JSON names for their members. */
static const char *json_name(const struct kind *kind, struct arena *a, const char *key)
{
    char *name;

    if (!kind || !kind->capitals)
        return key;
    name = arena_strdup(a, key);
    name[0] = (char) (name[0] - 'a' + 'A');
    return name;
}

/* an empty text that only YAML needs */
static bool says_nothing(const struct attribute *a, const struct node *n)
{
    return (a->empty || a->required) && !a->keep && n->kind == NODE_TEXT && n->text[0] == '\0';
}

static struct node *json_object(struct arena *a, const struct kind *kind, const struct node *n)
{
    struct node *map = node_new(a, NODE_MAP, n->at);
    bool top = kind == &schema_project;

    for (uint32_t i = 0; i < n->n; i++) {
        const struct entry *entry = &n->entries[i];
        const struct shape s = schema_member((struct shape){ .kind = kind }, entry->key);

        if (top ? s.attribute && s.attribute->yaml_only : schema_is_extension(entry->key))
            continue;
        if (s.attribute && says_nothing(s.attribute, entry->value))
            continue;
        node_set(a, map, json_name(kind, a, entry->key), entry->key_at,
                 json_value(a, s, entry->value));
    }
    for (size_t i = 0; kind->capitals && i < kind->n; i++) /* all of them, always */
        if (!node_get(n, kind->list[i].name))
            node_set(a, map, json_name(kind, a, kind->list[i].name), n->at,
                     kind->list[i].form == FORM_COUNT   ? node_int(a, 0, n->at)
                     : kind->list[i].form == FORM_BYTES ? node_text(a, "0", n->at)
                                                        : node_text(a, "", n->at));
    for (size_t i = 0; i < kind->n; i++) {
        const struct attribute *attribute = &kind->list[i];
        bool null = attribute->form == FORM_COMMAND && attribute->keep;
        struct node *value;

        if ((!attribute->always && !null) || node_get(map, attribute->name))
            continue;
        value = node_new(a, null ? NODE_NULL : NODE_MAP, n->at);
        if (!null)
            value = json_object(a, attribute->kind, value);
        node_set(a, map, attribute->name, n->at, value);
    }
    return map;
}

/* soft or hard of 0 is left out */
static struct node *json_ulimits(struct arena *a, const struct node *n)
{
    struct node *all = node_new(a, NODE_MAP, n->at);

    for (uint32_t i = 0; i < n->n; i++) {
        struct node *value = n->entries[i].value, *map = value;

        if (value->kind == NODE_MAP) {
            map = node_new(a, NODE_MAP, value->at);
            for (uint32_t j = 0; j < value->n; j++)
                if (value->entries[j].value->integer != 0)
                    node_set(a, map, value->entries[j].key, value->at, value->entries[j].value);
        }
        node_set(a, all, n->entries[i].key, n->at, map);
    }
    return all;
}

/* What nobody knows: an empty list is null there. */
static struct node *json_unknown(struct arena *a, struct node *n)
{
    if (n->kind == NODE_LIST && n->n == 0)
        return node_new(a, NODE_NULL, n->at);
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        n->items[i] = json_unknown(a, n->items[i]);
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
        n->entries[i].value = json_unknown(a, n->entries[i].value);
    return n;
}

static struct node *json_value(struct arena *a, struct shape s, struct node *n)
{
    struct node *copy;

    if (s.kind && n->kind == NODE_MAP)
        return json_object(a, s.kind, n);
    if (!s.attribute)
        return json_unknown(a, node_copy(a, n));
    if (s.attribute->form == FORM_BYTES)
        return node_text(a, n->text, n->at);
    if (s.attribute->form == FORM_ULIMITS)
        return json_ulimits(a, n);
    if (!s.attribute->kind)
        return n;
    copy = node_new(a, n->kind, n->at);
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        node_push(a, copy, json_value(a, schema_item(s), n->items[i]));
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
        node_set(a, copy, n->entries[i].key, n->entries[i].key_at,
                 json_value(a, schema_member(s, n->entries[i].key), n->entries[i].value));
    return copy;
}

static struct node *pairs(struct arena *a, const struct node *map)
{
    struct node *list = node_new(a, NODE_LIST, map->at);

    for (uint32_t i = 0; i < map->n; i++) {
        const struct entry *entry = &map->entries[i];
        const char *text = entry->value->kind == NODE_NULL
                               ? entry->key
                               : arena_printf(a, "%s=%s", entry->key, entry->value->text);
        node_push(a, list, node_text(a, text, entry->key_at));
    }
    return list;
}

static bool may_be_pairs(const struct attribute *a)
{
    return a && (a->accepts & IS_LIST) &&
           (a->form == FORM_VARIABLES || a->form == FORM_MAPPING || a->form == FORM_LABELS);
}

/* A size that a text would lose digits of: a text is read as a double, a number is not. */
static bool is_long_size(const struct attribute *a, const struct node *n, uint64_t *exact)
{
    int64_t reread = 0;

    return a && a->form == FORM_BYTES && (a->accepts & IS_INT) && n->kind == NODE_TEXT &&
           num_u64(n->text, INT64_MAX, exact) == 0 && values_bytes(n->text, &reread) == 0 &&
           reread != (int64_t) *exact;
}

/* A list may have a variable or a label without a name, a map may not; long sizes are numbers. */
static void for_yaml(struct arena *a, struct shape s, struct node *n)
{
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        for_yaml(a, schema_item(s), n->items[i]);
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
        struct entry *entry = &n->entries[i];
        const struct shape member = schema_member(s, entry->key);
        uint64_t size = 0;

        if (may_be_pairs(member.attribute) && node_get(entry->value, ""))
            entry->value = pairs(a, entry->value);
        else if (is_long_size(member.attribute, entry->value, &size))
            entry->value = node_int(a, (int64_t) size, entry->value->at);
        else if (member.attribute || member.kind)
            for_yaml(a, member, entry->value);
    }
}

/* A list cannot name an address twice, a map of lists can. */
static void repeated_hosts(struct arena *a, struct node *holder)
{
    struct node *list = node_get(holder, "extra_hosts"), *map;
    bool repeated = false;

    for (uint32_t i = 1; i < node_count(list); i++)
        repeated |= strcmp(list->items[i - 1]->text, list->items[i]->text) == 0;
    if (!repeated)
        return;
    map = node_new(a, NODE_MAP, list->at);
    for (uint32_t i = 0; i < list->n; i++) {
        const char *text = list->items[i]->text, *address = strchr(text, '=') + 1;
        const char *name = arena_strndup(a, text, (size_t) (address - text) - 1);
        struct node *addresses = node_get(map, name);

        if (!addresses) {
            addresses = node_new(a, NODE_LIST, list->at);
            node_set(a, map, name, list->at, addresses);
        }
        node_push(a, addresses, node_text(a, address, list->at));
    }
    node_set(a, holder, "extra_hosts", list->at, map);
}

void values_for_yaml(struct arena *a, struct node *model)
{
    const struct node *services = node_get(model, "services");

    for_yaml(a, SHAPE_PROJECT, model);
    for (uint32_t i = 0; i < node_count(services); i++) {
        repeated_hosts(a, services->entries[i].value);
        repeated_hosts(a, node_get(services->entries[i].value, "build"));
    }
}

struct node *values_raw_json(struct arena *a, const struct node *document)
{
    return json_unknown(a, node_copy(a, document));
}

struct node *values_as_json(struct arena *a, const struct node *model)
{
    return json_object(a, &schema_project, model);
}
