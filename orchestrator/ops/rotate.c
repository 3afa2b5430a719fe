#include "ops/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/limits.h"
#include "model/member.h"
#include "model/settings.h"
#include "ops/account.h"
#include "ops/intent.h"
#include "ops/renew.h"

enum { LOOK_AGAIN_MS = 100 };
#define HEALTH_US (60 * USEC_PER_SEC)
#define READY_US  (300 * USEC_PER_SEC) /* for the services that start again */

/* what was written down, and what the project is now */
struct turn {
    struct procedure *p;
    const json_t *meant;
    struct project *project;
    struct account account;
    bool runs; /* the server of the account */
};

static const char *text(const struct turn *t, const char *key)
{
    return member_text(t->meant, key);
}

/* ---- what runs ---- */

static bool is_running(const json_t *status, const char *service)
{
    const json_t *list = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        if (strcmp(member_text(one, "service"), service) == 0 &&
            json_integer_value(json_object_get(one, "pid")) > 0)
            return true;
    }
    return false;
}

static bool is_sick(const json_t *status, const char *service)
{
    const json_t *list = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        if (strcmp(member_text(one, "service"), service) == 0 &&
            strcmp(member_text(one, "health"), "unhealthy") == 0)
            return true;
    }
    return false;
}

static bool uses(const struct unit *u, const char *secret)
{
    for (size_t i = 0; i < u->n_files; i++)
        if (strcmp(u->files[i].secret, secret) == 0)
            return true;
    return false;
}

/* Those that run and read it; the server itself has taken it already. */
static json_t *readers(const struct turn *t, const char *secret, const json_t *status)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->project->n_units; i++) {
        const struct unit *u = &t->project->units[i];

        if (uses(u, secret) && is_running(status, u->name) &&
            !(t->account.kind != ACCOUNT_NONE && strcmp(t->account.service, u->name) == 0))
            (void) json_array_append_new(list, json_string(u->name));
    }
    return list;
}

static int open_turn(struct procedure *p, const json_t *meant, struct turn *t, struct err *e)
{
    json_t *status = NULL;
    int r;

    *t = (struct turn){ .p = p, .meant = meant };
    r = procedure_definition(p, &t->project, e);
    if (r == 0)
        r = procedure_status(p, &status, e);
    if (r < 0)
        return r;
    t->account = account_of(t->project, text(t, "secret"));
    t->runs = t->account.kind != ACCOUNT_NONE && is_running(status, t->account.service);
    json_decref(status);
    return 0;
}

static int need_server(const struct turn *t, struct err *e)
{
    if (t->account.kind == ACCOUNT_NONE || t->runs)
        return 0;
    err_set(e, -EHOSTDOWN, "%s does not run, and it has the account", t->account.service);
    return err_hint(e, "ipam-orch up");
}

/* ---- the steps, in both directions ---- */

static int must_accept(const struct turn *t, const char *which, bool wanted, struct err *e)
{
    bool accepted = false;
    int r = account_accepts(t->p, &t->account, text(t, which), &accepted, e);

    if (r < 0 || accepted == wanted)
        return r;
    return err_set(e, -EACCES, "%s %s the %s password of '%s'", t->account.service,
                   wanted ? "refuses" : "still accepts", which, t->account.user);
}

static bool is_same(const struct turn *t)
{
    return strcmp(text(t, "old"), text(t, "new")) == 0;
}

static int accept_both(const struct turn *t, struct err *e)
{
    int r;

    if (t->account.kind == ACCOUNT_NONE)
        return 0;
    r = account_set(t->p, &t->account, text(t, "old"), text(t, "new"), NULL, e);
    if (r == 0)
        r = must_accept(t, "new", true, e);
    return r == 0 ? must_accept(t, "old", true, e) : r;
}

/* which: "new" or "old"; the other one is shut out */
static int accept_one(const struct turn *t, const char *which, struct err *e)
{
    const char *gone = strcmp(which, "new") == 0 ? "old" : "new";
    int r;

    if (t->account.kind == ACCOUNT_NONE)
        return 0;
    r = account_set(t->p, &t->account, text(t, which), NULL, is_same(t) ? NULL : text(t, gone), e);
    if (r == 0)
        r = must_accept(t, which, true, e);
    return r == 0 && !is_same(t) ? must_accept(t, gone, false, e) : r;
}

/* Those that ran when it began, whatever has become of them since. */
static int restart(const struct turn *t, struct err *e)
{
    json_t *services = json_object_get(t->meant, "readers");

    for (size_t i = 0; i < json_array_size(services); i++)
        procedure_say(t->p, "%s starts again with the new file",
                      json_string_value(json_array_get(services, i)));
    if (json_array_size(services) == 0)
        return 0;
    return procedure_request(t->p,
                             json_pack("{s:s,s:s,s:s,s:O,s:I}", "op", "begin", "operation",
                                       "restart", "project", t->p->project, "services", services,
                                       "ready_us", (json_int_t) READY_US),
                             e);
}

static int hand_over(const struct turn *t, const char *which, struct err *e)
{
    json_t *secrets = json_object();
    const char *previous = text(t, "previous");
    bool forward = strcmp(which, "new") == 0;
    int r;

    (void) json_object_set_new(secrets, text(t, "secret"), json_string(text(t, which)));
    if (previous[0])
        (void) json_object_set_new(secrets, previous,
                                   json_string(text(t, forward ? "old" : "previous_old")));
    r = renew_secrets(t->p, secrets, e);
    json_decref(secrets);
    return r == 0 ? restart(t, e) : r;
}

/* ---- the env file ---- */

static int read_env(const struct turn *t, struct settings *out, struct stat *like, struct err *e)
{
    const char *path = text(t, "env_file");
    auto_free char *content = NULL;
    int r = fsio_read(AT_FDCWD, path, LIMIT_ENV_FILE, &content, NULL);

    if (r == 0 && stat(path, like) < 0)
        r = -errno;
    if (r < 0) {
        err_set(e, r, "%s: %s", path, strerror(-r));
        return r == -EACCES ? err_classify(e, ERR_DENIED) : r;
    }
    settings_parse(content, out);
    explicit_bzero(content, strlen(content));
    return 0;
}

static int put(struct settings *s, const char *variable, const char *value, struct err *e)
{
    const struct setting *item = settings_find(s, variable);
    int r;

    if (item && strcmp(item->value, value) == 0)
        return 0;
    r = settings_set(s, variable, value, e);
    if (r == 0)
        settings_date(s, variable, (long long) time(NULL));
    return r;
}

static int write_env(const struct turn *t, bool forward, struct err *e)
{
    const char *path = text(t, "env_file"), *previous = text(t, "previous_variable");
    auto_free char *content = NULL;
    struct settings s = { 0 };
    struct stat like;
    size_t len = 0;
    int r = read_env(t, &s, &like, e);

    if (r == 0)
        r = put(&s, text(t, "variable"), text(t, forward ? "new" : "old"), e);
    if (r == 0 && previous[0])
        r = put(&s, previous, text(t, forward ? "old" : "previous_old"), e);
    if (r == 0) {
        content = settings_text(&s, &len);
        r = fsio_write_owned(AT_FDCWD, path, content, len, &like);
        explicit_bzero(content, len);
        if (r < 0)
            (void) err_set(e, r, "%s: %s", path, strerror(-r));
    }
    settings_clear(&s);
    return r;
}

/* *is_new: the env file has the new value */
static int look_at_env(const struct turn *t, bool *is_new, struct err *e)
{
    struct settings s = { 0 };
    const struct setting *item;
    struct stat like;
    int r = read_env(t, &s, &like, e);

    *is_new = false;
    if (r == -ENOENT) { /* the project's files are gone: nobody will ask for the new one */
        *e = ERR_INIT;
        return 0;
    }
    if (r < 0)
        return r;
    item = settings_find(&s, text(t, "variable"));
    *is_new = item && strcmp(item->value, text(t, "new")) == 0;
    settings_clear(&s);
    return 0;
}

/* One that was refused itself, because its probe logs in too, hears of it with its next probe. */
static int await_health(const struct turn *t, struct err *e)
{
    uint64_t until = clock_now_us() + HEALTH_US;

    while (t->account.kind != ACCOUNT_NONE) {
        json_t *status = NULL;
        bool sick;
        int r = procedure_status(t->p, &status, e);

        if (r < 0)
            return r;
        sick = is_sick(status, t->account.service);
        json_decref(status);
        if (!sick)
            break;
        if (clock_now_us() >= until)
            return err_set(e, -ETIMEDOUT, "%s is still unhealthy", t->account.service);
        (void) poll(NULL, 0, LOOK_AGAIN_MS);
    }
    return 0;
}

/* ---- forwards ---- */

static int step(const struct turn *t, const char *name, struct err *e)
{
    return intent_step(t->p->dir, name, NULL, e);
}

static int forward(const struct turn *t, const char **where, struct err *e)
{
    int r = step(t, *where = "accept", e);

    if (r == 0 && t->account.kind != ACCOUNT_NONE)
        procedure_say(t->p, "%s accepts both passwords of '%s'", t->account.service,
                      t->account.user);
    if (r == 0)
        r = accept_both(t, e);
    if (r == 0)
        r = step(t, *where = "hand over", e);
    if (r == 0)
        r = hand_over(t, "new", e);
    if (r == 0)
        r = step(t, *where = "write", e);
    if (r == 0)
        r = write_env(t, true, e);
    if (r == 0)
        r = step(t, *where = "drop", e);
    if (r == 0)
        r = accept_one(t, "new", e);
    if (r == 0)
        r = await_health(t, e);
    if (r == 0 && t->account.kind != ACCOUNT_NONE)
        procedure_say(t->p, "%s accepts the new password, and no longer the old one",
                      t->account.service);
    return r;
}

/* ---- back ---- */

static int back(const struct turn *t, bool handed_over, struct err *e)
{
    int r = need_server(t, e);

    if (r == 0 && handed_over)
        r = hand_over(t, "old", e);
    if (r == 0 && t->account.kind != ACCOUNT_NONE)
        r = accept_one(t, "old", e);
    return r;
}

static int give_up(const struct turn *t, const char *where, struct err *e)
{
    struct err second = ERR_INIT;
    bool handed_over = strcmp(where, "accept") != 0;
    int code = e->code, r = 0;

    procedure_say(t->p, "failed, going back: %s", e->msg);
    if (strcmp(where, "write") == 0 || strcmp(where, "drop") == 0)
        r = write_env(t, false, &second);
    if (r == 0)
        r = back(t, handed_over, &second);
    if (r == 0)
        r = intent_end(t->p->dir, &second);
    if (r < 0) {
        (void) err_wrap(e, "%s (and going back failed: %.300s)", text(t, "variable"), second.msg);
        return err_hint(e, "put that right, then: ipam-orch secrets check");
    }
    (void) err_wrap(e, "%s was not changed, the old value holds everywhere", text(t, "variable"));
    if (e->hint[0] == '\0')
        err_hint(e, "ipam-orch secrets check");
    return code;
}

/* what a procedure that was killed has left: its env file says which way */
int rotate_undo(struct procedure *p, const json_t *intent, struct err *e)
{
    bool is_new = false, handed_over = intent_find(intent, "hand over");
    struct turn t;
    int r = open_turn(p, json_object_get(intent, "meant"), &t, e);

    if (r == 0 && intent_find(intent, "write"))
        r = look_at_env(&t, &is_new, e);
    if (r == 0)
        r = need_server(&t, e);
    if (r == 0 && is_new) {
        r = accept_one(&t, "new", e);
        if (r == 0)
            procedure_say(p, "%s has its new value", text(&t, "variable"));
    } else if (r == 0) {
        r = back(&t, handed_over, e);
        if (r == 0)
            procedure_say(p, "%s has its old value", text(&t, "variable"));
    }
    project_free(t.project);
    return r;
}

/* ---- the whole of it ---- */

/* a value as whoever reads its file takes it: without the line's end */
static int value_of(const struct turn *t, const char *secret, char **out, struct err *e)
{
    const struct secret *s = project_secret(t->project, secret);

    if (!s) {
        err_set(e, -ENOENT, "the running project has no secret '%s'", secret);
        err_hint(e, "ipam-orch up");
        return e->code;
    }
    *out = strndup(s->value, strcspn(s->value, "\r\n"));
    if (!*out)
        abort();
    return 0;
}

static int write_down(struct turn *t, const struct rotate *how, const char *old, struct err *e)
{
    auto_free char *previous_old = NULL;
    json_t *meant, *status = NULL;
    int r = how->previous ? value_of(t, how->previous, &previous_old, e) : 0;

    if (r == 0)
        r = procedure_status(t->p, &status, e);
    if (r < 0)
        return r;
    meant = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "verb", "secrets rotate", "secret",
                      how->secret, "old", old, "new", how->value, "env_file", how->env_file,
                      "variable", how->variable, "readers", readers(t, how->secret, status));
    json_decref(status);
    if (how->previous)
        (void) json_object_update_new(meant, json_pack("{s:s,s:s,s:s}", "previous", how->previous,
                                                       "previous_variable", how->previous_variable,
                                                       "previous_old", previous_old));
    t->meant = json_incref(meant);
    return intent_begin(t->p->dir, meant, e);
}

static int check_old(const struct turn *t, const struct rotate *how, const char *old, struct err *e)
{
    bool accepted = false;
    int r;

    if (t->account.kind == ACCOUNT_NONE || how->adopt)
        return 0;
    r = account_accepts(t->p, &t->account, old, &accepted, e);
    if (r < 0 || accepted)
        return r;
    err_set(e, -EACCES, "%s does not accept the present value of %s", t->account.service,
            how->variable);
    err_hint(e, "ipam-orch secrets check");
    return err_classify(e, ERR_CONFIG);
}

int rotate_run(struct procedure *p, const struct rotate *how, struct err *e)
{
    json_t *only_secret = json_pack("{s:s}", "secret", how->secret);
    auto_free char *old = NULL;
    const char *where = "";
    struct turn t;
    int r = open_turn(p, only_secret, &t, e);

    if (r == 0)
        r = value_of(&t, how->secret, &old, e);
    if (r == 0)
        r = need_server(&t, e);
    if (r == 0)
        r = check_old(&t, how, old, e);
    t.meant = NULL;
    if (r == 0)
        r = write_down(&t, how, old, e);
    if (r == 0) {
        r = forward(&t, &where, e);
        r = r < 0 ? give_up(&t, where, e) : intent_end(p->dir, e);
    }
    if (r == 0)
        procedure_note(p, "secret-rotated", json_pack("{s:s}", "secret", how->secret));
    if (old)
        explicit_bzero(old, strlen(old));
    json_decref((json_t *) (size_t) t.meant);
    json_decref(only_secret);
    project_free(t.project);
    return r;
}
