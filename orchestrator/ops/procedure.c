#include "ops/procedure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "model/project_json.h"
#include "ops/cert.h"
#include "ops/intent.h"
#include "ops/maintenance.h"
#include "ops/oplock.h"
#include "ops/restore.h"
#include "ops/rotate.h"
#include "ops/safeguard.h"
#include "ops/update.h"
#include "ops/workdir.h"

/* who undoes or finishes what a verb has written down; ends with a NULL verb */
static const struct {
    const char *verb;
    int (*undo)(struct procedure *p, const json_t *intent, struct err *e);
} undoers[] = {
    { "update", update_undo },
    { "migrate", safeguard_undo },
    { "cert", cert_undo },
    { "secrets rotate", rotate_undo },
    { "maintenance", maintenance_undo },
    { "restore", restore_undo },
    { 0 },
};

static int undo(struct procedure *p, struct err *e)
{
    json_t *intent = NULL;
    const char *verb;
    int r = intent_load(p->dir, &intent, e);

    if (r < 0 || !intent)
        return r;
    verb = json_string_value(json_object_get(json_object_get(intent, "meant"), "verb"));
    r = err_set(e, -ENOTSUP, "an interrupted '%s' is unfinished, and this version cannot undo it",
                verb ? verb : "?");
    for (size_t i = 0; verb && undoers[i].verb; i++) {
        if (strcmp(undoers[i].verb, verb) != 0)
            continue;
        *e = ERR_INIT;
        procedure_say(p, "an earlier %s was interrupted: cleaning up after it", verb);
        r = undoers[i].undo(p, intent, e);
        if (r < 0)
            (void) err_wrap(e, "after an interrupted %s", verb);
        else
            r = intent_end(p->dir, e);
        break;
    }
    json_decref(intent);
    return r;
}

int procedure_begin(const struct procedure_config *config, struct procedure *out, struct err *e)
{
    int r;

    *out = PROCEDURE_NONE;
    out->config = config;
    out->project = strdup(config->project);
    if (!out->project)
        abort();
    r = workdir_open(config->project, NULL, &out->dir, e);
    if (r == 0)
        r = oplock_take(out->dir, config->verb, config->message, config->lock_wait_us, &out->lock,
                        e);
    if (r == 0)
        r = undo(out, e);
    return r;
}

void procedure_look(const struct procedure_config *config, struct procedure *out)
{
    *out = PROCEDURE_NONE;
    out->config = config;
    out->project = strdup(config->project);
    if (!out->project)
        abort();
}

void procedure_end(struct procedure *p, int result)
{
    (void) result;
    if (p->lock >= 0)
        close(p->lock);
    if (p->dir >= 0)
        close(p->dir);
    free(p->project);
    *p = PROCEDURE_NONE;
}

void procedure_say(const struct procedure *p, const char *fmt, ...)
{
    char line[1024];
    va_list args;

    va_start(args, fmt);
    (void) vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    p->config->say(p->config->owner, line);
}

int procedure_ask(const struct procedure *p, json_t *message, json_t **answer, struct err *e)
{
    auto_client client = NULL;
    int r = p->config->connect(p->config->owner, &client, e);

    if (r < 0) {
        json_decref(message);
        return r;
    }
    r = client_send(client, message, e);
    if (r == 0)
        r = client_receive(client, -1, answer, e);
    if (r == 0 && (r = client_error(*answer, e)) < 0) {
        json_decref(*answer);
        *answer = NULL;
    }
    return r;
}

int procedure_definition(const struct procedure *p, struct project **out, struct err *e)
{
    auto_free char *text = NULL;
    json_t *answer = NULL;
    int r = procedure_ask(p, json_pack("{s:s,s:s}", "op", "definition", "project", p->project),
                          &answer, e);

    if (r < 0)
        return r;
    text = json_dumps(json_object_get(answer, "definition"), JSON_COMPACT);
    json_decref(answer);
    return text ? project_from_json(text, strlen(text), out, e)
                : err_set(e, -EBADMSG, "the manager's answer is not readable");
}

int procedure_status(const struct procedure *p, json_t **out, struct err *e)
{
    json_t *answer = NULL, *projects;
    int r =
        procedure_ask(p, json_pack("{s:s,s:s}", "op", "status", "project", p->project), &answer, e);

    if (r < 0)
        return r;
    projects = json_object_get(json_object_get(answer, "status"), "projects");
    *out = json_incref(json_array_get(projects, 0));
    json_decref(answer);
    if (*out)
        return 0;
    err_set(e, -ENOENT, "the project %s is not running", p->project);
    return err_hint(e, "ipam-orch up");
}

int procedure_request(const struct procedure *p, json_t *message, struct err *e)
{
    auto_client client = NULL;
    bool done = false;
    int r = p->config->connect(p->config->owner, &client, e);

    if (r < 0) {
        json_decref(message);
        return r;
    }
    r = client_send(client, message, e);
    while (r == 0 && !done) {
        json_t *answer = NULL;

        r = client_receive(client, -1, &answer, e);
        if (r == -EINTR) {
            r = 0;
            continue;
        }
        if (r == 0)
            r = client_error(answer, e);
        done = json_is_true(json_object_get(answer, "done"));
        json_decref(answer);
    }
    return r;
}

void procedure_note(const struct procedure *p, const char *event, json_t *details)
{
    struct err e = ERR_INIT;

    if (procedure_request(p,
                          json_pack("{s:s,s:s,s:s,s:o*}", "op", "note", "project", p->project,
                                    "event", event, "details", details),
                          &e) < 0)
        procedure_say(p, "warning: not in the journal: %s", e.msg);
}
