#include "cli/forward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/daemons.h"
#include "cli/log_reader.h"
#include "cli/operate.h"
#include "cli/progress.h"
#include "cli/request.h"
#include "model/project_json.h"
#include "ops/migrate.h"

enum { FAILURE_LINES = 40, SERVICE = 128 };

/* ---- who needs whom ---- */

static void add_needed(const struct project *p, const struct unit *u, bool *in)
{
    if (in[u - p->units])
        return;
    in[u - p->units] = true;
    for (size_t i = 0; i < u->n_deps; i++) {
        const struct unit *on = project_unit(p, u->deps[i].unit);

        if (on)
            add_needed(p, on, in);
    }
}

static bool needs(const struct project *p, const struct unit *u, const char *service)
{
    auto_free bool *in = calloc(p->n_units + 1, sizeof *in);
    const struct unit *on = project_unit(p, service);

    if (!in)
        abort();
    add_needed(p, u, in);
    return on && in[on - p->units];
}

/* what this `up` is about; the caller's */
static bool *selected(const struct up *in, const struct project *p)
{
    bool *out = calloc(p->n_units + 1, sizeof *out);

    if (!out)
        abort();
    for (size_t i = 0; i < p->n_units; i++) {
        if (in->services && !strv_has(in->services, p->units[i].name))
            continue;
        if (in->no_deps)
            out[i] = true;
        else
            add_needed(p, &p->units[i], out);
    }
    return out;
}

/* ---- what there is ---- */

static bool is_live(const json_t *instance)
{
    return json_integer_value(json_object_get(instance, "pid")) > 0;
}

/* whether an instance of the service is as `test` says */
static bool any(const json_t *status, const char *service, bool (*test)(const json_t *instance))
{
    const json_t *list = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(one, "service"));

        if (name && strcmp(name, service) == 0 && test(one))
            return true;
    }
    return false;
}

static bool is_there(const json_t *instance)
{
    (void) instance;
    return true;
}

static bool is_ready(const json_t *instance)
{
    const char *state = json_string_value(json_object_get(instance, "state"));

    return state && strcmp(state, "up") == 0;
}

/* it is used, by what has to go on */
static bool is_in_use(const struct project *p, const json_t *status)
{
    const char *db = p->database.unit;

    for (size_t i = 0; i < p->n_units; i++)
        if (strcmp(p->units[i].name, db) != 0 && needs(p, &p->units[i], db) &&
            any(status, p->units[i].name, is_live))
            return any(status, db, is_there);
    return false;
}

/* ---- the database starts ---- */

static int request(struct cli *cli, struct client *client, const struct project *p, json_t *message,
                   struct err *e)
{
    char service[SERVICE] = "";
    bool ending = false;
    int r = request_run(cli, client, message, &ending, service, e);

    if (r < 0 && service[0] != '\0')
        log_reader_print_last(p->name, service, FAILURE_LINES, stderr);
    if (ending)
        daemons_wait_end(client);
    return r;
}

/* With others that use it: it alone becomes what the files say.  Else all that does not wait for
 * it starts beside it. */
static int start_database(struct cli *cli, const struct up *in, const struct project *p,
                          const json_t *status, struct client *client, struct forward *out,
                          struct err *e)
{
    auto_free bool *about = selected(in, p);
    const char *db = p->database.unit;
    bool alone = is_in_use(p, status);
    json_t *services = json_array(), *message;

    out->started = json_array();
    for (size_t i = 0; i < p->n_units; i++) {
        const char *name = p->units[i].name;

        if (strcmp(name, db) != 0 && (alone || !about[i] || needs(p, &p->units[i], db)))
            continue;
        (void) json_array_append_new(services, json_string(name));
        if (!any(status, name, is_live))
            (void) json_array_append_new(out->started, json_string(name));
    }
    message =
        json_pack("{s:s,s:s,s:s,s:o,s:o,s:b,s:b}", "op", "begin", "operation",
                  alone ? "restart" : "up", "project", p->name, "definition", project_to_tree(p),
                  "services", services, "keep", in->keep, "no_deps", in->no_deps || alone);
    patience_tell(&in->patience, message);
    return request(cli, client, p, message, e);
}

/* ---- the scripts ---- */

static void tell(const struct cli *cli, const struct project *p, const struct migrate_result *done)
{
    struct progress *progress = progress_new(cli);
    char detail[80];
    json_t *event;

    (void) snprintf(detail, sizeof detail, "%u migrations, %u seeds", done->migrations,
                    done->seeds);
    event = json_pack("{s:s,s:s,s:s,s:s}", "event", "migrated", "project", p->name, "service",
                      p->database.unit, "detail", detail);
    progress_event(progress, event);
    progress_free(progress);
    json_decref(event);
}

static int apply(struct cli *cli, const struct project *p, struct err *e)
{
    struct migrate_request request = { .project = p, .migrations = true, .seeds = true };
    struct migrate_result done = MIGRATE_NOTHING;
    struct operate o = OPERATE_NONE;
    int r = operate_begin_named(cli, p->name, "up", "the database is brought forward", &o, e);

    if (r == 0)
        r = migrate_run(&o.procedure, &request, &done, e);
    if (r == 0 && done.migrations + done.seeds > 0) {
        procedure_note(&o.procedure, "migrated",
                       json_pack("{s:s,s:i,s:i,s:s}", "service", p->database.unit, "migrations",
                                 (int) done.migrations, "seeds", (int) done.seeds, "release",
                                 p->release));
        tell(cli, p, &done);
    }
    json_decref(done.steps);
    operate_end(&o, r);
    return r;
}

int forward_run(struct cli *cli, const struct up *in, const struct project *p, struct forward *out,
                struct err *e)
{
    auto_free bool *about = selected(in, p);
    const struct unit *db = project_unit(p, p->database.unit);
    auto_client client = NULL;
    auto_free char *name = NULL;
    struct cli named = *cli;
    json_t *status = NULL;
    int r;

    *out = (struct forward){ 0 };
    if (!migrate_is_possible(p) || !db || !about[db - p->units])
        return 0;
    r = daemons_connect(cli, &client, e);
    if (r < 0)
        return r;
    named.project_name = p->name;
    out->fresh = request_project(&named, client, &name, &status, NULL) < 0;
    if (!any(status, db->name, is_ready))
        r = start_database(cli, in, p, status, client, out, e);
    json_decref(status);
    if (r < 0) {
        forward_clear(out); /* whoever failed to start it has undone it */
        return r;
    }
    r = apply(cli, p, e);
    if (r < 0)
        forward_undo(cli, in, p, out);
    return r;
}

void forward_undo(struct cli *cli, const struct up *in, const struct project *p, struct forward *f)
{
    struct cli silent = *cli;
    auto_client client = NULL;
    struct err why = ERR_INIT;
    int r;

    if (!f->started || json_array_size(f->started) == 0 || in->keep)
        return;
    silent.progress = PROGRESS_QUIET;
    r = daemons_connect(cli, &client, &why);
    if (r == 0)
        r = request(&silent, client, p,
                    f->fresh ? json_pack("{s:s,s:s,s:s}", "op", "begin", "operation", "down",
                                         "project", p->name)
                             : json_pack("{s:s,s:s,s:s,s:O}", "op", "begin", "operation", "stop",
                                         "project", p->name, "services", f->started),
                    &why);
    if (r < 0)
        fprintf(stderr, "warning: stopping what was started: %s\n", why.msg);
}

void forward_clear(struct forward *f)
{
    json_decref(f->started);
    *f = (struct forward){ 0 };
}
