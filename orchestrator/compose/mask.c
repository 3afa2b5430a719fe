#include "compose/mask.h"

#include <stdlib.h>
#include <string.h>

#include "compose/canonical.h"

/* shorter values stand in too many places by chance */
enum { SECRET_MIN = 8 };
#define STARS "********"

struct masker {
    struct arena *arena;
    const char **values;
    size_t n;
};

static const char *masked(const struct masker *m, const char *text)
{
    for (size_t i = 0; i < m->n; i++)
        for (const char *at; (at = strstr(text, m->values[i]));)
            text = arena_printf(m->arena, "%.*s%s%s", (int) (at - text), text, STARS,
                                at + strlen(m->values[i]));
    return text;
}

static void mask(const struct masker *m, struct node *n)
{
    if (n->kind == NODE_TEXT)
        n->text = masked(m, n->text);
    for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        mask(m, n->items[i]);
    for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
        mask(m, n->entries[i].value);
}

void mask_values(struct node *model)
{
    static const char *const sections[] = { "secrets", "configs" };

    for (size_t s = 0; s < sizeof sections / sizeof *sections; s++) {
        const struct node *map = node_get(model, sections[s]);
        for (uint32_t i = 0; i < node_count(map); i++)
            if (map->entries[i].value->kind == NODE_MAP)
                node_remove(map->entries[i].value, CANONICAL_VALUE);
    }
}

void mask_secrets(struct arena *a, struct node *model, const struct variables *v)
{
    struct node *secrets = node_get(model, "secrets");
    struct masker m = { .arena = a };

    if (node_count(secrets) == 0)
        return;
    m.values = arena_array(a, node_count(secrets), sizeof *m.values);
    for (uint32_t i = 0; i < secrets->n; i++) {
        const char *name = node_get_text(secrets->entries[i].value, "environment", NULL);
        const char *value = name ? variables_get(v, name) : NULL;

        /* stars would be masked by stars for ever */
        if (value && strlen(value) >= SECRET_MIN && !strstr(STARS, value))
            m.values[m.n++] = value;
    }
    if (m.n > 0)
        mask(&m, model);
}
