#include "ops/update.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/moment.h"
#include "model/member.h"
#include "model/project_json.h"
#include "model/project_renew.h"
#include "ops/canary.h"
#include "ops/intent.h"
#include "ops/migrate.h"
#include "ops/plan.h"
#include "ops/precaution.h"
#include "ops/workdir.h"

#define ANSWER        "confirm"
#define WAITING       "waiting"
#define LOOK_AGAIN_MS 200

/* An operation of somebody who was killed goes on for a while. */
#define OTHERS_US (10 * 60 * USEC_PER_SEC)
/* So often a request is made again whose manager went away. */
enum { TRIES = 3, ANSWER_MAX = 16 };

static void wait_a_moment(void)
{
    (void) poll(NULL, 0, LOOK_AGAIN_MS);
}

/* ---- one request ---- */

/* its events are passed over, but for a broker that is away: somebody has to bring it back */
static int follow(const struct procedure *p, struct client *c, struct err *e)
{
    bool done = false;
    int r = 0;

    while (r == 0 && !done) {
        json_t *answer = NULL;
        const json_t *event;

        r = client_receive(c, -1, &answer, e);
        if (r == -EINTR) {
            r = 0;
            continue;
        }
        event = r == 0 ? json_object_get(answer, "event") : NULL;
        if (event && strcmp(member_text(event, "event"), "broker lost") == 0) {
            auto_client other = NULL;

            (void) p->config->connect(p->config->owner, &other, NULL);
        }
        if (r == 0)
            r = client_error(answer, e);
        done = json_is_true(json_object_get(answer, "done"));
        json_decref(answer);
    }
    return r;
}

/* The manager may be killed meanwhile, and goes on by itself when it is back: asked again for the
 * same it answers how that ended. */
static int ask(const struct procedure *p, const json_t *message, struct err *e)
{
    uint64_t until = clock_now_us() + OTHERS_US;
    int r, tries = 0;

    for (;;) {
        auto_client client = NULL;

        *e = ERR_INIT;
        r = p->config->connect(p->config->owner, &client, e);
        if (r == 0)
            r = client_send(client, json_deep_copy(message), e);
        if (r == 0)
            r = follow(p, client, e);
        if (r < 0 && e->class == ERR_UNREACHABLE && ++tries < TRIES)
            wait_a_moment();
        else if (r < 0 && e->class == ERR_LOCKED && clock_now_us() < until)
            wait_a_moment();
        else
            return r;
    }
}

static json_t *request(const char *operation, const struct project *p, const char *service)
{
    json_t *services = json_array();

    if (service)
        (void) json_array_append_new(services, json_string(service));
    return json_pack("{s:s,s:s,s:o,s:o}", "op", "begin", "operation", operation, "definition",
                     project_to_tree(p), "services", services);
}

/* ---- from one definition to another ---- */

struct course {
    struct procedure *p;
    const struct project *to;
    const char *const *services;
    bool back;
    bool exactly; /* also what was down when it was looked at, and came up since */
    unsigned canaries;
    uint64_t ready_us;
};

static bool is_meant(const struct course *c, const char *service)
{
    for (const char *const *s = c->services; s && *s; s++)
        if (strcmp(*s, service) == 0)
            return true;
    return !c->services;
}

/* what happens, in that order */
static void say_how(const struct course *c, const struct unit *u)
{
    const struct rollout_spec *how = c->back ? &u->rollback : &u->update;
    double watched_s = (double) how->monitor_us / USEC_PER_SEC;

    if (how->monitor_us > 0)
        procedure_say(c->p, "%s: is replaced, %s, and watched for %g s", u->name,
                      rollout_order_text[how->order], watched_s);
    else
        procedure_say(c->p, "%s: is replaced, %s", u->name, rollout_order_text[how->order]);
}

static int replace_one(const struct course *c, const struct unit *u, struct err *e)
{
    json_t *message = request("update", c->to, u->name);
    int r;

    (void) json_object_set_new(message, "back", json_boolean(c->back));
    if (c->canaries > 0)
        (void) json_object_set_new(message, "canaries", json_integer((json_int_t) c->canaries));
    if (c->ready_us > 0)
        (void) json_object_set_new(message, "ready_us", json_integer((json_int_t) c->ready_us));
    say_how(c, u);
    r = ask(c->p, message, e);
    json_decref(message);
    if (r == 0)
        procedure_say(c->p, "%s: %s", u->name, c->back ? "is what it was" : "is the new one");
    return r;
}

/* What a service-by-service replacement cannot do: new services, networks, volumes.  `as_is`: what
 * runs stays, also what could not be replaced and may fail. */
static int settle(const struct course *c, bool as_is, struct err *e)
{
    struct project *now = NULL, *mixed = NULL;
    json_t *message;
    int r = c->services ? procedure_definition(c->p, &now, e) : 0;

    if (r == 0 && now)
        r = project_renew(now, c->to, c->services, &mixed, e);
    message = r == 0 ? request("up", mixed ? mixed : c->to, NULL) : NULL;
    if (r == 0) {
        (void) json_object_set_new(message, "keep", json_true());
        (void) json_object_set_new(message, "as_is", json_boolean(as_is));
        if (c->ready_us > 0)
            (void) json_object_set_new(message, "ready_us", json_integer((json_int_t) c->ready_us));
        r = ask(c->p, message, e);
    }
    json_decref(message);
    project_free(now);
    project_free(mixed);
    return r;
}

/* What somebody who was killed had asked for goes on for a while, and changes what runs. */
static int status_at_rest(const struct procedure *p, json_t **out, struct err *e)
{
    uint64_t until = clock_now_us() + OTHERS_US;
    json_t *status = NULL;
    int r = procedure_status(p, &status, e);

    while (r == 0 && member_text(status, "operation")[0] != '\0' && clock_now_us() < until) {
        json_decref(status);
        status = NULL;
        wait_a_moment();
        r = procedure_status(p, &status, e);
    }
    if (r == 0)
        *out = status;
    return r;
}

/* Each that differs, in the order of dependencies; *culprit is the one that failed. */
static int go(const struct course *c, const struct unit **culprit, struct err *e)
{
    struct project *now = NULL;
    json_t *status = NULL, *plan = NULL, *item;
    bool as_is = !c->exactly;
    size_t i;
    int r = status_at_rest(c->p, &status, e);

    if (r == 0)
        r = procedure_definition(c->p, &now, e);
    if (r == 0)
        r = plan_make(now, status, c->to, &plan, e);
    json_array_foreach (plan, i, item) {
        const struct unit *u = project_unit(c->to, member_text(item, "service"));

        if (r < 0 || !u || strcmp(member_text(item, "action"), "replace") != 0 ||
            !is_meant(c, u->name))
            continue;
        r = intent_step(c->p->dir, "service", json_pack("{s:s}", "service", u->name), e);
        if (r == 0)
            r = replace_one(c, u, e);
        if (r < 0)
            *culprit = u;
        if (r < 0 && e->code == -EREMOTEIO && e->class == ERR_MISSING) {
            as_is = false; /* more than the service has to change: `up` does it */
            r = 0;
        }
    }
    json_decref(plan);
    json_decref(status);
    project_free(now);
    if (r == 0 && c->canaries > 0)
        return as_is ? 0 : err_set(e, -ENOTSUP, "more than the service has to change for a canary");
    return r == 0 ? settle(c, as_is, e) : r;
}

/* ---- the database ---- */

static bool touches_database(const struct update *u)
{
    const char *unit = u->next->database.unit;

    if (u->back || u->no_migrate || unit[0] == '\0')
        return false;
    for (const char *const *s = u->services; s && *s; s++)
        if (strcmp(*s, unit) == 0)
            return true;
    return !u->services;
}

/* Before anything else, with a way back of its own (safeguard.h): the release before has to be able
 * to work with the database of the next one, as both serve for a while. */
static int migrate(const struct procedure *p, const struct update *u, struct err *e)
{
    const struct migrate_request request = { .project = u->next,
                                             .migrations = true,
                                             .no_backup = u->no_backup };
    struct migrate_result done = MIGRATE_NOTHING;
    int r;

    if (!touches_database(u) || !migrate_is_possible(u->next))
        return 0;
    r = migrate_run(p, &request, &done, e);
    if (r == 0 && done.migrations > 0)
        procedure_say(p, "%u migrations applied", done.migrations);
    json_decref(done.steps);
    return r;
}

/* ---- confirmation ---- */

static int write_word(int dir, const char *name, const char *word, struct err *e)
{
    auto_fd fd = -1;
    int r = workdir_open_at(dir, name, O_WRONLY | O_CREAT | O_TRUNC, &fd, e);

    if (r == 0 && (r = fsio_write_all(fd, word, strlen(word))) < 0)
        err_set(e, r, "%s: %s", name, strerror(-r));
    MOMENT("wrote", name);
    return r < 0 ? r : 0;
}

/* "" while there is no answer */
static void read_answer(int dir, char word[ANSWER_MAX])
{
    auto_free char *text = NULL;
    auto_fd fd = -1;

    word[0] = '\0';
    if (workdir_open_at(dir, ANSWER, O_RDONLY, &fd, NULL) == 0 &&
        fsio_read_fd(fd, ANSWER_MAX - 1, &text, NULL) == 0)
        (void) snprintf(word, ANSWER_MAX, "%s", text);
}

static int await_answer(struct procedure *p, uint64_t confirm_us, struct err *e)
{
    uint64_t until = clock_now_us() + confirm_us;
    char word[ANSWER_MAX] = "";
    int r;

    (void) unlinkat(p->dir, ANSWER, 0);
    r = write_word(p->dir, WAITING, "", e);
    if (r < 0)
        return r;
    procedure_say(p, "the new release serves; ipam-orch confirm within %llu s keeps it",
                  (unsigned long long) (confirm_us / USEC_PER_SEC));
    for (; word[0] == '\0' && clock_now_us() < until; wait_a_moment())
        read_answer(p->dir, word);
    read_answer(p->dir, word);
    (void) unlinkat(p->dir, WAITING, 0);
    (void) unlinkat(p->dir, ANSWER, 0);
    if (strcmp(word, "good") == 0)
        return 0;
    return err_set(e, -ECANCELED, word[0] ? "it was aborted" : "nobody confirmed it in time");
}

int update_answer(const char *project, bool good, struct err *e)
{
    auto_fd dir = -1, fd = -1;
    int r = workdir_open(project, NULL, &dir, e);

    if (r == 0 && workdir_open_at(dir, WAITING, O_RDONLY, &fd, NULL) < 0) {
        err_set(e, -ENOENT, "no update of '%s' waits for an answer", project);
        r = err_hint(e, "ipam-orch releases ls");
    }
    return r < 0 ? r : write_word(dir, ANSWER, good ? "good" : "bad", e);
}

/* ---- the procedure ---- */

/* back to what was; `e` says what had failed */
static int go_back(struct procedure *p, const struct project *old, const char *release,
                   struct err *e)
{
    const struct course c = { .p = p, .to = old, .back = true, .exactly = true };
    const struct unit *culprit = NULL;
    struct err why = ERR_INIT;

    procedure_say(p, "update failed: %s", e->msg);
    procedure_say(p, "going back to %s", release[0] ? release : "what was");
    if (go(&c, &culprit, &why) < 0) {
        char what[sizeof e->msg];

        (void) snprintf(what, sizeof what, "%s", e->msg);
        err_set(e, -EIO, "update failed (%.400s), and so did going back: %.400s", what, why.msg);
        err_hint(e, "ipam-orch ps, then ipam-orch up or ipam-orch rollback");
        return err_classify(e, ERR_STUCK);
    }
    (void) err_wrap(e, "update failed, %s serves again", release[0] ? release : "what was before");
    return err_classify(e, ERR_UPDATE);
}

static int keep_or_go_back(struct procedure *p, const struct update *u, const struct project *old,
                           const char *from, const struct unit *culprit, struct err *e)
{
    struct err late = ERR_INIT;
    int r = e->code;

    if (culprit && !u->back && culprit->update.on_failure == ROLLOUT_PAUSE) {
        (void) err_wrap(e, "the update is paused");
        if (e->hint[0] == '\0')
            err_hint(e, "ipam-orch update, or ipam-orch rollback");
    } else {
        r = go_back(p, old, from, e);
    }
    if (e->class != ERR_STUCK && canary_end(p->dir, &late) < 0)
        procedure_say(p, "warning: %s", late.msg);
    if (e->class != ERR_STUCK && intent_end(p->dir, &late) < 0)
        procedure_say(p, "warning: %s", late.msg);
    return r;
}

static int open_intent(struct procedure *p, const struct update *u, const struct project *now,
                       const char *from, struct err *e)
{
    return intent_begin(p->dir,
                        json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "verb", "update", "word", u->verb,
                                  "message", u->message, "from", from, "to", u->release,
                                  "definition", project_to_tree(now)),
                        e);
}

static int close_intent(struct procedure *p, const struct update *u, struct err *e)
{
    json_t *status = NULL;
    struct err late = ERR_INIT;
    int r = intent_step(p->dir, "done", NULL, e);

    if (r == 0)
        r = release_note(p->project, u->release, u->verb, u->message, e);
    if (r == 0)
        r = canary_end(p->dir, e);
    if (r == 0)
        r = intent_end(p->dir, e);
    if (r == 0 && procedure_status(p, &status, &late) == 0 &&
        release_prune(p->project, status, RELEASE_KEEP, NULL, &late) < 0)
        procedure_say(p, "warning: %s", late.msg);
    json_decref(status);
    return r;
}

static int forward(struct procedure *p, const struct update *u, const struct unit **culprit,
                   struct err *e)
{
    const struct course c = { .p = p,
                              .to = u->next,
                              .services = u->services,
                              .back = u->back,
                              .canaries = u->canaries,
                              .ready_us = u->ready_us };
    int r = go(&c, culprit, e);

    if (r == 0 && u->gate)
        r = u->gate->after(u->gate->owner, e);
    if (r == 0 && u->confirm_us > 0)
        r = await_answer(p, u->confirm_us, e);
    return r;
}

/* what can be known and kept of what runs, before any of it is changed */
static int prepare(const struct procedure *p, const struct update *u, const struct project *now,
                   struct err *e)
{
    const char *needless = u->no_backup ? "--no-backup" : precaution_needless(now);
    int r = u->gate ? u->gate->before(u->gate->owner, e) : 0;

    if (r < 0 || u->back)
        return r;
    if (!needless)
        return precaution_take(p, now, "before-update", u->tools, e);
    procedure_say(p, "no backup: %s", needless);
    return 0;
}

/* They stay until promote or rollback.  Killed before the end of the intent, everything goes back.
 */
static int keep_canaries(struct procedure *p, const struct update *u, const char *from,
                         struct err *e)
{
    struct canary c = { 0 };
    int r;

    (void) snprintf(c.from, sizeof c.from, "%s", from);
    (void) snprintf(c.to, sizeof c.to, "%s", u->release);
    r = canary_write(p->dir, &c, u->services[0], u->canaries, e);
    if (r == 0)
        r = intent_end(p->dir, e);
    if (r == 0)
        procedure_say(p,
                      "%s: %u of its instances is the new one, until ipam-orch promote or "
                      "ipam-orch rollback",
                      u->services[0], u->canaries);
    return r;
}

/* What is gone back to.  While there is a canary the manager has its definition already, and what
 * serves is the release that it began with. */
static int find_old(const struct procedure *p, struct project **now, struct err *e)
{
    const struct project *known[] = { NULL, NULL };
    struct project *manager = NULL;
    struct canary c;
    int r = procedure_definition(p, &manager, e);

    if (r < 0 || !canary_read(p->dir, &c)) {
        *now = manager;
        return r;
    }
    known[0] = manager;
    r = release_load(p->project, c.from, known, now, e);
    project_free(manager);
    return r;
}

int update_run(struct procedure *p, const struct update *u, struct err *e)
{
    char from[RELEASE_ID] = "", before[RELEASE_ID];
    const struct unit *culprit = NULL;
    struct project *now = NULL;
    int r = find_old(p, &now, e);

    if (r == 0)
        r = release_current(p->project, from, before, e);
    if (r == 0)
        r = prepare(p, u, now, e);
    if (r == 0)
        r = migrate(p, u, e);
    if (r == 0)
        r = open_intent(p, u, now, from, e);
    if (r == 0) {
        r = forward(p, u, &culprit, e);
        if (r == 0)
            r = u->canaries > 0 ? keep_canaries(p, u, from, e) : close_intent(p, u, e);
        else
            r = keep_or_go_back(p, u, now, from, culprit, e);
    }
    project_free(now);
    return r;
}

/* what does not run is what it is asked to be when it is brought up */
static bool is_running(const struct procedure *p)
{
    json_t *status = NULL;
    struct err e = ERR_INIT;
    bool runs = procedure_status(p, &status, &e) == 0;

    json_decref(status);
    return runs;
}

int update_undo(struct procedure *p, const json_t *intent, struct err *e)
{
    const json_t *meant = json_object_get(intent, "meant");
    auto_free char *text = json_dumps(json_object_get(meant, "definition"), JSON_COMPACT);
    char current[RELEASE_ID] = "", previous[RELEASE_ID];
    struct project *old = NULL;
    const struct unit *culprit = NULL;
    int r = 0;

    (void) unlinkat(p->dir, WAITING, 0);
    if (intent_find(intent, "done")) { /* only the note may be missing */
        r = release_current(p->project, current, previous, e);
        if (r == 0 && strcmp(current, member_text(meant, "to")) != 0)
            r = release_note(p->project, member_text(meant, "to"), member_text(meant, "word"),
                             member_text(meant, "message"), e);
        return r == 0 ? canary_end(p->dir, e) : r;
    }
    r = text ? project_from_json(text, strlen(text), &old, e)
             : err_set(e, -EBADMSG, "what an update had written down is not readable");
    if (text)
        explicit_bzero(text, strlen(text));
    if (r == 0) {
        const struct course c = { .p = p, .to = old, .back = true, .exactly = true };

        procedure_say(p, "going back to %s", member_text(meant, "from"));
        r = is_running(p) ? go(&c, &culprit, e) : 0;
    }
    if (r == 0)
        r = canary_end(p->dir, e);
    project_free(old);
    return r;
}
