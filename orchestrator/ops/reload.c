#include "ops/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "model/member.h"
#include "ops/inside.h"

#define TEST_US (30 * USEC_PER_SEC)

enum { OUTPUT_MAX = 64 * 1024 };

static bool is_named(const char *const *services, const char *name)
{
    for (; services && *services; services++)
        if (strcmp(*services, name) == 0)
            return true;
    return false;
}

/* what was asked for by name must be there and be able to */
static int check_named(const struct project *project, const char *const *services, struct err *e)
{
    for (; services && *services; services++) {
        const struct unit *u = project_unit(project, *services);

        if (!u)
            err_set(e, -ENOENT, "project '%s' has no service '%s'", project->name, *services);
        else if (u->sickness.reload_signal == 0)
            err_set(e, -ENOTSUP, "nothing says how service '%s' is told to read its configuration",
                    u->name);
        else
            continue;
        if (u)
            err_hint(e, "ipam-orch restart %s, or set x-native.reload_signal", u->name);
        return err_classify(e, ERR_USAGE);
    }
    return 0;
}

static json_t *choose(const struct project *project, const json_t *status,
                      const char *const *services)
{
    json_t *list = json_array(), *one;
    size_t i;

    json_array_foreach (json_object_get(status, "services"), i, one) {
        const char *name = member_text(one, "service");
        const struct unit *u = project_unit(project, name);
        json_int_t pid = json_integer_value(json_object_get(one, "pid"));

        if (!u || pid <= 0 || u->sickness.reload_signal == 0 ||
            (services && !is_named(services, name)))
            continue;
        (void) json_array_append_new(
            list, json_pack("{s:s,s:s,s:O,s:I,s:i,s:b}", "service", name, "name",
                            member_text(one, "name"), "index", json_object_get(one, "index"), "pid",
                            pid, "signal", u->sickness.reload_signal, "tested",
                            u->sickness.reload_test && u->sickness.reload_test[0]));
    }
    return list;
}

static int test(const struct procedure *p, const struct unit *u, const json_t *one, struct err *e)
{
    const struct inside command = { .service = u->name,
                                    .index =
                                        (int) json_integer_value(json_object_get(one, "index")),
                                    .argv = u->sickness.reload_test,
                                    .in = -1 };
    auto_free char *output = NULL;
    int r;

    if (!json_is_true(json_object_get(one, "tested")))
        return 0;
    r = inside_output(p, &command, TEST_US, OUTPUT_MAX, &output, e);
    if (r == -ECHILD) {
        err_wrap(e, "service '%s' goes on with the configuration it has", u->name);
        err_hint(e, "ipam-orch exec %s %s, and what it names", u->name, u->sickness.reload_test[0]);
        return err_classify(e, ERR_CONFIG);
    }
    return r;
}

static int send(const struct procedure *p, const json_t *one, struct err *e)
{
    json_t *answer = NULL;
    int r = procedure_ask(p,
                          json_pack("{s:s,s:s,s:[s],s:O,s:O}", "op", "kill", "project", p->project,
                                    "services", member_text(one, "service"), "signal",
                                    json_object_get(one, "signal"), "index",
                                    json_object_get(one, "index")),
                          &answer, e);

    json_decref(answer);
    return r;
}

static int reload(const struct procedure *p, const struct project *project, const json_t *list,
                  struct err *e)
{
    const json_t *one;
    size_t i;
    int r = 0;

    json_array_foreach ((json_t *) (size_t) list, i, one)
        if ((r = test(p, project_unit(project, member_text(one, "service")), one, e)) < 0)
            return r;
    json_array_foreach ((json_t *) (size_t) list, i, one)
        if ((r = send(p, one, e)) < 0)
            return r;
    return 0;
}

int reload_services(const struct procedure *p, const char *const *services, json_t **out,
                    struct err *e)
{
    struct project *project = NULL;
    json_t *status = NULL, *list = NULL;
    int r = procedure_definition(p, &project, e);

    if (r == 0)
        r = check_named(project, services, e);
    if (r == 0)
        r = procedure_status(p, &status, e);
    if (r == 0)
        list = choose(project, status, services);
    if (r == 0 && json_array_size(list) == 0) {
        r = err_set(e, -ESRCH, "no service runs that could read its configuration again");
        err_hint(e, "ipam-orch ps");
    }
    if (r == 0)
        r = reload(p, project, list, e);
    if (r == 0) {
        procedure_note(p, "reloaded", json_pack("{s:O}", "services", list));
        *out = json_incref(list);
    }
    json_decref(list);
    json_decref(status);
    project_free(project);
    return r;
}
