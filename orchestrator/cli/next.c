#include "cli/next.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/options.h"
#include "cli/request.h"
#include "compose/load.h"
#include "model/member.h"
#include "ops/plan.h"

/* of services that nobody asked about: as they are */
static void narrow(json_t *plan, char *const *services)
{
    for (size_t i = json_array_size(plan); services && i > 0; i--)
        if (!strv_has(services, member_text(json_array_get(plan, i - 1), "service")))
            (void) json_array_remove(plan, i - 1);
}

static int compare(const struct procedure *p, char *const *services, struct next *n, struct err *e)
{
    int r = procedure_definition(p, &n->now, e);

    if (r == 0)
        r = procedure_status(p, &n->status, e);
    if (r == 0)
        r = plan_make(n->now, n->status, n->project, &n->plan, e);
    if (r < 0)
        return r;
    narrow(n->plan, services);
    n->basis = plan_basis(n->now, n->status);
    return 0;
}

int next_load(const struct cli *cli, const struct procedure *p, char *const *services, bool make,
              struct next *out, struct err *e)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    int r;

    *out = (struct next){ 0 };
    load.project_name = p->project;
    r = load_project(&load, &out->project, &warnings, e);
    if (r == 0 && !cli->quiet)
        warnings_print(&warnings, stderr);
    if (r == 0)
        r = request_check_units(out->project, services, e);
    if (r == 0)
        r = make ? release_make(out->project, out->release, e)
                 : release_name(out->project, out->release, e);
    return r == 0 ? compare(p, services, out, e) : r;
}

/* the files as they are, or NULL: a release does without them when it can */
static struct project *files_of(const struct cli *cli, const char *project)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct err ignored = ERR_INIT;
    struct project *files = NULL;

    load.project_name = project;
    return load_project(&load, &files, &warnings, &ignored) == 0 ? files : NULL;
}

static int load_release(const struct cli *cli, const struct procedure *p, const char *id,
                        const struct project *now, struct project **out, struct err *e)
{
    const struct project *known[] = { now, NULL, NULL };
    struct project *files = NULL;
    int r = release_load(p->project, id, known, out, e);

    if (r != -ENOKEY || !(files = files_of(cli, p->project)))
        return r;
    *e = ERR_INIT;
    known[1] = files;
    r = release_load(p->project, id, known, out, e);
    project_free(files);
    return r;
}

int next_load_release(const struct cli *cli, const struct procedure *p, const char *id,
                      struct next *out, struct err *e)
{
    struct project *now = NULL;
    int r = procedure_definition(p, &now, e);

    *out = (struct next){ 0 };
    if (r == 0)
        r = load_release(cli, p, id, now, &out->project, e);
    project_free(now);
    (void) snprintf(out->release, sizeof out->release, "%s", id);
    return r == 0 ? compare(p, NULL, out, e) : r;
}

void next_clear(struct next *n)
{
    project_free(n->now);
    project_free(n->project);
    json_decref(n->status);
    json_decref(n->plan);
    free(n->basis);
    *n = (struct next){ 0 };
}

void next_print(const json_t *plan, bool full)
{
    const json_t *item, *field;
    size_t i, k;

    json_array_foreach (plan, i, item) {
        const char *action = member_text(item, "action"), *impact = member_text(item, "impact");

        if (!full && strcmp(action, "none") == 0)
            continue;
        printf("%-10s %-20s %-12s %s\n", action, member_text(item, "service"),
               member_text(item, "hash"), impact);
        json_array_foreach (json_object_get(item, "fields"), k, field) {
            const char *from = member_text(field, "from"), *to = member_text(field, "to");

            printf("    %s: %s%s%s\n", member_text(field, "field"), from,
                   from[0] && to[0] ? " -> " : "", to);
        }
    }
}
