/* The supervisor on a runtime that runs nothing: order, failure, restart, recovery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "engine/supervisor.h"
#include "model/member.h"
#include "tests/fakes/fake_dir.h"
#include "tests/fakes/fake_project.h"
#include "tests/fakes/fake_runtime.h"

struct stage {
    char dir[64];
    sd_event *loop;
    struct timers *timers;
    struct supervisor *supervisor;
    struct fake_runtime fake;
    unsigned dones;
    struct operation_failure failure;
    bool failed;
};

/* a two-tier project: web needs a healthy db */
static struct project *two_tier(const char *web_digest, bool migrations)
{
    struct project *p = fake_project("p", 2);

    fake_unit(&p->units[0], "web");
    fake_unit(&p->units[1], "db");
    p->units[0].digest = web_digest;
    for (size_t i = 0; i < 2; i++)
        fake_health(&p->units[i], 1000);
    p->units[0].deps = arena_array(p->arena, 1, sizeof(struct dep));
    p->units[0].n_deps = 1;
    p->units[0].deps[0] = (struct dep){ .unit = "db", .condition = DEP_HEALTHY, .required = true };
    if (migrations) {
        p->database.unit = "db";
        p->database.migrations = "/srv/p/migrations";
    }
    return p;
}

static void on_event(void *owner, json_t *event)
{
    (void) owner, (void) event;
}

static void on_done(void *owner, const struct operation_failure *failure)
{
    struct stage *s = owner;

    s->dones++;
    s->failed = failure != NULL;
    if (failure)
        s->failure = *failure;
}

static void open_supervisor(struct stage *s)
{
    struct supervisor_config config = {
        .state_dir = s->dir, .log_dir = s->dir, .exit_idle = true, .milli_cpus = 4000
    };
    struct err e = ERR_INIT;

    assert_true(sd_event_new(&s->loop) >= 0);
    config.loop = s->loop;
    config.timers = s->timers = timers_new(s->loop);
    s->supervisor = supervisor_new(&config);
    s->fake.to = supervisor_listener(s->supervisor);
    supervisor_use(s->supervisor, &fake_runtime_ops, &s->fake);
    assert_int_equal(supervisor_load(s->supervisor, &e), 0);
}

static void close_supervisor(struct stage *s)
{
    supervisor_free(s->supervisor);
    timers_free(s->timers);
    sd_event_unref(s->loop);
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);

    (void) snprintf(s->dir, sizeof s->dir, "/tmp/ipam-supervisor.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    open_supervisor(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;

    close_supervisor(s);
    assert_int_equal(fake_tree_remove(s->dir), 0);
    free(s);
    return 0;
}

static int begin(struct stage *s, enum operation_kind kind, struct project *p)
{
    struct watcher w = { .owner = s, .event = on_event, .done = on_done };
    struct supervisor_request r = { .kind = kind, .project = "p", .definition = p };
    struct err e = ERR_INIT;

    return supervisor_begin(s->supervisor, &r, &w, &e);
}

/* lets timers that are due fire until a probe of this instance is asked for, and answers it */
static void probe(struct stage *s, const char *id, bool ok)
{
    while (strcmp(s->fake.probe_id, id) != 0 || s->fake.probe_tag == 0)
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    uint64_t tag = s->fake.probe_tag;
    s->fake.probe_tag = 0;
    s->fake.to.answered(s->supervisor, tag,
                        &(struct runtime_answer){ .ok = ok, .output = ok ? "" : "no" });
}

static void started(struct stage *s, const char *id)
{
    s->fake.to.started(s->supervisor, &(struct runtime_seen){ .id = id, .pid = 4711 });
}

static void ended(struct stage *s, const char *id, int code, int signo)
{
    s->fake.to.ended(s->supervisor, id, &(struct exit_info){ .code = code, .signal = signo });
}

static void bring_up_as(struct stage *s, struct project *p)
{
    assert_int_equal(begin(s, OP_UP, p), 0);
    started(s, "p.db.1.1");
    probe(s, "p.db.1.1", true);
    started(s, "p.web.1.1");
    probe(s, "p.web.1.1", true);
    assert_int_equal(s->dones, 1);
    assert_false(s->failed);
    (void) fake_notes(&s->fake);
}

static void bring_up(struct stage *s)
{
    bring_up_as(s, two_tier("w1", false));
}

static void a_dependant_starts_when_its_dependency_is_healthy_and_not_before(void **state)
{
    struct stage *s = *state;

    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), 0);
    assert_string_equal(fake_notes(&s->fake), "launch p.db.1.1; ");
    started(s, "p.db.1.1");
    assert_string_equal(fake_notes(&s->fake), "");
    probe(s, "p.db.1.1", true);
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.1; ");
    started(s, "p.web.1.1");
    assert_int_equal(s->dones, 0);
    probe(s, "p.web.1.1", true);
    assert_int_equal(s->dones, 1);
}

static void a_stop_goes_the_other_way_round(void **state)
{
    struct stage *s = *state;

    bring_up(s);
    assert_int_equal(begin(s, OP_STOP, NULL), 0);
    assert_string_equal(fake_notes(&s->fake), "signal p.web.1.1 15; ");
    ended(s, "p.web.1.1", 0, 0);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.1.1; signal p.db.1.1 15; ");
    ended(s, "p.db.1.1", 0, 0);
    assert_int_equal(s->dones, 2);
}

static void for_a_rest_everything_stops_in_order_and_the_next_supervisor_starts_it(void **state)
{
    struct stage *s = *state;

    bring_up(s);
    supervisor_rest(s->supervisor);
    assert_string_equal(fake_notes(&s->fake), "signal p.web.1.1 15; ");
    assert_false(supervisor_is_at_rest(s->supervisor));
    ended(s, "p.web.1.1", 0, 0);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.1.1; signal p.db.1.1 15; ");
    ended(s, "p.db.1.1", 0, 0);
    assert_string_equal(fake_notes(&s->fake), "remove p.db.1.1; ");
    assert_true(supervisor_is_at_rest(s->supervisor));
    assert_int_equal(begin(s, OP_RESTART, NULL), -EBUSY);
    close_supervisor(s);
    s->fake.n_seen = 0;
    open_supervisor(s);
    assert_non_null(strstr(fake_notes(&s->fake), "launch p.db.1.2; "));
    assert_false(supervisor_is_at_rest(s->supervisor));
}

static void
a_service_that_never_gets_ready_fails_the_start_and_what_was_started_is_stopped(void **state)
{
    struct stage *s = *state;

    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), 0);
    started(s, "p.db.1.1");
    probe(s, "p.db.1.1", true);
    for (int i = 1; i <= OPERATION_FALSE_STARTS; i++) {
        char id[32], launch[64];

        (void) snprintf(id, sizeof id, "p.web.1.%d", i);
        (void) snprintf(launch, sizeof launch, "launch %s; ", id);
        while (!strstr(s->fake.notes, launch))
            assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
        started(s, id);
        ended(s, id, 1, 0);
    }
    assert_non_null(strstr(fake_notes(&s->fake), "signal p.db.1.1 15; "));
    ended(s, "p.db.1.1", 0, 0);
    assert_true(s->failed);
    assert_string_equal(s->failure.service, "web");
    assert_non_null(strstr(s->failure.why.msg, "exited with status 1"));
}

/* that is for whoever asks for `up`, before it does: a start, at boot too, changes no data */
static void a_project_with_migrations_starts_like_any_other(void **state)
{
    struct stage *s = *state;

    assert_int_equal(begin(s, OP_UP, two_tier("w1", true)), 0);
    started(s, "p.db.1.1");
    (void) fake_notes(&s->fake);
    probe(s, "p.db.1.1", true);
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.1; ");
}

static void a_crash_restarts_at_once_and_is_counted(void **state)
{
    struct stage *s = *state;
    json_t *status;

    bring_up(s);
    ended(s, "p.web.1.1", 0, SIGKILL);
    while (!strstr(s->fake.notes, "launch p.web.1.2; "))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    started(s, "p.web.1.2");
    probe(s, "p.web.1.2", true);
    status = supervisor_status(s->supervisor, "p");
    const char *last;
    int restarts;
    assert_int_equal(
        json_unpack(
            json_array_get(
                json_object_get(json_array_get(json_object_get(status, "projects"), 0), "services"),
                0),
            "{s:i,s:s}", "restarts", &restarts, "last_exit", &last),
        0);
    assert_int_equal(restarts, 1);
    assert_string_equal(last, "killed by signal 9 (Killed)");
    json_decref(status);
}

static void the_same_project_again_changes_nothing(void **state)
{
    struct stage *s = *state;

    bring_up(s);
    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), 0);
    assert_string_equal(fake_notes(&s->fake), "");
    assert_int_equal(s->dones, 2);
}

static void only_a_changed_service_is_replaced(void **state)
{
    struct stage *s = *state;

    bring_up(s);
    assert_int_equal(begin(s, OP_UP, two_tier("w2", false)), 0);
    assert_string_equal(fake_notes(&s->fake), "signal p.web.1.1 15; ");
    ended(s, "p.web.1.1", 0, 0);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.1.1; launch p.web.1.2; ");
    started(s, "p.web.1.2");
    probe(s, "p.web.1.2", true);
    assert_int_equal(s->dones, 2);
}

static void a_second_operation_is_refused_while_one_runs(void **state)
{
    struct stage *s = *state;

    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), 0);
    assert_int_equal(begin(s, OP_STOP, NULL), -EBUSY);
}

static void a_new_supervisor_adopts_what_runs_and_ends_what_nobody_wants(void **state)
{
    static const struct runtime_seen seen[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "p.web.1.1", .pid = 12 },
                                                { .id = "q.old.1.9", .pid = 13 } };
    struct stage *s = *state;
    json_t *status;

    bring_up(s);
    close_supervisor(s);
    s->fake.seen = seen;
    s->fake.n_seen = ARRAY_LEN(seen);
    open_supervisor(s);
    assert_string_equal(fake_notes(&s->fake), "signal q.old.1.9 9; ");
    status = supervisor_status(s->supervisor, "p");
    assert_int_equal(json_array_size(json_object_get(status, "projects")), 1);
    json_decref(status);
}

/* project.json of "p" as another version, or a broken disk, has left it */
static void save_as(struct stage *s, const char *key, json_t *value)
{
    auto_free char *path = NULL, *text = NULL, *changed = NULL;
    json_t *json;

    assert_true(asprintf(&path, "%s/p/project.json", s->dir) > 0);
    assert_int_equal(fsio_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
    json = json_loads(text, 0, NULL);
    (void) json_object_set_new(json, key, value);
    changed = json_dumps(json, 0);
    assert_int_equal(fsio_write_atomic(AT_FDCWD, path, changed, strlen(changed), 0600), 0);
    json_decref(json);
}

static void
what_a_newer_version_has_saved_goes_on_and_starts_nothing_until_it_is_known(void **state)
{
    static const struct runtime_seen seen[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "p.web.1.1", .pid = 12 } };
    struct stage *s = *state;

    bring_up(s);
    close_supervisor(s);
    save_as(s, "rights_of_tomorrow", json_true());
    s->fake.seen = seen;
    s->fake.n_seen = ARRAY_LEN(seen);
    (void) fake_notes(&s->fake);
    open_supervisor(s);
    assert_string_equal(fake_notes(&s->fake), "");
    assert_int_equal(begin(s, OP_RESTART, NULL), -ENOTSUP);
    assert_int_equal(begin(s, OP_START, NULL), -ENOTSUP);
    ended(s, "p.web.1.1", 1, 0);
    assert_null(strstr(fake_notes(&s->fake), "launch"));
    /* its files say what it is */
    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), 0);
    probe(s, "p.db.1.1", true);
    while (!strstr(s->fake.notes, "launch p.web.1."))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
}

static void what_a_newer_version_has_saved_can_be_stopped(void **state)
{
    static const struct runtime_seen seen[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "p.web.1.1", .pid = 12 } };
    struct stage *s = *state;

    bring_up(s);
    close_supervisor(s);
    save_as(s, "schema", json_integer(99));
    s->fake.seen = seen;
    s->fake.n_seen = ARRAY_LEN(seen);
    open_supervisor(s);
    s->fake.n_seen = 0;
    assert_int_equal(begin(s, OP_DOWN, NULL), 0);
    ended(s, "p.web.1.1", 0, 0);
    ended(s, "p.db.1.1", 0, 0);
    assert_int_equal(begin(s, OP_STOP, NULL), -ENOENT);
}

static void what_runs_of_a_project_that_cannot_be_read_is_left_alone(void **state)
{
    static const struct runtime_seen seen[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "pp.old.1.9", .pid = 13 } };
    struct stage *s = *state;

    bring_up(s);
    close_supervisor(s);
    save_as(s, "secrets", json_null());
    s->fake.seen = seen;
    s->fake.n_seen = ARRAY_LEN(seen);
    (void) fake_notes(&s->fake);
    open_supervisor(s);
    assert_string_equal(fake_notes(&s->fake), "signal pp.old.1.9 9; ");
    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), -EBADMSG);
}

/* killed just after the launch of another one, which was not saved yet */
static void a_new_supervisor_adopts_the_next_life_of_what_was_saved_as_running(void **state)
{
    static const struct runtime_seen gone[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "p.web.1.2", .pid = 14 } };
    static const struct runtime_seen ended_too[] = { { .id = "p.db.1.1", .pid = 11 },
                                                     { .id = "p.web.1.1", .ended = true },
                                                     { .id = "p.web.1.2", .pid = 14 } };
    static const struct {
        const struct runtime_seen *seen;
        size_t n;
    } cases[] = { { gone, ARRAY_LEN(gone) }, { ended_too, ARRAY_LEN(ended_too) } };
    struct stage *s = *state;

    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        bring_up(s);
        close_supervisor(s);
        s->fake.seen = cases[k].seen;
        s->fake.n_seen = cases[k].n;
        (void) fake_notes(&s->fake);
        open_supervisor(s);
        assert_string_equal(fake_notes(&s->fake), "");
        s->fake.probe_tag = 0;
        probe(s, "p.web.1.2", true);
        s->fake.n_seen = 0;
        assert_int_equal(begin(s, OP_DOWN, NULL), 0);
        ended(s, "p.web.1.2", 0, 0);
        ended(s, "p.db.1.1", 0, 0);
        close_supervisor(s);
        open_supervisor(s);
        s->dones = 0;
    }
}

static void down_forgets_the_project_and_lets_the_broker_end(void **state)
{
    struct stage *s = *state;

    bring_up(s);
    assert_int_equal(begin(s, OP_DOWN, NULL), 0);
    ended(s, "p.web.1.1", 0, 0);
    ended(s, "p.db.1.1", 0, 0);
    assert_int_equal(s->dones, 2);
    assert_false(s->failed);
    assert_non_null(strstr(fake_notes(&s->fake), "quit; "));
    assert_true(supervisor_is_ending(s->supervisor));
}

static struct project *with_network(void)
{
    struct project *p = two_tier("w1", false);

    p->networks = arena_array(p->arena, 1, sizeof *p->networks);
    p->networks[0] = (struct network){
        .key = "n",
        .name = "p_n",
        .ipv4 = { .subnet = "", .gateway = "", .pool = "" },
        .ipv6 = { .subnet = "", .gateway = "", .pool = "" },
    };
    p->n_networks = 1;
    return p;
}

static void down_is_over_when_the_networks_are_gone(void **state)
{
    struct stage *s = *state;
    struct project *p = with_network();

    assert_int_equal(begin(s, OP_UP, p), 0);
    assert_string_equal(fake_notes(&s->fake), "network; launch p.db.1.1; ");
    assert_int_equal(begin(s, OP_DOWN, NULL), -EBUSY);
    s->fake.to.refused(s->supervisor, "p.db.1.1", &(struct err){ .code = -EIO, .msg = "no" });
    /* the first `up` failed, so everything it made goes */
    assert_string_equal(fake_notes(&s->fake), "remove p.db.1.1; no network; ");
    assert_int_equal(s->dones, 0);
    assert_int_equal(begin(s, OP_STOP, NULL), -EBUSY);
    s->fake.to.answered(s->supervisor, s->fake.network_tag, &(struct runtime_answer){ .ok = true });
    assert_int_equal(s->dones, 1);
    assert_true(s->failed);
    assert_true(supervisor_is_ending(s->supervisor));
}

static void a_network_that_could_not_be_made_is_asked_for_again_by_the_next_launch(void **state)
{
    static const struct exit_info no_network = { .stage = "network", .error = ENODEV };
    const struct runtime_answer late = { .error = ETIMEDOUT, .output = "nft is slow" };
    struct stage *s = *state;

    bring_up_as(s, with_network());
    ended(s, "p.db.1.1", 1, 0);
    /* as after a boot: the broker is another one, and nobody has asked for anything */
    s->fake.to.answered(s->supervisor, s->fake.network_tag, &late);
    while (!strstr(s->fake.notes, "launch p.db.1.2; "))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    assert_non_null(strstr(fake_notes(&s->fake), "network; launch p.db.1.2; "));
    s->fake.to.answered(s->supervisor, s->fake.network_tag, &late);
    s->fake.to.ended(s->supervisor, "p.db.1.2", &no_network);
    while (!strstr(s->fake.notes, "launch p.db.1.3; "))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    assert_non_null(strstr(fake_notes(&s->fake), "network; launch p.db.1.3; "));
}

/* web lives in the network of db, and `restart: true` says what compose implies then */
static struct project *lodging(void)
{
    struct project *p = two_tier("w1", false);

    p->units[0].network_of = "db";
    p->units[0].deps[0].condition = DEP_STARTED;
    p->units[0].deps[0].restart = true;
    return p;
}

static void bring_up_lodging(struct stage *s)
{
    assert_int_equal(begin(s, OP_UP, lodging()), 0);
    started(s, "p.db.1.1");
    probe(s, "p.db.1.1", true);
    started(s, "p.web.1.1");
    probe(s, "p.web.1.1", true);
    assert_int_equal(s->dones, 1);
    (void) fake_notes(&s->fake);
}

static void who_lives_in_a_network_that_crashed_moves_to_the_next_one(void **state)
{
    struct stage *s = *state;

    bring_up_lodging(s);
    ended(s, "p.db.1.1", 1, 0);
    while (!strstr(s->fake.notes, "launch p.db.1.2; "))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    /* the network it was in is gone: it is stopped, and launched again in the new one */
    assert_string_equal(fake_notes(&s->fake),
                        "remove p.db.1.1; launch p.db.1.2; signal p.web.1.1 15; ");
    ended(s, "p.web.1.1", 0, SIGTERM);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.1.1; ");
    started(s, "p.db.1.2");
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.2; ");
}

/* without a restart policy: it has not ended by itself */
static void who_lives_among_the_processes_of_one_that_crashed_comes_back_with_it(void **state)
{
    struct stage *s = *state;
    struct project *p = lodging();

    p->units[0].network_of = "";
    p->units[0].pid_of = "db";
    p->units[0].restart.policy = RESTART_NO;
    assert_int_equal(begin(s, OP_UP, p), 0);
    started(s, "p.db.1.1");
    probe(s, "p.db.1.1", true);
    started(s, "p.web.1.1");
    probe(s, "p.web.1.1", true);
    (void) fake_notes(&s->fake);
    ended(s, "p.db.1.1", 1, 0);
    ended(s, "p.web.1.1", 0, SIGKILL);
    assert_string_equal(fake_notes(&s->fake), "remove p.db.1.1; remove p.web.1.1; ");
    while (!strstr(s->fake.notes, "launch p.db.1.2; "))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    (void) fake_notes(&s->fake);
    started(s, "p.db.1.2");
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.2; ");
    /* killed while the other one runs, it has */
    started(s, "p.web.1.2");
    probe(s, "p.web.1.2", true);
    (void) fake_notes(&s->fake);
    ended(s, "p.web.1.2", 0, SIGKILL);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.1.2; ");
}

static void a_restart_takes_along_what_asks_for_it_and_runs(void **state)
{
    const char *const db[] = { "db", NULL };
    struct watcher w = { .owner = *state, .event = on_event, .done = on_done };
    struct supervisor_request r = { .kind = OP_RESTART, .project = "p", .services = db };
    struct stage *s = *state;
    struct err e = ERR_INIT;

    bring_up_lodging(s);
    assert_int_equal(supervisor_begin(s->supervisor, &r, &w, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "signal p.web.1.1 15; ");
    ended(s, "p.web.1.1", 0, 0);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.1.1; signal p.db.1.1 15; ");
    ended(s, "p.db.1.1", 0, 0);
    assert_string_equal(fake_notes(&s->fake), "remove p.db.1.1; launch p.db.1.2; ");
    started(s, "p.db.1.2");
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.2; ");
}

/* project `name` of one service that reserves so much for each of its replicas */
static struct project *reserving(const char *name, uint64_t milli_cpus, unsigned replicas)
{
    struct project *p = two_tier("w1", false);

    p->name = name;
    p->units[0].reserved_milli_cpus = milli_cpus;
    p->units[0].replicas = replicas;
    return p;
}

static int up_reserving(struct stage *s, const char *name, uint64_t milli_cpus, unsigned replicas)
{
    struct watcher w = { .owner = s, .event = on_event, .done = on_done };
    struct supervisor_request r = { .kind = OP_UP,
                                    .project = name,
                                    .definition = reserving(name, milli_cpus, replicas) };
    struct err e = ERR_INIT;
    int code = supervisor_begin(s->supervisor, &r, &w, &e);

    if (code == -EDQUOT)
        assert_non_null(strstr(e.msg, "processors; this host has 4.000"));
    return code;
}

static void services_reserve_no_more_processors_than_there_are_in_all_projects(void **state)
{
    struct stage *s = *state;

    assert_int_equal(up_reserving(s, "p", 1001, 4), -EDQUOT);
    assert_int_equal(up_reserving(s, "p", 1500, 2), 0);
    assert_int_equal(up_reserving(s, "q", 1001, 1), -EDQUOT);
    assert_int_equal(up_reserving(s, "q", 1000, 1), 0);
    /* who reserves nothing asks for nothing */
    assert_int_equal(up_reserving(s, "r", 0, 1), 0);
}

static int down_with_volumes(struct stage *s, struct project *p)
{
    struct watcher w = { .owner = s, .event = on_event, .done = on_done };
    struct supervisor_request r = {
        .kind = OP_DOWN, .project = "p", .definition = p, .volumes = true
    };
    struct err e = ERR_INIT;

    return supervisor_begin(s->supervisor, &r, &w, &e);
}

static struct project *with_volumes(void)
{
    struct project *p = two_tier("w1", false);

    p->volumes = arena_array(p->arena, 2, sizeof *p->volumes);
    p->volumes[0] = (struct volume){ .key = "data", .name = "p_data" };
    p->volumes[1] = (struct volume){ .key = "other", .name = "other", .external = true };
    p->n_volumes = 2;
    return p;
}

static void down_removes_volumes_only_when_asked_and_never_external_ones(void **state)
{
    struct stage *s = *state;

    assert_int_equal(begin(s, OP_UP, with_volumes()), 0);
    s->fake.to.refused(s->supervisor, "p.db.1.1", &(struct err){ .code = -EIO, .msg = "no" });
    assert_null(strstr(fake_notes(&s->fake), "volume"));
    /* the project is unknown now: its file says what there may be */
    assert_int_equal(begin(s, OP_DOWN, NULL), -ENOENT);
    s->dones = 0;
    assert_int_equal(down_with_volumes(s, with_volumes()), 0);
    assert_string_equal(fake_notes(&s->fake), "no volume p_data; ");
    assert_int_equal(s->dones, 0);
    s->fake.to.answered(s->supervisor, s->fake.volume_tag, &(struct runtime_answer){ .ok = true });
    assert_int_equal(s->dones, 1);
    assert_false(s->failed);
}

static void a_volume_that_stays_is_told_and_the_project_is_gone_all_the_same(void **state)
{
    struct stage *s = *state;

    assert_int_equal(down_with_volumes(s, with_volumes()), 0);
    s->fake.to.answered(s->supervisor, s->fake.volume_tag,
                        &(struct runtime_answer){ .output = "in use" });
    assert_true(s->failed);
    assert_non_null(strstr(s->failure.why.msg, "p_data"));
    assert_non_null(strstr(s->failure.why.msg, "in use"));
    assert_int_equal(begin(s, OP_DOWN, NULL), -ENOENT);
}

static void after_a_boot_everything_starts_again_in_order_and_no_restart_is_counted(void **state)
{
    struct stage *s = *state;
    json_t *status, *service;

    bring_up(s);
    (void) fake_notes(&s->fake);
    close_supervisor(s);
    s->fake.n_seen = 0;
    open_supervisor(s);
    assert_string_equal(fake_notes(&s->fake), "launch p.db.1.2; ");
    started(s, "p.db.1.2");
    probe(s, "p.db.1.2", true);
    assert_string_equal(fake_notes(&s->fake), "launch p.web.1.2; ");
    started(s, "p.web.1.2");
    probe(s, "p.web.1.2", true);
    status = supervisor_status(s->supervisor, "p");
    service = json_array_get(
        json_object_get(json_array_get(json_object_get(status, "projects"), 0), "services"), 0);
    assert_string_equal(json_string_value(json_object_get(service, "state")), "up");
    assert_int_equal(json_integer_value(json_object_get(service, "restarts")), 0);
    json_decref(status);
}

static void on_exec_done(void *owner, const struct runtime_answer *how)
{
    *(int *) owner = how->code;
}

static int exec_in(struct stage *s, const char *service, int *code, struct err *e)
{
    static const char *const argv[] = { "id", NULL };
    const struct supervisor_exec x = {
        .project = "p", .service = service, .index = 1, .command.argv = argv
    };

    return supervisor_exec(s->supervisor, &x,
                           &(struct exec_watcher){ .owner = code, .done = on_exec_done }, e);
}

static void a_command_runs_in_what_is_up_and_ends_with_who_asked(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    int code = -1, other = -1;

    assert_int_equal(begin(s, OP_UP, two_tier("w1", false)), 0);
    started(s, "p.db.1.1");
    assert_int_equal(exec_in(s, "web", &code, &e), -ESRCH);
    assert_non_null(strstr(e.msg, "'web' is waiting"));
    assert_int_equal(exec_in(s, "cache", &code, &e), -ENOENT);
    (void) fake_notes(&s->fake);

    assert_int_equal(exec_in(s, "db", &code, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "exec p.db.1.1 id; ");
    s->fake.to.answered(s->fake.to.owner, s->fake.exec_tag, &(struct runtime_answer){ .code = 7 });
    assert_int_equal(code, 7);

    assert_int_equal(exec_in(s, "db", &other, &e), 0);
    (void) fake_notes(&s->fake);
    supervisor_forget_watcher(s->supervisor, &other);
    assert_string_equal(fake_notes(&s->fake), "end exec; ");
    s->fake.to.answered(s->fake.to.owner, s->fake.exec_tag, &(struct runtime_answer){ .code = 9 });
    assert_int_equal(other, -1);
}

struct heard {
    unsigned times;
    size_t instances;
    int memory;
    bool wanted, ok;
    char why[sizeof((struct err *) 0)->msg], output[64];
};

static void on_heard(void *owner, json_t *instances, const struct err *why)
{
    struct heard *h = owner;

    h->times++;
    h->instances = json_array_size(instances);
    h->memory = (int) json_integer_value(json_object_get(json_array_get(instances, 0), "memory"));
    h->wanted = json_object_get(json_array_get(instances, 0), "wanted") != NULL;
    h->ok = json_is_true(json_object_get(json_array_get(instances, 0), "ok"));
    (void) snprintf(h->output, sizeof h->output, "%s",
                    member_text(json_array_get(instances, 0), "output"));
    (void) snprintf(h->why, sizeof h->why, "%s", why ? why->msg : "");
}

static int inquire(struct stage *s, enum inquiry_kind kind, const char *service, struct heard *h,
                   struct err *e)
{
    const char *const services[] = { service, NULL };
    const struct supervisor_inquiry r = { .kind = kind,
                                          .project = "p",
                                          .services = service ? services : NULL };

    *h = (struct heard){ 0 };
    return supervisor_inquire(s->supervisor, &r,
                              &(struct inquiry_watcher){ .owner = h, .done = on_heard }, e);
}

static void answer_tagged(struct stage *s, bool ok)
{
    s->fake.to.answered(
        s->fake.to.owner, s->fake.tagged,
        &(struct runtime_answer){ .ok = ok, .error = ok ? 0 : EIO, .output = ok ? "" : "broken" });
}

static void pause_service(struct stage *s, const char *service)
{
    struct heard h;
    struct err e = ERR_INIT;

    assert_int_equal(inquire(s, INQUIRY_PAUSE, service, &h, &e), 0);
    answer_tagged(s, true);
    assert_int_equal(h.times, 1);
    assert_string_equal(h.why, "");
    (void) fake_notes(&s->fake);
}

static const char *state_of_web(struct stage *s)
{
    static char state[32];
    json_t *status = supervisor_status(s->supervisor, "p");
    const json_t *service = json_array_get(
        json_object_get(json_array_get(json_object_get(status, "projects"), 0), "services"), 0);

    (void) snprintf(state, sizeof state, "%s",
                    json_string_value(json_object_get(service, "state")));
    json_decref(status);
    return state;
}

static void an_inquiry_is_answered_once_for_all_and_its_first_failure_is_told(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct heard h;

    assert_int_equal(inquire(s, INQUIRY_PAUSE, NULL, &h, &e), -ENOENT);
    bring_up(s);
    assert_int_equal(inquire(s, INQUIRY_PAUSE, "cache", &h, &e), -ENOENT);
    assert_int_equal(inquire(s, INQUIRY_PAUSE, NULL, &h, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "freeze p.web.1.1; freeze p.db.1.1; ");
    answer_tagged(s, false);
    assert_int_equal(h.times, 0);
    s->fake.tagged--;
    answer_tagged(s, true);
    assert_int_equal(h.times, 1);
    assert_int_equal(h.instances, 1);
    assert_string_equal(h.why, "service 'db': broken");
    assert_string_equal(state_of_web(s), "paused");
    /* who asked may be gone before the answer */
    assert_int_equal(inquire(s, INQUIRY_UNPAUSE, "web", &h, &e), 0);
    supervisor_forget_watcher(s->supervisor, &h);
    answer_tagged(s, true);
    assert_int_equal(h.times, 0);
    assert_string_equal(state_of_web(s), "up");
}

static void figures_of_the_broker_are_passed_on(void **state)
{
    struct stage *s = *state;
    json_t *figures = json_pack("{s:i,s:i}", "tag", 9, "memory", 42);
    struct err e = ERR_INIT;
    struct heard h;

    bring_up(s);
    assert_int_equal(inquire(s, INQUIRY_STATS, "web", &h, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "stats p.web.1.1; ");
    s->fake.to.answered(s->fake.to.owner, s->fake.tagged,
                        &(struct runtime_answer){ .ok = true, .output = "", .fields = figures });
    json_decref(figures);
    assert_int_equal(h.instances, 1);
    assert_int_equal(h.memory, 42);
    /* what ended meanwhile is left out */
    assert_int_equal(inquire(s, INQUIRY_STATS, "web", &h, &e), 0);
    ended(s, "p.web.1.1", 0, 0);
    answer_tagged(s, false);
    assert_int_equal(h.times, 1);
    assert_int_equal(h.instances, 0);
    assert_string_equal(h.why, "");
}

static void a_fresh_check_is_an_answer_whatever_it_says_and_changes_nothing(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct heard h;

    bring_up(s);
    assert_int_equal(inquire(s, INQUIRY_PROBE, "web", &h, &e), 0);
    assert_int_equal(h.times, 0);
    assert_string_equal(s->fake.probe_id, "p.web.1.1");
    s->fake.to.answered(s->fake.to.owner, s->fake.probe_tag,
                        &(struct runtime_answer){ .ok = false, .output = "HTTP status 503" });
    assert_int_equal(h.times, 1);
    assert_int_equal(h.instances, 1);
    assert_string_equal(h.why, "");
    assert_int_equal(h.ok, 0);
    assert_string_equal(h.output, "HTTP status 503");
    assert_string_equal(state_of_web(s), "up");
    pause_service(s, "web");
    assert_int_equal(inquire(s, INQUIRY_PROBE, "web", &h, &e), 0);
    assert_int_equal(h.times, 1);
    assert_int_equal(h.ok, 0);
    assert_string_equal(h.output, "it is paused");
}

struct looked {
    int begun, input, outputs, code, times, why;
};

static void on_looked(void *owner, const struct instance *i, int input)
{
    struct looked *l = owner;

    assert_string_equal(i->name, "web");
    l->begun++;
    l->input = input;
}

static void on_written(void *owner, const char *stream, const char *bytes, size_t len)
{
    (void) stream, (void) bytes, (void) len;
    ((struct looked *) owner)->outputs++;
}

static void on_looked_done(void *owner, const struct exit_info *how, const struct err *why)
{
    struct looked *l = owner;

    l->times++;
    l->code = how ? how->code : -1;
    l->why = why ? why->code : 0;
}

static int look(struct stage *s, const char *service, unsigned index, struct looked *l,
                struct err *e)
{
    const struct attach_watcher watcher = {
        .owner = l, .begun = on_looked, .output = on_written, .done = on_looked_done
    };
    const struct supervisor_attach a = {
        .project = "p", .service = service, .index = index, .input = true
    };

    *l = (struct looked){ .code = -2 };
    return supervisor_attach(s->supervisor, &a, &watcher, e);
}

static void who_looks_at_a_service_is_told_of_its_end(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct looked l, gone;

    bring_up(s);
    assert_int_equal(look(s, "web", 2, &l, &e), -ENOENT);
    assert_int_equal(look(s, "nobody", 1, &l, &e), -ENOENT);
    /* it reads nothing: nobody is asked for it */
    assert_int_equal(look(s, "web", 1, &l, &e), 0);
    assert_int_equal(l.begun, 1);
    assert_int_equal(l.input, 0);
    assert_string_equal(fake_notes(&s->fake), "");
    assert_int_equal(look(s, "web", 1, &gone, &e), 0);
    supervisor_forget_watcher(s->supervisor, &gone);
    ended(s, "p.web.1.1", 5, 0);
    assert_int_equal(l.times, 1);
    assert_int_equal(l.code, 5);
    assert_int_equal(gone.times, 0);
}

static void what_a_service_reads_is_asked_for_and_may_not_be_there(void **state)
{
    struct stage *s = *state;
    struct project *p = two_tier("w1", false);
    struct err e = ERR_INIT;
    struct looked l;

    p->units[0].stdin_open = true;
    bring_up_as(s, p);
    assert_int_equal(look(s, "web", 1, &l, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "input p.web.1.1; ");
    assert_int_equal(l.begun, 0);
    s->fake.to.answered(s->fake.to.owner, s->fake.tagged,
                        &(struct runtime_answer){ .ok = true, .output = "", .fd = 7 });
    assert_int_equal(l.begun, 1);
    assert_int_equal(l.input, 7);
    assert_int_equal(l.times, 0);
    assert_int_equal(look(s, "web", 1, &l, &e), 0);
    answer_tagged(s, false);
    assert_int_equal(l.begun, 0);
    assert_int_equal(l.times, 1);
    assert_int_equal(l.why, -EIO);
}

static void limits_are_told_with_those_of_the_project(void **state)
{
    static const char *const services[] = { "web", NULL };
    struct stage *s = *state;
    json_t *changes = json_pack("{s:i}", "memory", 5);
    const struct supervisor_inquiry r = {
        .kind = INQUIRY_LIMITS, .project = "p", .services = services, .set = changes
    };
    struct err e = ERR_INIT;
    struct heard h = { 0 };

    bring_up(s);
    assert_int_equal(supervisor_inquire(s->supervisor, &r,
                                        &(struct inquiry_watcher){ .owner = &h, .done = on_heard },
                                        &e),
                     0);
    json_decref(changes);
    assert_string_equal(fake_notes(&s->fake), "limits p.web.1.1 1; ");
    answer_tagged(s, true);
    assert_int_equal(h.instances, 1);
    assert_true(h.wanted);
}

static struct project *with_secret(const char *value)
{
    struct project *p = two_tier("w1", false);

    p->secrets = arena_array(p->arena, 1, sizeof *p->secrets);
    p->secrets[0] = (struct secret){ .name = "key", .value = value, .len = strlen(value) };
    p->n_secrets = 1;
    p->units[0].files = arena_array(p->arena, 1, sizeof *p->units[0].files);
    p->units[0].files[0] = (struct secret_file){
        .secret = "key", .target = "/run/secrets/key", .uid = 5, .gid = 5, .mode = 0400
    };
    p->units[0].n_files = 1;
    return p;
}

static int renew(struct stage *s, const char *secret, struct heard *h, struct err *e)
{
    json_t *secrets = json_pack("{s:s}", secret, "new"), *digests = json_pack("{s:s}", "web", "w2");
    const struct supervisor_renewal r = { .project = "p", .secrets = secrets, .digests = digests };
    int result;

    *h = (struct heard){ 0 };
    result = supervisor_renew(s->supervisor, &r,
                              &(struct inquiry_watcher){ .owner = h, .done = on_heard }, e);
    json_decref(secrets);
    json_decref(digests);
    return result;
}

static void a_secret_that_is_renewed_reaches_what_runs_without_a_restart(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct heard h;
    struct project *same;

    bring_up_as(s, with_secret("old"));
    (void) fake_notes(&s->fake);
    assert_int_equal(renew(s, "other", &h, &e), -ENOENT);
    assert_int_equal(renew(s, "key", &h, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "files p.web.1.1 key=new; ");
    assert_int_equal(h.times, 0);
    answer_tagged(s, true);
    assert_int_equal(h.times, 1);
    assert_int_equal(h.instances, 1);
    /* it is what an `up` with the new value wants */
    same = with_secret("new");
    same->units[0].digest = "w2";
    assert_int_equal(begin(s, OP_UP, same), 0);
    assert_string_equal(fake_notes(&s->fake), "");
}

static void what_a_renewed_secret_did_not_reach_is_replaced_by_the_next_up(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct heard h;
    struct project *same;

    bring_up_as(s, with_secret("old"));
    assert_int_equal(renew(s, "key", &h, &e), 0);
    answer_tagged(s, false);
    assert_non_null(strstr(h.why, "service 'web': broken"));
    assert_string_equal(state_of_web(s), "up");
    (void) fake_notes(&s->fake);
    same = with_secret("new");
    same->units[0].digest = "w2";
    assert_int_equal(begin(s, OP_UP, same), 0);
    assert_non_null(strstr(fake_notes(&s->fake), "signal p.web.1.1 15; "));
}

static void a_secret_that_is_renewed_during_a_launch_follows_it(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct heard h;

    bring_up_as(s, with_secret("old"));
    ended(s, "p.web.1.1", 1, 0);
    while (!strstr(s->fake.notes, "launch p.web.1.2; "))
        assert_true(sd_event_run(s->loop, UINT64_MAX) >= 0);
    (void) fake_notes(&s->fake);
    assert_int_equal(renew(s, "key", &h, &e), 0);
    assert_string_equal(fake_notes(&s->fake), "");
    assert_int_equal(h.times, 1);
    started(s, "p.web.1.2");
    assert_non_null(strstr(fake_notes(&s->fake), "files p.web.1.2 key=new; "));
}

static void after_a_kill_the_renewed_secret_is_the_one_that_was_saved(void **state)
{
    static const struct runtime_seen seen[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "p.web.1.1", .pid = 12 } };
    struct stage *s = *state;
    struct err e = ERR_INIT;
    auto_free char *text = NULL;
    struct heard h;

    bring_up_as(s, with_secret("old"));
    assert_int_equal(renew(s, "key", &h, &e), 0);
    close_supervisor(s); /* nobody has answered yet */
    s->fake.seen = seen;
    s->fake.n_seen = ARRAY_LEN(seen);
    open_supervisor(s);
    assert_int_equal(supervisor_definition(s->supervisor, "p", &text, &e), 0);
    assert_non_null(strstr(text, "\"value\":\"new\""));
    assert_string_equal(state_of_web(s), "up");
}

static void what_is_paused_takes_no_command_and_is_thawed_before_any_signal(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    json_t *killed = NULL;
    int code = -1;

    bring_up(s);
    pause_service(s, "web");
    assert_int_equal(exec_in(s, "web", &code, &e), -EBUSY);
    assert_non_null(strstr(e.hint, "unpause web"));
    assert_int_equal(supervisor_kill(s->supervisor, "p", NULL, 0, SIGHUP, &killed, &e), 0);
    json_decref(killed);
    assert_string_equal(fake_notes(&s->fake),
                        "thaw p.web.1.1; signal p.web.1.1 1; signal p.db.1.1 1; ");
    pause_service(s, "web");
    assert_int_equal(begin(s, OP_STOP, NULL), 0);
    assert_string_equal(fake_notes(&s->fake), "thaw p.web.1.1; signal p.web.1.1 15; ");
    assert_string_equal(state_of_web(s), "stopping");
}

static void a_pause_that_comes_after_a_stop_is_undone(void **state)
{
    struct stage *s = *state;
    struct err e = ERR_INIT;
    struct heard h;

    bring_up(s);
    assert_int_equal(inquire(s, INQUIRY_PAUSE, "web", &h, &e), 0);
    assert_int_equal(begin(s, OP_STOP, NULL), 0);
    (void) fake_notes(&s->fake);
    answer_tagged(s, true);
    assert_string_equal(fake_notes(&s->fake), "thaw p.web.1.1; ");
}

static void a_start_lets_what_is_paused_go_on_and_it_is_probed_again(void **state)
{
    struct stage *s = *state;

    bring_up(s);
    pause_service(s, "web");
    s->fake.probe_tag = 0;
    assert_int_equal(begin(s, OP_START, NULL), 0);
    assert_string_equal(fake_notes(&s->fake), "thaw p.web.1.1; ");
    assert_string_equal(state_of_web(s), "up");
    probe(s, "p.web.1.1", true);
}

static void a_new_supervisor_finds_out_what_is_paused(void **state)
{
    static const struct runtime_seen seen[] = { { .id = "p.db.1.1", .pid = 11 },
                                                { .id = "p.web.1.1", .pid = 12, .frozen = true } };
    struct stage *s = *state;

    bring_up(s);
    close_supervisor(s);
    s->fake.seen = seen;
    s->fake.n_seen = ARRAY_LEN(seen);
    open_supervisor(s);
    assert_string_equal(state_of_web(s), "paused");
    assert_int_equal(begin(s, OP_STOP, NULL), 0);
    assert_string_equal(fake_notes(&s->fake), "thaw p.web.1.1; signal p.web.1.1 15; ");
}

/* what a one-off ended with */
struct verdict {
    unsigned times;
    int code, error;
    char text[128];
};

static void on_run_done(void *owner, const struct runtime_answer *how)
{
    struct verdict *h = owner;

    h->times++;
    h->code = how->code;
    h->error = how->error;
    (void) snprintf(h->text, sizeof h->text, "%s", how->output);
}

static int run_once(struct stage *s, bool detach, struct verdict *h)
{
    static const char *const argv[] = { "id", NULL };
    int fd[2];
    struct err e = ERR_INIT;

    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    const struct supervisor_run r = {
        .service = "web",
        .name = "x",
        .definition = two_tier("other", false),
        .command = { .argv = argv, .fds = (int[]){ fd[0], fd[1], fd[1] }, .detach = detach },
    };
    int code = supervisor_run(s->supervisor, &r,
                              &(struct exec_watcher){ .owner = h, .done = on_run_done }, &e);
    close(fd[0]);
    close(fd[1]);
    return code;
}

static void a_one_off_is_over_when_its_command_and_its_sandbox_are(void **state)
{
    struct stage *s = *state;
    struct verdict h = { 0 };

    assert_int_equal(run_once(s, false, &h), -ENOENT);
    bring_up(s);
    assert_int_equal(run_once(s, false, &h), 0);
    assert_string_equal(fake_notes(&s->fake), "launch p.web.run-x; ");
    assert_int_equal(run_once(s, false, &h), -EEXIST);
    started(s, "p.web.run-x");
    assert_string_equal(fake_notes(&s->fake), "exec p.web.run-x id; ");
    s->fake.to.answered(s->supervisor, s->fake.exec_tag,
                        &(struct runtime_answer){ .code = 7, .output = "" });
    assert_string_equal(fake_notes(&s->fake), "signal p.web.run-x 9; ");
    assert_int_equal(h.times, 0);
    ended(s, "p.web.run-x", 0, SIGKILL);
    assert_string_equal(fake_notes(&s->fake), "remove p.web.run-x; ");
    assert_int_equal(h.times, 1);
    assert_int_equal(h.code, 7);
}

static void a_one_off_whose_caller_goes_ends_wherever_it_is(void **state)
{
    struct stage *s = *state;
    struct verdict h = { 0 };

    bring_up(s);
    /* before it has begun */
    assert_int_equal(run_once(s, false, &h), 0);
    supervisor_forget_watcher(s->supervisor, &h);
    (void) fake_notes(&s->fake);
    started(s, "p.web.run-x");
    assert_string_equal(fake_notes(&s->fake), "signal p.web.run-x 9; ");
    ended(s, "p.web.run-x", 0, SIGKILL);
    /* while it runs */
    assert_int_equal(run_once(s, false, &h), 0);
    started(s, "p.web.run-x");
    (void) fake_notes(&s->fake);
    supervisor_forget_watcher(s->supervisor, &h);
    assert_string_equal(fake_notes(&s->fake), "end exec; ");
    s->fake.to.answered(s->supervisor, s->fake.exec_tag,
                        &(struct runtime_answer){ .signal = 9, .output = "" });
    assert_string_equal(fake_notes(&s->fake), "signal p.web.run-x 9; ");
    ended(s, "p.web.run-x", 0, SIGKILL);
    /* with the sandbox, in any order */
    assert_int_equal(run_once(s, false, &h), 0);
    started(s, "p.web.run-x");
    ended(s, "p.web.run-x", 0, SIGKILL);
    assert_int_equal(h.times, 0);
    s->fake.to.answered(s->supervisor, s->fake.exec_tag,
                        &(struct runtime_answer){ .signal = 9, .output = "" });
    assert_int_equal(h.times, 1);
    h.times = 0;
    /* the name is free again, and nobody was told */
    assert_int_equal(run_once(s, false, &h), 0);
    s->fake.to.refused(s->supervisor, "p.web.run-x", &(struct err){ .code = -EIO, .msg = "no" });
    assert_int_equal(h.times, 1);
    assert_int_equal(h.error, EIO);
    assert_string_equal(h.text, "no");
}

static void a_detached_one_off_is_told_when_it_runs_and_goes_with_the_project(void **state)
{
    struct stage *s = *state;
    struct verdict h = { 0 };

    bring_up(s);
    assert_int_equal(run_once(s, true, &h), 0);
    started(s, "p.web.run-x");
    assert_int_equal(h.times, 1);
    assert_string_equal(h.text, "web.run-x");
    supervisor_forget_watcher(s->supervisor, &h);
    assert_string_equal(fake_notes(&s->fake), "launch p.web.run-x; ");
    assert_int_equal(begin(s, OP_DOWN, NULL), 0);
    assert_string_equal(fake_notes(&s->fake), "signal p.web.run-x 9; signal p.web.1.1 15; ");
    ended(s, "p.web.1.1", 0, 0);
    ended(s, "p.db.1.1", 0, 0);
    assert_int_equal(s->dones, 1);
    ended(s, "p.web.run-x", 0, SIGKILL);
    assert_int_equal(s->dones, 2);
    assert_int_equal(h.times, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define STAGED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        STAGED(a_dependant_starts_when_its_dependency_is_healthy_and_not_before),
        STAGED(a_stop_goes_the_other_way_round),
        STAGED(for_a_rest_everything_stops_in_order_and_the_next_supervisor_starts_it),
        STAGED(a_service_that_never_gets_ready_fails_the_start_and_what_was_started_is_stopped),
        STAGED(a_project_with_migrations_starts_like_any_other),
        STAGED(a_crash_restarts_at_once_and_is_counted),
        STAGED(the_same_project_again_changes_nothing),
        STAGED(only_a_changed_service_is_replaced),
        STAGED(a_second_operation_is_refused_while_one_runs),
        STAGED(a_new_supervisor_adopts_what_runs_and_ends_what_nobody_wants),
        STAGED(what_a_newer_version_has_saved_goes_on_and_starts_nothing_until_it_is_known),
        STAGED(what_a_newer_version_has_saved_can_be_stopped),
        STAGED(what_runs_of_a_project_that_cannot_be_read_is_left_alone),
        STAGED(a_new_supervisor_adopts_the_next_life_of_what_was_saved_as_running),
        STAGED(a_restart_takes_along_what_asks_for_it_and_runs),
        STAGED(who_lives_in_a_network_that_crashed_moves_to_the_next_one),
        STAGED(who_lives_among_the_processes_of_one_that_crashed_comes_back_with_it),
        STAGED(services_reserve_no_more_processors_than_there_are_in_all_projects),
        STAGED(down_removes_volumes_only_when_asked_and_never_external_ones),
        STAGED(a_volume_that_stays_is_told_and_the_project_is_gone_all_the_same),
        STAGED(down_is_over_when_the_networks_are_gone),
        STAGED(a_network_that_could_not_be_made_is_asked_for_again_by_the_next_launch),
        STAGED(after_a_boot_everything_starts_again_in_order_and_no_restart_is_counted),
        STAGED(a_one_off_is_over_when_its_command_and_its_sandbox_are),
        STAGED(a_one_off_whose_caller_goes_ends_wherever_it_is),
        STAGED(a_detached_one_off_is_told_when_it_runs_and_goes_with_the_project),
        STAGED(a_command_runs_in_what_is_up_and_ends_with_who_asked),
        STAGED(down_forgets_the_project_and_lets_the_broker_end),
        STAGED(an_inquiry_is_answered_once_for_all_and_its_first_failure_is_told),
        STAGED(a_fresh_check_is_an_answer_whatever_it_says_and_changes_nothing),
        STAGED(figures_of_the_broker_are_passed_on),
        STAGED(who_looks_at_a_service_is_told_of_its_end),
        STAGED(what_a_service_reads_is_asked_for_and_may_not_be_there),
        STAGED(limits_are_told_with_those_of_the_project),
        STAGED(a_secret_that_is_renewed_reaches_what_runs_without_a_restart),
        STAGED(what_a_renewed_secret_did_not_reach_is_replaced_by_the_next_up),
        STAGED(a_secret_that_is_renewed_during_a_launch_follows_it),
        STAGED(after_a_kill_the_renewed_secret_is_the_one_that_was_saved),
        STAGED(what_is_paused_takes_no_command_and_is_thawed_before_any_signal),
        STAGED(a_pause_that_comes_after_a_stop_is_undone),
        STAGED(a_start_lets_what_is_paused_go_on_and_it_is_probed_again),
        STAGED(a_new_supervisor_finds_out_what_is_paused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
