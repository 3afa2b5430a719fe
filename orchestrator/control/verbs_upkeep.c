/* What is asked about schedules, and about what is on disk. */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "control/server_impl.h"
#include "engine/timetable.h"
#include "engine/upkeep.h"

static void on_broker_answered(void *owner, const struct runtime_answer *how)
{
    struct err e = ERR_INIT;

    if (how->ok) {
        json_t *fields = json_deep_copy(how->fields);

        (void) json_object_del(fields, "tag");
        connection_say(owner, json_pack("{s:o}", "answer", fields));
        return;
    }
    err_set(&e, how->error > 0 ? -how->error : -EIO, "%s", how->output);
    connection_fail(owner, &e);
}

/* what the broker is asked without much ado: volumes, and what is in the trash */
int verbs_storage(struct connection *c, json_t *message, struct err *e)
{
    static const char *const asks[] = { "volumes", "volume_remove", "trash_restore", "trash_purge",
                                        "trash_expire" };
    struct exec_watcher watcher = { .owner = c, .done = on_broker_answered };
    const char *op, *what, *volume;
    json_t *fields = NULL;
    json_error_t where;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s?o}", "op", &op, "what", &what,
                       "fields", &fields) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    volume = json_string_value(json_object_get(fields, "volume"));
    if (strcmp(what, "volume_remove") == 0 && volume &&
        supervisor_volume_is_free(c->server->supervisor, volume, e) < 0)
        return e->code;
    for (size_t i = 0; i < ARRAY_LEN(asks); i++)
        if (strcmp(asks[i], what) == 0)
            return supervisor_ask_runtime(c->server->supervisor, what, fields, &watcher, e);
    return err_set(e, -EINVAL, "request: storage knows no '%s'", what);
}

int verbs_leftovers(struct connection *c, json_t *message, struct err *e)
{
    struct exec_watcher watcher = { .owner = c, .done = on_broker_answered };
    const char *op;
    json_error_t where;
    int remove = 0;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:b}", "op", &op, "remove", &remove) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    return supervisor_ask_leftovers(c->server->supervisor, remove, &watcher, e);
}

static void on_schedule_done(void *owner, const struct runtime_answer *how)
{
    connection_say(owner, json_pack("{s:b,s:O}", "done", 1, "run", how->fields));
}

int verbs_schedule(struct connection *c, json_t *message, struct err *e)
{
    static const char *const words[] = {
        [SCHEDULE_BEGIN] = "run", [SCHEDULE_ENABLE] = "enable", [SCHEDULE_DISABLE] = "disable"
    };
    struct exec_watcher watcher = { .owner = c, .done = on_schedule_done };
    struct supervisor_schedule r = { .by = c->by };
    const char *op, *what;
    json_error_t where;
    size_t i = 0;
    int code;

    if (json_unpack_ex(message, &where, JSON_STRICT, "{s:s,s:s,s:s,s:s}", "op", &op, "project",
                       &r.project, "name", &r.name, "what", &what) < 0)
        return err_set(e, -EINVAL, "request: %s", where.text);
    while (i < ARRAY_LEN(words) && strcmp(words[i], what) != 0)
        i++;
    if (i == ARRAY_LEN(words))
        return err_set(e, -EINVAL, "request: schedules know no '%s'", what);
    r.what = (enum supervisor_schedule_what) i;
    code = supervisor_schedule(c->server->supervisor, &r, &watcher, e);
    if (code == 0 && r.what != SCHEDULE_BEGIN)
        connection_say(c, json_pack("{s:b}", "done", 1));
    return code;
}

int verbs_schedules(struct connection *c, json_t *message, struct err *e)
{
    const char *name = json_string_value(json_object_get(message, "project"));
    json_t *list = NULL;
    int r = supervisor_schedules(c->server->supervisor, name ? name : "", &list, e);

    if (r == 0)
        connection_say(c, json_pack("{s:o}", "schedules", list));
    return r;
}
