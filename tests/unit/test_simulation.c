/* A day of failures in virtual time: programs crash and hang, operators start and stop, supervisor,
 * broker and machine go away at any moment.  What must hold is looked at after every turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/supervisor.h"
#include "model/project_json.h"
#include "tests/fakes/fake_dir.h"
#include "tests/fakes/fake_project.h"
#include "tests/fakes/fake_world.h"

#define HOUR_US (3600 * USEC_PER_SEC)

/* the longest delay before a restart, and twice the time to build, stop and probe everything */
#define PATIENCE_US (600 * USEC_PER_SEC)

static const char *const names[] = { "db", "cache", "backend", "worker", "nginx", "lone" };

enum { UNITS = ARRAY_LEN(names) };

struct day {
    char dir[64];
    sd_event *loop;
    struct timers *timers;
    struct world *world;
    struct supervisor *supervisor;
    struct project *plan;
    uint64_t random;
    bool busy;              /* an operation runs whose end we shall hear */
    uint64_t busy_since;    /* of it */
    uint64_t absent[UNITS]; /* since when it waits for a restart */
    unsigned operations, events;
};

/* xorshift64: the same day every time */
static uint32_t roll(struct day *d, uint32_t sides)
{
    d->random ^= d->random << 13;
    d->random ^= d->random >> 7;
    d->random ^= d->random << 17;
    return (uint32_t) (d->random >> 32) % sides;
}

static void on_note(void *owner, const char *text)
{
    (void) owner, (void) text;
}

static void on_event(void *owner, json_t *event)
{
    (void) owner, (void) event;
}

static void on_done(void *owner, const struct operation_failure *failure)
{
    struct day *d = owner;

    (void) failure;
    d->busy = false;
}

static void open_supervisor(struct day *d)
{
    struct supervisor_config config = {
        .loop = d->loop, .timers = d->timers, .state_dir = d->dir, .log_dir = d->dir
    };
    struct runtime_listener listener;
    struct err e = ERR_INIT;

    d->supervisor = supervisor_new(&config);
    listener = supervisor_listener(d->supervisor);
    world_listen(d->world, &listener);
    supervisor_use(d->supervisor, &world_ops, d->world);
    assert_int_equal(supervisor_load(d->supervisor, &e), 0);
}

static void close_supervisor(struct day *d)
{
    world_listen(d->world, &(struct runtime_listener){ 0 });
    supervisor_free(d->supervisor);
    d->busy = false;
}

static struct project *make_plan(void)
{
    static const char *const needs[UNITS] = { [2] = "db", [3] = "cache", [4] = "backend" };
    struct project *p = fake_project("p", UNITS);

    for (size_t n = 0; n < UNITS; n++) {
        struct unit *u = &p->units[n];

        fake_unit(u, names[n]);
        fake_health(u, 30 * USEC_PER_SEC);
        u->health.retries = 3;
        u->health.start_period_us = 30 * USEC_PER_SEC;
        u->stop_grace_us = 5 * USEC_PER_SEC;
        if (n % 2 == 0)
            u->sickness =
                (struct sickness){ .action = UNHEALTHY_RESTART, .grace_us = USEC_PER_SEC };
        if (!needs[n])
            continue;
        u->deps = arena_array(p->arena, 1, sizeof(struct dep));
        u->deps[0] = (struct dep){ .unit = needs[n],
                                   .condition = n == 3 ? DEP_STARTED : DEP_HEALTHY,
                                   .restart = n != 3,
                                   .required = true };
        u->n_deps = 1;
    }
    return p;
}

static void operate(struct day *d, enum operation_kind kind, const char *service)
{
    const char *const services[] = { service, NULL };
    struct watcher w = { .owner = d, .event = on_event, .done = on_done };
    struct supervisor_request r = {
        .kind = kind, .project = "p", .services = service ? services : NULL, .keep = true
    };
    auto_free char *text = NULL;
    struct err e = ERR_INIT;

    if (kind == OP_UP) {
        assert_int_equal(project_to_json(d->plan, &text, &e), 0);
        assert_int_equal(project_from_json(text, strlen(text), &r.definition, &e), 0);
    }
    d->busy = true;
    d->busy_since = timers_now(d->timers);
    if (supervisor_begin(d->supervisor, &r, &w, &e) < 0)
        d->busy = false;
    else
        d->operations++;
}

/* what the supervisor says of a service */
static bool says(const struct day *d, size_t n, const char *key, const char *value)
{
    json_t *all = supervisor_status(d->supervisor, "p");
    const json_t *project = json_array_get(json_object_get(all, "projects"), 0);
    const json_t *one;
    bool found = false;
    size_t k;

    json_array_foreach (json_object_get(project, "services"), k, one)
        if (strcmp(json_string_value(json_object_get(one, "service")), names[n]) == 0)
            found |= strcmp(json_string_value(json_object_get(one, key)), value) == 0;
    json_decref(all);
    return found;
}

static void check(struct day *d)
{
    uint64_t now = timers_now(d->timers);

    if (d->busy)
        assert_true(now - d->busy_since < PATIENCE_US);
    for (size_t n = 0; n < UNITS; n++) {
        size_t alive = world_alive(d->world, names[n]);

        assert_true(alive <= 1); /* never two of one */
        if (alive == 1 || !says(d, n, "state", "backoff"))
            d->absent[n] = now;
        assert_true(now - d->absent[n] < PATIENCE_US);
    }
}

static void pass(struct day *d, uint64_t us)
{
    uint64_t until = timers_now(d->timers) + us, looked = 0;

    while (timers_next(d->timers, until)) {
        for (size_t n = 0; n < UNITS; n++)
            assert_true(world_alive(d->world, names[n]) <= 1);
        if (timers_now(d->timers) - looked > 5 * USEC_PER_SEC) {
            looked = timers_now(d->timers);
            check(d);
        }
    }
    check(d);
}

static void lose_supervisor(struct day *d, bool machine)
{
    close_supervisor(d);
    if (machine)
        world_boot(d->world);
    open_supervisor(d);
}

static void happen(struct day *d)
{
    const char *name = names[roll(d, UNITS)];
    struct actor *a = world_actor(d->world, name);

    d->events++;
    switch (roll(d, 12)) {
    case 0:
    case 1: world_end(d->world, name, 0, SIGKILL); break;
    case 2: world_end(d->world, name, (int) roll(d, 3), 0); break;
    case 3: a->sick = !a->sick; break;
    case 4: a->ready_us = roll(d, 3) * USEC_PER_SEC; break;
    case 5: a->stop_us = roll(d, 4) == 0 ? UINT64_MAX : roll(d, 2000) * USEC_PER_MSEC; break;
    case 6: a->life_us = roll(d, 2) == 0 ? 0 : (1 + roll(d, 60)) * USEC_PER_SEC; break;
    case 7: lose_supervisor(d, false); break;
    case 8: world_lose_broker(d->world); break;
    case 9:
        if (roll(d, 10) == 0)
            lose_supervisor(d, true);
        break;
    case 10:
        operate(d, (enum operation_kind[]){ OP_RESTART, OP_STOP, OP_START, OP_START }[roll(d, 4)],
                name);
        break;
    case 11: operate(d, OP_UP, NULL); break;
    }
}

static void open_day(struct day *d, uint64_t seed)
{
    struct world_config config = { .note = on_note, .owner = d };

    *d = (struct day){ .dir = "/dev/shm/ipam-day.XXXXXX", .random = seed };
    assert_non_null(mkdtemp(d->dir));
    assert_true(sd_event_new(&d->loop) >= 0);
    d->timers = config.timers = timers_new(NULL);
    d->world = world_new(&config);
    d->plan = make_plan();
    open_supervisor(d);
}

static void close_day(struct day *d)
{
    close_supervisor(d);
    world_free(d->world);
    timers_free(d->timers);
    sd_event_unref(d->loop);
    project_free(d->plan);
    assert_int_equal(fake_tree_remove(d->dir), 0);
}

static void a_day_of_failures_ends_with_everything_up(void **state)
{
    struct day d;

    (void) state;
    open_day(&d, 20261126);
    operate(&d, OP_UP, NULL);
    pass(&d, 10 * USEC_PER_SEC);
    while (timers_now(d.timers) < 24 * HOUR_US) {
        happen(&d);
        pass(&d, (1 + roll(&d, 90)) * USEC_PER_SEC / (1 + roll(&d, 20)));
    }
    print_message("%u events, %u operations\n", d.events, d.operations);
    for (size_t n = 0; n < UNITS; n++) {
        struct actor *a = world_actor(d.world, names[n]);

        *a = (struct actor){ .service = a->service, .start_us = 10000, .stop_us = 20000 };
    }
    pass(&d, 2 * PATIENCE_US);
    operate(&d, OP_UP, NULL);
    pass(&d, PATIENCE_US);
    assert_false(d.busy);
    for (size_t n = 0; n < UNITS; n++) {
        assert_int_equal(world_alive(d.world, names[n]), 1);
        assert_true(says(&d, n, "state", "up"));
    }
    close_day(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_failures_ends_with_everything_up),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
