#include "cli/failure.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/when.h"
#include "model/member.h"

static const json_t *event_of(const json_t *failure)
{
    return json_object_get(failure, "event");
}

static json_int_t time_of(const json_t *failure)
{
    return json_integer_value(json_object_get(event_of(failure), "time_us"));
}

static int by_time(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;

    return (time_of(*x) > time_of(*y)) - (time_of(*x) < time_of(*y));
}

json_t *failure_list(const char *project, char *const *services)
{
    auto_free char *pattern = paths_join("%s/%s/@failure.*.json", paths_log(), project);
    auto_free json_t **found = NULL;
    json_t *list = json_array();
    glob_t files = { 0 };
    size_t n = 0;

    (void) glob(pattern, GLOB_NOSORT, NULL, &files);
    found = calloc(files.gl_pathc + 1, sizeof(json_t *));
    if (!found)
        abort();
    for (size_t i = 0; i < files.gl_pathc; i++) {
        json_t *one = json_load_file(files.gl_pathv[i], 0, NULL);

        if (one && strv_has(services, member_text(event_of(one), "service")))
            found[n++] = one;
        else
            json_decref(one);
    }
    globfree(&files);
    qsort(found, n, sizeof(json_t *), by_time);
    for (size_t i = 0; i < n; i++)
        (void) json_array_append_new(list, found[i]);
    return list;
}

static void print_checks(const json_t *checks)
{
    size_t n = json_array_size(checks);
    const json_t *last = json_array_get(checks, n ? n - 1 : 0);

    if (last)
        printf("  last health check: %s, status %d%s%s\n",
               json_is_true(json_object_get(last, "ok")) ? "passed" : "failed",
               (int) json_integer_value(json_object_get(last, "code")),
               member_text(last, "output")[0] ? ": " : "", member_text(last, "output"));
}

static void print_others(const json_t *others)
{
    const char *name, *begun = "  it needs: ";
    json_t *state;

    json_object_foreach ((json_t *) (size_t) others, name, state) {
        printf("%s%s (%s)", begun, name, json_string_value(state));
        begun = ", ";
    }
    if (json_object_size(others) > 0)
        putchar('\n');
}

static void print_figures(const json_t *figures)
{
    if (figures)
        printf("  memory: %.1f MiB, at most %.1f MiB; processes: %d\n",
               (double) json_integer_value(json_object_get(figures, "memory")) / (1024 * 1024),
               (double) json_integer_value(json_object_get(figures, "memory_peak")) / (1024 * 1024),
               (int) json_integer_value(json_object_get(figures, "pids")));
}

void failure_print(const json_t *failure)
{
    const json_t *event = event_of(failure), *lines = json_object_get(failure, "lines");
    char at[WHEN_TEXT];

    when_format((uint64_t) time_of(failure), at);
    printf("%s %s %s%s%s\n", at, member_text(event, "name"), member_text(event, "event"),
           member_text(event, "detail")[0] ? ": " : "", member_text(event, "detail"));
    print_checks(json_object_get(failure, "checks"));
    print_others(json_object_get(failure, "depends_on"));
    print_figures(json_object_get(failure, "figures"));
    if (json_array_size(lines) > 0)
        puts("  its last lines:");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *text = member_text(json_array_get(lines, i), "log");

        printf("    %.*s\n", (int) strcspn(text, "\n"), text);
    }
}
