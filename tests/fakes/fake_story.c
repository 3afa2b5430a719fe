#include "tests/fakes/fake_story.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "compose/values.h"
#include "engine/supervisor.h"
#include "model/project_json.h"
#include "tests/fakes/fake_dir.h"
#include "tests/fakes/fake_project.h"
#include "tests/fakes/fake_world.h"

enum { UNITS = 32, DEPS = 8, WORDS = 16 };

/* no operation of a story takes longer */
#define PATIENCE_US (3600 * USEC_PER_SEC)

struct story {
    char dir[64];
    FILE *out;
    sd_event *loop;
    struct timers *timers;
    struct world *world;
    struct supervisor *supervisor;
    struct project *plan; /* what `up` asks for; a copy of it each time */
    bool busy;            /* an operation runs */
};

static void fail(const char *what, const char *word)
{
    (void) fprintf(stderr, "story: %s: %s\n", what, word);
    abort();
}

static uint64_t duration(const char *text)
{
    int64_t ns = 0;

    if (strcmp(text, "never") == 0)
        return UINT64_MAX;
    if (values_duration(text, &ns) < 0)
        fail("not a duration", text);
    return (uint64_t) ns / 1000;
}

static void say(struct story *s, const char *text)
{
    (void) fprintf(s->out, "%9.3f %s\n", (double) timers_now(s->timers) / USEC_PER_SEC, text);
}

static void on_note(void *owner, const char *text)
{
    say(owner, text);
}

static const char *field(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));

    return text ? text : "";
}

static void on_event(void *owner, const json_t *event)
{
    char text[512];

    if (field(event, "operation")[0] != '\0' || field(event, "service")[0] == '\0')
        return; /* the story says what was asked for, and on_done how it ended */
    if (field(event, "was")[0] == '\0')
        (void) snprintf(text, sizeof text, "%s: %s", field(event, "service"),
                        field(event, "event"));
    else
        (void) snprintf(text, sizeof text, "%s: %s -> %s%s%s%s%s", field(event, "name"),
                        field(event, "was"), field(event, "event"),
                        field(event, "waits_for")[0] ? " for " : "", field(event, "waits_for"),
                        field(event, "detail")[0] ? ": " : "", field(event, "detail"));
    say(owner, text);
}

static void on_watched(void *owner, json_t *event)
{
    (void) owner, (void) event;
}

static void on_done(void *owner, const struct operation_failure *failure)
{
    struct story *s = owner;
    char text[sizeof failure->why.msg + 32];

    s->busy = false;
    (void) snprintf(text, sizeof text, failure ? "failed: %s" : "done",
                    failure ? failure->why.msg : "");
    say(s, text);
}

static void open_supervisor(struct story *s)
{
    struct supervisor_config config = { .loop = s->loop,
                                        .timers = s->timers,
                                        .state_dir = s->dir,
                                        .log_dir = s->dir,
                                        .observe = on_event,
                                        .observer = s };
    struct runtime_listener listener;
    struct err e = ERR_INIT;

    s->supervisor = supervisor_new(&config);
    listener = supervisor_listener(s->supervisor);
    world_listen(s->world, &listener);
    supervisor_use(s->supervisor, &world_ops, s->world);
    if (supervisor_load(s->supervisor, &e) < 0)
        fail("load", e.msg);
}

static void close_supervisor(struct story *s)
{
    world_listen(s->world, &(struct runtime_listener){ 0 });
    supervisor_free(s->supervisor);
    s->busy = false;
}

static void behave(struct actor *a, const char *word)
{
    const char *value = strchr(word, '=');
    const struct {
        const char *name;
        uint64_t *time;
        int *number;
    } members[] = { { "start", &a->start_us, NULL }, { "ready", &a->ready_us, NULL },
                    { "stop", &a->stop_us, NULL },   { "life", &a->life_us, NULL },
                    { "task", &a->task_us, NULL },   { "task-exit", NULL, &a->task_code },
                    { "exit", NULL, &a->exit_code } };

    if (strcmp(word, "sick") == 0 || strcmp(word, "well") == 0) {
        a->sick = word[0] == 's';
        return;
    }
    if (strcmp(word, "busy") == 0 || strcmp(word, "idle") == 0) {
        a->busy = word[0] == 'b';
        return;
    }
    if (strcmp(word, "broken") == 0 || strcmp(word, "whole") == 0) {
        a->broken = word[0] == 'b';
        return;
    }
    for (size_t n = 0; value && n < ARRAY_LEN(members); n++) {
        if (strncmp(word, members[n].name, (size_t) (value - word)) != 0 ||
            members[n].name[value - word] != '\0')
            continue;
        if (members[n].time)
            *members[n].time = duration(value + 1);
        else
            *members[n].number = atoi(value + 1);
        return;
    }
    fail("unknown word", word);
}

static void need(struct story *s, struct unit *u, const char *text)
{
    auto_free char *copy = strdup(text);
    char *rest = copy;
    struct dep *d = &((struct dep *) u->deps)[u->n_deps++];

    *d = (struct dep){ .condition = DEP_STARTED, .required = true };
    d->unit = arena_strndup(s->plan->arena, copy, strcspn(copy, ":"));
    (void) strsep(&rest, ":");
    for (const char *word; (word = strsep(&rest, ":"));) {
        d->condition = strcmp(word, "healthy") == 0     ? DEP_HEALTHY
                       : strcmp(word, "completed") == 0 ? DEP_COMPLETED
                                                        : d->condition;
        d->restart |= strcmp(word, "restart") == 0;
        d->required &= strcmp(word, "optional") != 0;
    }
}

/* commands called 1, 2, ... */
static void hooks(struct story *s, struct hook **list, size_t *n, const char *count)
{
    struct arena *a = s->plan->arena;

    *n = (size_t) atoi(count);
    *list = arena_array(a, *n, sizeof **list);
    for (size_t k = 0; k < *n; k++) {
        const char **argv = arena_array(a, 2, sizeof *argv);

        argv[0] = arena_printf(a, "%zu", k + 1);
        (*list)[k] = (struct hook){ .argv = argv, .workdir = "", .user = "" };
    }
}

static void unhealthy(struct unit *u, const char *text)
{
    size_t len = strcspn(text, ":");

    for (int k = 0; k < UNHEALTHY_ACTION_COUNT; k++)
        if (strncmp(unhealthy_action_text[k], text, len) == 0)
            u->sickness.action = (enum unhealthy_action) k;
    u->sickness.grace_us = text[len] ? duration(text + len + 1) : 0;
    u->sickness.reload_signal = SIGHUP;
}

static void restart(struct unit *u, const char *text)
{
    const char *colon = strchr(text, ':');

    for (int p = 0; p < RESTART_POLICY_COUNT; p++)
        if (strncmp(restart_policy_text[p], text, strcspn(text, ":")) == 0)
            u->restart.policy = (enum restart_policy) p;
    u->restart.max_attempts = colon ? (unsigned) atoi(colon + 1) : 0;
}

static bool is_key(const char *word, const char *key)
{
    size_t len = strlen(key);

    return strncmp(word, key, len) == 0 && word[len] == '=';
}

/* how it is replaced; false: the word says something else */
static bool roll(struct story *s, struct unit *u, const char *word)
{
    const char *value = strchr(word, '=');

    if (is_key(word, "parallelism"))
        u->update.parallelism = (unsigned) atoi(value + 1);
    else if (is_key(word, "pause"))
        u->update.delay_us = duration(value + 1);
    else if (is_key(word, "monitor"))
        u->update.monitor_us = duration(value + 1);
    else if (is_key(word, "permill"))
        u->update.max_failure_permill = (unsigned) atoi(value + 1);
    else if (strcmp(word, "reload") == 0)
        u->sickness.reload_signal = SIGHUP;
    else if (strcmp(word, "start-first") == 0)
        u->update.order = ROLLOUT_START_FIRST;
    else if (strcmp(word, "go-on") == 0)
        u->update.on_failure = ROLLOUT_CONTINUE;
    else if (strcmp(word, "published") == 0) {
        u->ports = arena_array(s->plan->arena, 1, sizeof *u->ports);
        u->ports[0] = (struct port){ .address = "", .published = 80, .last = 80, .target = 80 };
        u->n_ports = 1;
    } else if (strcmp(word, "net") == 0) {
        u->networks = arena_array(s->plan->arena, 1, sizeof *u->networks);
        u->networks[0] = (struct attachment){
            .network = "net", .ipv4 = "", .ipv6 = "", .mac = "", .interface = ""
        };
        u->n_networks = s->plan->n_networks = 1;
    } else
        return false;
    return true;
}

static void define(struct story *s, char *const *words, size_t n)
{
    struct unit *u = &s->plan->units[s->plan->n_units++];
    struct actor *a;

    fake_unit(u, arena_strdup(s->plan->arena, words[1]));
    u->deps = arena_array(s->plan->arena, DEPS, sizeof(struct dep));
    a = world_actor(s->world, u->name);
    for (size_t k = 2; k < n; k++) {
        const char *value = strchr(words[k], '=');

        if (roll(s, u, words[k]))
            continue;
        if (value && strncmp(words[k], "health=", 7) == 0)
            fake_health(u, duration(value + 1));
        else if (value && strncmp(words[k], "replicas=", 9) == 0)
            u->replicas = (unsigned) atoi(value + 1);
        else if (value && strncmp(words[k], "patience=", 9) == 0)
            u->health.start_period_us = duration(value + 1);
        else if (value && strncmp(words[k], "grace=", 6) == 0)
            u->stop_grace_us = duration(value + 1);
        else if (value && strncmp(words[k], "restart=", 8) == 0)
            restart(u, value + 1);
        else if (value && strncmp(words[k], "unhealthy=", 10) == 0)
            unhealthy(u, value + 1);
        else if (value && strncmp(words[k], "post_start=", 11) == 0)
            hooks(s, &u->post_start, &u->n_post_start, value + 1);
        else if (value && strncmp(words[k], "pre_stop=", 9) == 0)
            hooks(s, &u->pre_stop, &u->n_pre_stop, value + 1);
        else if (value && strncmp(words[k], "window=", 7) == 0)
            u->restart.window_us = duration(value + 1);
        else if (value && strncmp(words[k], "delay=", 6) == 0) {
            u->restart.delay_us = u->restart.max_delay_us = duration(value + 1);
            u->restart.patient = true;
        } else if (value && strncmp(words[k], "needs=", 6) == 0)
            need(s, u, value + 1);
        else
            behave(a, words[k]);
    }
}

/* a project that belongs to the supervisor */
static struct project *copy_of_plan(const struct story *s)
{
    auto_free char *text = NULL;
    struct project *p = NULL;
    struct err e = ERR_INIT;

    if (project_to_json(s->plan, &text, &e) < 0 ||
        project_from_json(text, strlen(text), &p, &e) < 0)
        fail("project", e.msg);
    return p;
}

/* words: SERVICE, ready=DUR, grace=DUR */
static void begin(struct story *s, enum operation_kind kind, char *const *words, size_t n)
{
    const char *service = n > 0 && !strchr(words[0], '=') ? words[0] : NULL;
    const char *const services[] = { service, NULL };
    struct watcher w = { .owner = s, .event = on_watched, .done = on_done };
    struct supervisor_request r = { .kind = kind,
                                    .project = s->plan->name,
                                    .services = service ? services : NULL,
                                    .definition = kind == OP_UP || kind == OP_UPDATE
                                                      ? copy_of_plan(s)
                                                      : NULL };
    struct err e = ERR_INIT;

    for (size_t k = 0; k < n; k++) {
        if (strncmp(words[k], "ready=", 6) == 0)
            r.ready_us = duration(words[k] + 6);
        r.has_grace |= strncmp(words[k], "grace=", 6) == 0;
        if (strncmp(words[k], "grace=", 6) == 0)
            r.grace_us = duration(words[k] + 6);
    }

    s->busy = true;
    if (supervisor_begin(s->supervisor, &r, &w, &e) < 0) {
        s->busy = false;
        say(s, e.msg);
    }
}

static void operate(struct story *s, enum operation_kind kind, char *const *words, size_t n)
{
    uint64_t until = timers_now(s->timers) + PATIENCE_US;

    begin(s, kind, words, n);
    while (s->busy && timers_next(s->timers, until))
        ;
    if (s->busy)
        say(s, "does not end");
    s->busy = false;
}

static void let_pass(struct story *s, uint64_t us)
{
    uint64_t until = timers_now(s->timers) + us;

    while (timers_next(s->timers, until))
        ;
}

static void happen(struct story *s, char *const *words, size_t n)
{
    bool only_begin = n > 1 && strcmp(words[0], "begin") == 0;
    struct actor *a;

    for (int k = 0; k < OP_KIND_COUNT; k++)
        if (strcmp(words[only_begin], operation_text[k]) == 0) {
            (only_begin ? begin : operate)(s, (enum operation_kind) k, words + 1 + only_begin,
                                           n - 1 - only_begin);
            return;
        }
    if (n > 2 && strcmp(words[0], "define") == 0) {
        for (size_t k = 0; k < s->plan->n_units; k++)
            if (strcmp(s->plan->units[k].name, words[1]) == 0)
                s->plan->units[k].digest = arena_strdup(s->plan->arena, words[2]);
    } else if (n > 2 && strcmp(words[0], "scale") == 0) {
        for (size_t k = 0; k < s->plan->n_units; k++)
            if (strcmp(s->plan->units[k].name, words[1]) == 0)
                s->plan->units[k].replicas = (unsigned) atoi(words[2]);
        operate(s, OP_UP, NULL, 0);
    } else if (strcmp(words[0], "wait") == 0) {
        let_pass(s, duration(words[1]));
    } else if (strcmp(words[0], "supervisor") == 0) {
        close_supervisor(s);
        open_supervisor(s);
    } else if (strcmp(words[0], "broker") == 0) {
        world_lose_broker(s->world);
    } else if (strcmp(words[0], "machine") == 0) {
        close_supervisor(s);
        world_boot(s->world);
        open_supervisor(s);
    } else if (n > 2 && strcmp(words[1], "exits") == 0) {
        world_end(s->world, words[0], atoi(words[2]), 0);
        let_pass(s, 0);
    } else if (n > 2 && strcmp(words[1], "dies") == 0) {
        world_end(s->world, words[0], 0, atoi(words[2]));
        let_pass(s, 0);
    } else {
        a = world_actor(s->world, words[0]);
        for (size_t k = 1; k < n; k++)
            behave(a, words[k]);
    }
}

static size_t split(char *line, char **words)
{
    size_t n = 0;

    for (char *word; n < WORDS && (word = strsep(&line, " "));)
        if (word[0] != '\0')
            words[n++] = word;
    return n;
}

static void play_line(struct story *s, const char *line, bool *begun)
{
    auto_free char *copy = strdup(line);
    char *words[WORDS];
    size_t n = split(copy, words);

    if (n > 1 && strcmp(words[0], ">") == 0) {
        *begun = true;
        (void) fprintf(s->out, "%s\n", line);
        happen(s, words + 1, n - 1);
    } else if (!*begun || line[0] == '#' || n == 0) {
        (void) fprintf(s->out, "%s\n", line);
        if (n > 1 && strcmp(words[0], "service") == 0)
            define(s, words, n);
    }
}

static void set_up(struct story *s)
{
    struct world_config config = { .note = on_note, .owner = s };

    (void) snprintf(s->dir, sizeof s->dir, "/dev/shm/ipam-story.XXXXXX");
    if (!mkdtemp(s->dir) || sd_event_new(&s->loop) < 0)
        abort();
    s->timers = config.timers = timers_new(NULL);
    s->world = world_new(&config);
    s->plan = fake_project("p", UNITS);
    s->plan->n_units = 0;
    s->plan->networks = arena_array(s->plan->arena, 1, sizeof *s->plan->networks);
    s->plan->networks[0] = (struct network){
        .key = "net", .name = "p_net", .ipv4 = { "", "", "", NULL }, .ipv6 = { "", "", "", NULL }
    };
    open_supervisor(s);
}

static void tear_down(struct story *s)
{
    close_supervisor(s);
    world_free(s->world);
    timers_free(s->timers);
    sd_event_unref(s->loop);
    (void) fake_tree_remove(s->dir);
    project_free(s->plan);
}

void story_play(const char *text, char **played)
{
    auto_free char *copy = strdup(text);
    char *rest = copy;
    struct story s = { 0 };
    bool begun = false;
    size_t len;

    s.out = open_memstream(played, &len);
    if (!s.out || !copy)
        abort();
    set_up(&s);
    for (const char *line; (line = strsep(&rest, "\n"));)
        if (rest || line[0] != '\0')
            play_line(&s, line, &begun);
    tear_down(&s);
    if (fclose(s.out) != 0)
        abort();
}
