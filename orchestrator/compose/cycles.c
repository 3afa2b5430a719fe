#include "compose/cycles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

enum colour { UNSEEN, ON_THE_WAY, DONE };

struct step {
    uint32_t service, next; /* numbers: of the service, of the dependency to look at next */
};

struct walk {
    const struct node *services;
    enum colour *colours;
    struct step *path;
    uint32_t depth;
};

static int report(const struct walk *w, uint32_t again, struct err *e)
{
    char text[640] = "";
    uint32_t from = 0;

    while (w->path[from].service != again)
        from++;
    for (uint32_t i = from; i < w->depth; i++) {
        size_t used = strlen(text);
        (void) snprintf(text + used, sizeof text - used, "%s -> ",
                        w->services->entries[w->path[i].service].key);
    }
    err_set(e, -ELOOP, "services depend on each other: %s%s", text,
            w->services->entries[again].key);
    err_classify(e, ERR_CONFIG);
    return err_at(e, w->services->entries[again].key_at);
}

static void enter(struct walk *w, uint32_t service)
{
    w->colours[service] = ON_THE_WAY;
    w->path[w->depth++] = (struct step){ .service = service };
}

static int walk_from(struct walk *w, uint32_t start, struct err *e)
{
    enter(w, start);
    while (w->depth > 0) {
        struct step *s = &w->path[w->depth - 1];
        const struct node *deps = node_get(w->services->entries[s->service].value, "depends_on");
        const struct entry *on;
        uint32_t number;

        if (s->next >= node_count(deps)) {
            w->colours[s->service] = DONE;
            w->depth--;
            continue;
        }
        on = node_entry(w->services, deps->entries[s->next++].key);
        if (!on)
            continue;
        number = (uint32_t) (on - w->services->entries);
        if (w->colours[number] == ON_THE_WAY)
            return report(w, number, e);
        if (w->colours[number] == UNSEEN)
            enter(w, number);
    }
    return 0;
}

int cycles_check(const struct node *services, struct err *e)
{
    size_t n = node_count(services);
    auto_free enum colour *colours = calloc(n + 1, sizeof *colours);
    auto_free struct step *path = calloc(n + 1, sizeof *path);
    struct walk w = { .services = services, .colours = colours, .path = path };
    int r = 0;

    if (!colours || !path)
        abort();
    for (uint32_t i = 0; r == 0 && i < n; i++)
        if (colours[i] == UNSEEN)
            r = walk_from(&w, i, e);
    return r;
}
