#include "cli/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/daemons.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/record.h"
#include "model/member.h"
#include "ops/oplock.h"
#include "ops/workdir.h"

/* Only once: what ends again and again is for a human to look at. */
static int on_event(struct progress *p, const json_t *event, bool *revived, struct err *e)
{
    const char *what = json_string_value(json_object_get(event, "event"));

    progress_event(p, event);
    if (!what || strcmp(what, "broker lost") != 0)
        return 0;
    if (*revived) {
        auto_free char *log = paths_join("tail %s/ipam-sandboxd.log", paths_log());

        err_set(e, -ECONNRESET, "the sandbox broker went away twice");
        return err_hint(e, "%s", log);
    }
    *revived = true;
    return daemons_revive(e);
}

/* What changes a project is done by one at a time: *fd is the lock.  A procedure that has it
 * already goes on; who may not have it is told so by the manager; and a full disk keeps nobody from
 * stopping anything. */
static int take_lock(const struct cli *cli, const json_t *message, int *fd, struct err *e)
{
    const json_t *definition = json_object_get(message, "definition");
    const char *project =
        definition ? member_text(definition, "name") : member_text(message, "project");
    json_t *holder = NULL;
    auto_fd dir = -1;
    bool ours;
    int r = 0;

    record_project(project);
    if (workdir_open(project, NULL, &dir, NULL) < 0)
        return 0;
    if (oplock_holder(dir, &holder, NULL) < 0)
        return 0;
    ours = holder && json_integer_value(json_object_get(holder, "pid")) == getpid() &&
           !json_is_true(json_object_get(holder, "hold"));
    json_decref(holder);
    if (!ours)
        r = oplock_take(dir, member_text(message, "operation"), "", cli->lock_wait_us, fd, e);
    if (r == 0 || e->class == ERR_LOCKED)
        return r;
    *e = (struct err) ERR_INIT;
    return 0;
}

int request_run(const struct cli *cli, struct client *c, json_t *message, bool *ending,
                char service[128], struct err *e)
{
    json_t *failure = NULL;
    int r = request_run_told(cli, c, message, ending, &failure, e);

    (void) snprintf(service, 128, "%s", member_text(failure, "service"));
    json_decref(failure);
    return r;
}

int request_run_told(const struct cli *cli, struct client *c, json_t *message, bool *ending,
                     json_t **failure, struct err *e)
{
    struct progress *p;
    bool revived = false;
    auto_fd lock = -1;
    int r = take_lock(cli, message, &lock, e);

    *failure = NULL;
    if (r < 0) {
        json_decref(message);
        return r;
    }
    p = progress_new(cli);
    r = client_send(c, message, e);
    while (r == 0) {
        json_t *answer = NULL;
        const json_t *event;

        r = client_receive(c, progress_tick_ms(p), &answer, e);
        if (r == -EAGAIN || r == -EINTR) {
            progress_tick(p);
            r = 0;
            continue;
        }
        if (r < 0)
            break;
        event = json_object_get(answer, "event");
        r = event ? on_event(p, event, &revived, e) : client_error(answer, e);
        if (r < 0 && !*failure)
            *failure = json_incref(json_object_get(answer, "error"));
        bool done = json_is_true(json_object_get(answer, "done"));
        *ending = json_is_true(json_object_get(answer, "ending"));
        json_decref(answer);
        if (done)
            break;
    }
    progress_free(p);
    return r;
}

static const json_t *find_project(const json_t *status, const char *name, const char *dir)
{
    const json_t *list = json_object_get(json_object_get(status, "status"), "projects");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *p = json_array_get(list, i);
        const char *value = json_string_value(json_object_get(p, name ? "project" : "directory"));
        if (value && strcmp(value, name ? name : dir) == 0)
            return p;
    }
    return NULL;
}

int request_project(const struct cli *cli, struct client *c, char **out, json_t **status,
                    struct err *e)
{
    struct load_options load = options_load(cli);
    auto_free char *dir = NULL;
    json_t *answer = NULL;
    const json_t *project;
    int r = 0;

    if (!cli->project_name)
        r = load_project_dir(&load, &dir, e);
    if (r == 0)
        r = client_send(c, json_pack("{s:s}", "op", "status"), e);
    if (r == 0)
        r = client_receive(c, -1, &answer, e);
    if (r < 0)
        return r;
    project = find_project(answer, cli->project_name, dir);
    if (!project) {
        json_decref(answer);
        err_set(e, -ENOENT, "no project is running%s%s",
                cli->project_name ? " under the name " : " from ",
                cli->project_name ? cli->project_name : dir);
        return err_hint(e, "ipam-orch up");
    }
    *out = strdup(json_string_value(json_object_get(project, "project")));
    if (status)
        *status = json_incref((json_t *) (size_t) project);
    json_decref(answer);
    return 0;
}

static int check_names(const char *const *known, char *const *services, struct err *e)
{
    for (; services && *services; services++) {
        const char *near;

        if (strv_has((char *const *) (size_t) known, *services))
            continue;
        near = suggest(*services, known);
        err_set(e, -ENOENT, "no such service: '%s'%s%s%s", *services,
                near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
        err_hint(e, "ipam-orch config --services");
        return err_classify(e, ERR_USAGE);
    }
    return 0;
}

int request_check_services(const json_t *project, char *const *services, struct err *e)
{
    const json_t *list = json_object_get(project, "services");
    auto_free const char **names = calloc(json_array_size(list) + 1, sizeof(char *));

    if (!names)
        abort();
    for (size_t i = 0; i < json_array_size(list); i++)
        names[i] = json_string_value(json_object_get(json_array_get(list, i), "service"));
    return check_names(names, services, e);
}

int request_attach(const struct cli *cli, struct client **c, char **project, json_t **status,
                   struct err *e)
{
    int r = daemons_attach(cli, c, e);

    if (r < 0)
        return r;
    r = request_project(cli, *c, project, status, e);
    if (r == 0 || e->class != ERR_UNREACHABLE)
        return r;
    /* it was about to end, and what it has left is for the next one */
    *e = ERR_INIT;
    client_close(take_ptr(*c));
    r = daemons_attach(cli, c, e);
    return r == 0 ? request_project(cli, *c, project, status, e) : r;
}

int request_open(const struct cli *cli, char *const *services, struct client **c, char **project,
                 json_t **status, struct err *e)
{
    int r;

    *status = NULL;
    r = request_attach(cli, c, project, status, e);
    if (r == 0)
        r = request_check_services(*status, services, e);
    if (r < 0) {
        json_decref(*status);
        *status = NULL;
    }
    return r;
}

int request_ask(struct client *c, const char *project, const char *op, char *const *services,
                json_t *more, json_t **instances, struct err *e)
{
    json_t *answer = NULL, *names = json_array();
    json_t *message = more ? more : json_object();
    int r;

    for (; services && *services; services++)
        (void) json_array_append_new(names, json_string(*services));
    (void) json_object_set_new(message, "op", json_string(op));
    (void) json_object_set_new(message, "project", json_string(project));
    (void) json_object_set_new(message, "services", names);
    if (strcmp(op, "stats") != 0 && (strcmp(op, "limits") != 0 || json_object_get(message, "set")))
        record_project(project);
    r = client_send(c, message, e);
    if (r == 0)
        r = client_receive(c, -1, &answer, e);
    if (r == 0)
        r = client_error(answer, e);
    if (r == 0)
        *instances = json_incref(json_object_get(answer, "instances"));
    json_decref(answer);
    return r;
}

int request_inquiry(const struct cli *cli, const char *op, char *const *services, json_t *more,
                    json_t **instances, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    int r = request_open(cli, services, &client, &project, &status, e);

    json_decref(status);
    if (r == 0)
        return request_ask(client, project, op, services, more, instances, e);
    json_decref(more);
    return r;
}

int request_check_units(const struct project *p, char *const *services, struct err *e)
{
    auto_free const char **names = calloc(p->n_units + 1, sizeof(char *));

    if (!names)
        abort();
    for (size_t i = 0; i < p->n_units; i++)
        names[i] = p->units[i].name;
    return check_names(names, services, e);
}

/* from the compose file, when no manager knows the project */
static int services_from_file(const struct cli *cli, char **project, char ***services,
                              struct err *e)
{
    struct load_options load = options_load(cli);
    const struct node *map;
    struct loaded l = { 0 };
    int r = load_model(&load, &l, e);

    if (r == 0) {
        *project = strdup(l.name);
        map = node_get(l.model, "services");
        for (uint32_t i = 0; i < node_count(map); i++)
            strv_append(services, map->entries[i].key);
    }
    r = load_finish_error(e, r);
    loaded_clear(&l);
    return r;
}

int request_services(const struct cli *cli, char **project, char ***services, struct err *e)
{
    auto_free char *path = options_socket(cli);
    auto_client client = NULL;
    json_t *status = NULL;
    const json_t *list;

    if (client_open(path, &client, NULL) < 0 ||
        request_project(cli, client, project, &status, NULL) < 0)
        return services_from_file(cli, project, services, e);
    list = json_object_get(status, "services");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "service"));

        if (!strv_has(*services, name)) /* it may have several instances */
            strv_append(services, name);
    }
    json_decref(status);
    return 0;
}

int request_services_named(const struct cli *cli, char *const *names, char **project,
                           char ***services, struct err *e)
{
    int r = request_services(cli, project, services, e);

    return r < 0 ? r : check_names((const char *const *) *services, names, e);
}

int request_name(const struct cli *cli, char **project, struct err *e)
{
    auto_strv services = NULL;

    if (!cli->project_name)
        return request_services(cli, project, &services, e);
    if (strchr(cli->project_name, '/') || cli->project_name[0] == '.') {
        err_set(e, -EINVAL, "'%s' is no project name", cli->project_name);
        return err_classify(e, ERR_USAGE);
    }
    *project = strdup(cli->project_name);
    if (!*project)
        abort();
    return 0;
}
