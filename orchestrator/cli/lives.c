#include "cli/lives.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"
#include "logs/line_reader.h"

struct entry {
    char *label;
    char prepared[WHEN_TEXT]; /* the last launch that was asked for */
    struct life now, before;
};

struct lives {
    struct entry *list;
    size_t n;
};

static struct entry *find(const struct lives *l, const char *label)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->list[i].label, label) == 0)
            return &l->list[i];
    return NULL;
}

static struct entry *find_or_add(struct lives *l, const char *label)
{
    struct entry *e = find(l, label);

    if (e)
        return e;
    l->list = reallocarray(l->list, l->n + 1, sizeof *l->list);
    if (!l->list)
        abort();
    e = &l->list[l->n++];
    *e = (struct entry){ .label = strdup(label) };
    if (!e->label)
        abort();
    return e;
}

static void add(struct lives *l, const json_t *event)
{
    const char *label = json_string_value(json_object_get(event, "name"));
    const char *state = json_string_value(json_object_get(event, "state"));
    struct entry *e;

    if (!label || !state || (strcmp(state, "preparing") != 0 && strcmp(state, "starting") != 0))
        return;
    e = find_or_add(l, label);
    if (strcmp(state, "preparing") == 0) {
        when_format_utc((uint64_t) json_integer_value(json_object_get(event, "time_us")),
                        e->prepared);
        return;
    }
    e->before = e->now;
    e->now.incarnation = (unsigned long) json_integer_value(json_object_get(event, "incarnation"));
    memcpy(e->now.since, e->prepared, sizeof e->now.since);
}

struct lives *lives_read(const char *project)
{
    auto_free char *path = paths_join("%s/%s/@events.json", paths_log(), project);
    struct lives *l = calloc(1, sizeof *l);
    struct line_reader *lines = line_reader_new(path);

    if (!l)
        abort();
    for (const char *line; (line = line_reader_next(lines));) {
        json_t *event = json_loads(line, 0, NULL);

        add(l, event);
        json_decref(event);
    }
    line_reader_free(lines);
    return l;
}

void lives_free(struct lives *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        free(l->list[i].label);
    free(l->list);
    free(l);
}

struct life lives_previous(const struct lives *l, const char *label)
{
    const struct entry *e = find(l, label);

    return e ? e->before : (struct life){ 0 };
}
