#include "tests/fakes/fake_world.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

enum { ACTORS = 64 };

/* what runs, or has ended and was not removed yet */
struct body {
    struct world *in;
    struct actor *actor;
    char id[192];
    int pid;
    uint64_t started_us;
    bool ended, told;
    struct exit_info how;
    struct timer next; /* started, or the end */
    struct body *after;
};

/* an answer on its way */
struct answer {
    struct world *in;
    uint64_t tag;
    int code;
    struct timer due;
    struct answer *after;
};

struct world {
    struct world_config config;
    struct runtime_listener to;
    struct actor actors[ACTORS];
    size_t n_actors;
    struct body *bodies;
    struct answer *answers;
    int last_pid;
    struct timer released;
};

static const char *short_id(const char *id)
{
    const char *dot = strchr(id, '.');

    return dot ? dot + 1 : id;
}

static __attribute__((format(printf, 2, 3))) void note(struct world *w, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    w->config.note(w->config.owner, text);
}

static void at(struct world *w, struct timer *t, uint64_t delay_us, void (*fire)(void *owner),
               void *owner)
{
    timers_set(w->config.timers, t, timers_now(w->config.timers) + delay_us, fire, owner);
}

static struct body *find(struct world *w, const char *id)
{
    for (struct body *b = w->bodies; b; b = b->after)
        if (strcmp(b->id, id) == 0)
            return b;
    return NULL;
}

static void drop_body(struct world *w, struct body *gone)
{
    for (struct body **b = &w->bodies; *b; b = &(*b)->after) {
        if (*b != gone)
            continue;
        *b = gone->after;
        timers_cancel(w->config.timers, &gone->next);
        free(gone);
        return;
    }
}

static void on_end(void *owner)
{
    struct body *b = owner;
    struct world *w = b->in;
    auto_free char *id = strdup(b->id);
    struct exit_info how = b->how;

    b->ended = true;
    b->pid = 0;
    if (w->to.owner) {
        b->told = true;
        w->to.ended(w->to.owner, id, &how);
    }
}

static void on_life_over(void *owner)
{
    struct body *b = owner;

    b->how = (struct exit_info){ .code = b->actor->exit_code };
    on_end(b);
}

static void on_started(void *owner)
{
    struct body *b = owner;
    struct world *w = b->in;
    struct runtime_seen seen = { .id = b->id };

    if (b->actor->broken) {
        b->how = (struct exit_info){ .stage = "mounting the root", .error = ENOENT };
        on_end(b);
        return;
    }
    b->pid = seen.pid = ++w->last_pid;
    b->started_us = timers_now(w->config.timers);
    if (b->actor->life_us > 0)
        at(w, &b->next, b->actor->life_us, on_life_over, b);
    if (w->to.owner)
        w->to.started(w->to.owner, &seen);
}

static void end_body(struct body *b, uint64_t delay_us, int code, int signal)
{
    if (b->ended)
        return;
    b->how = (struct exit_info){ .code = code, .signal = signal };
    at(b->in, &b->next, delay_us, on_end, b);
}

static void on_answer(void *owner)
{
    struct answer *a = owner;
    struct world *w = a->in;
    struct runtime_answer how = { .ok = a->code == 0,
                                  .code = a->code,
                                  .output = a->code == 0 ? "" : "said no" };
    uint64_t tag = a->tag;

    for (struct answer **p = &w->answers; *p; p = &(*p)->after)
        if (*p == a) {
            *p = a->after;
            break;
        }
    free(a);
    if (w->to.owner)
        w->to.answered(w->to.owner, tag, &how);
}

static int answer(struct world *w, uint64_t tag, uint64_t delay_us, int code)
{
    struct answer *a;

    if (tag == 0)
        return 0;
    a = calloc(1, sizeof *a);
    if (!a)
        abort();
    *a = (struct answer){ .in = w, .tag = tag, .code = code, .after = w->answers };
    w->answers = a;
    at(w, &a->due, delay_us, on_answer, a);
    return 0;
}

static int world_connect(void *self, struct err *e)
{
    struct world *w = self;
    struct runtime_seen seen[256];
    size_t n = 0;

    (void) e;
    for (const struct body *b = w->bodies; b && n < ARRAY_LEN(seen); b = b->after)
        seen[n++] = (struct runtime_seen){ .id = b->id, .pid = b->pid, .ended = b->ended };
    w->to.connected(w->to.owner, seen, n);
    for (struct body *b = w->bodies; b; b = b->after)
        if (b->ended)
            at(w, &b->next, 0, on_end, b);
    return 0;
}

static int world_network(void *self, const struct runtime_network *n, bool wanted, struct err *e)
{
    (void) wanted, (void) e;
    return answer(self, n->tag, 0, 0);
}

static int world_volume_remove(void *self, const struct runtime_volume *v, uint64_t tag,
                               struct err *e)
{
    (void) e;
    note(self, "remove volume %s", v->name);
    return answer(self, tag, 0, 0);
}

static int world_launch(void *self, const struct runtime_launch *l, struct err *e)
{
    struct world *w = self;
    struct body *b = calloc(1, sizeof *b);

    (void) e;
    if (!b)
        abort();
    b->in = w;
    b->actor = world_actor(w, l->unit->name);
    (void) snprintf(b->id, sizeof b->id, "%s", l->id);
    b->after = w->bodies;
    w->bodies = b;
    note(w, "launch %s", short_id(b->id));
    at(w, &b->next, b->actor->start_us, on_started, b);
    return 0;
}

static int world_signal(void *self, const char *id, int signo, struct err *e)
{
    struct world *w = self;
    struct body *b = find(w, id);

    (void) e;
    note(w, "%s %s", sigabbrev_np(signo), short_id(id));
    if (!b)
        return 0;
    if (signo == SIGKILL)
        end_body(b, 0, 0, SIGKILL);
    else if (signo == SIGTERM && b->actor->stop_us != UINT64_MAX)
        end_body(b, b->actor->stop_us, 0, 0);
    return 0;
}

static int world_freeze(void *self, const char *id, bool frozen, uint64_t tag, struct err *e)
{
    (void) id, (void) frozen, (void) e;
    return answer(self, tag, 0, 0);
}

static int world_stats(void *self, const char *id, uint64_t tag, struct err *e)
{
    (void) id, (void) e;
    return answer(self, tag, 0, 0);
}

static int world_limits(void *self, const char *id, const json_t *set, uint64_t tag, struct err *e)
{
    (void) id, (void) set, (void) e;
    return answer(self, tag, 0, 0);
}

static int world_hosts(void *self, const char *id, const struct runtime_host *hosts, size_t n,
                       struct err *e)
{
    (void) self, (void) id, (void) hosts, (void) n, (void) e;
    return 0;
}

static int world_files(void *self, const char *id, const struct runtime_files *files, uint64_t tag,
                       struct err *e)
{
    (void) id, (void) files, (void) e;
    return answer(self, tag, 0, 0);
}

static int world_take_ports(void *self, const char *id, uint64_t tag, struct err *e)
{
    (void) e;
    note(self, "ports to %s", short_id(id));
    return answer(self, tag, 1000, 0);
}

static bool is_busy(const struct world *w, int pid)
{
    for (const struct body *b = w->bodies; b; b = b->after)
        if (b->pid == pid)
            return b->actor->busy;
    return false;
}

static int world_inbound(void *self, int pid)
{
    return is_busy(self, pid);
}

static size_t world_children(void *self, int pid, int *pids, size_t max)
{
    if (max == 0 || !is_busy(self, pid))
        return 0;
    pids[0] = pid; /* no other process has a number here */
    return 1;
}

static bool world_is_running(void *self, int pid)
{
    return is_busy(self, pid);
}

static int world_remove(void *self, const char *id, struct err *e)
{
    struct world *w = self;
    struct body *b = find(w, id);

    (void) e;
    if (b)
        drop_body(w, b);
    return 0;
}

static int world_probe(void *self, const char *id, const struct project *p,
                       const struct health_spec *h, uint64_t tag, struct err *e)
{
    struct world *w = self;
    const struct body *b = find(w, id);
    uint64_t age = b ? timers_now(w->config.timers) - b->started_us : 0;

    (void) p, (void) h, (void) e;
    return answer(w, tag, 1, !b || b->ended || b->actor->sick || age < b->actor->ready_us);
}

static int world_exec(void *self, const char *id, const struct runtime_exec *x, uint64_t tag,
                      struct err *e)
{
    struct world *w = self;
    const struct body *b = find(w, id);

    (void) e;
    note(w, "exec %s %s", short_id(id), x->argv[0]);
    return answer(w, tag, b ? b->actor->task_us : 0, b ? b->actor->task_code : 1);
}

static int world_exec_end(void *self, uint64_t tag, struct err *e)
{
    struct world *w = self;

    (void) e;
    for (struct answer *a = w->answers; a; a = a->after)
        if (a->tag == tag) {
            a->code = 137;
            at(w, &a->due, 0, on_answer, a);
        }
    return 0;
}

static void on_released(void *owner)
{
    struct world *w = owner;

    if (w->to.owner)
        w->to.released(w->to.owner);
}

static int world_quit(void *self, struct err *e)
{
    struct world *w = self;

    (void) e;
    at(w, &w->released, 0, on_released, w);
    return 0;
}

const struct runtime_ops world_ops = {
    .name = "world",
    .connect = world_connect,
    .network = world_network,
    .volume_remove = world_volume_remove,
    .launch = world_launch,
    .signal = world_signal,
    .freeze = world_freeze,
    .stats = world_stats,
    .limits = world_limits,
    .hosts = world_hosts,
    .files = world_files,
    .take_ports = world_take_ports,
    .inbound = world_inbound,
    .children = world_children,
    .is_running = world_is_running,
    .remove = world_remove,
    .probe = world_probe,
    .exec = world_exec,
    .exec_end = world_exec_end,
    .quit = world_quit,
};

struct world *world_new(const struct world_config *config)
{
    struct world *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    w->config = *config;
    return w;
}

static void drop_answers(struct world *w)
{
    while (w->answers) {
        struct answer *a = w->answers;
        w->answers = a->after;
        timers_cancel(w->config.timers, &a->due);
        free(a);
    }
}

void world_boot(struct world *w)
{
    while (w->bodies)
        drop_body(w, w->bodies);
    drop_answers(w);
}

void world_free(struct world *w)
{
    world_boot(w);
    timers_cancel(w->config.timers, &w->released);
    for (size_t n = 0; n < w->n_actors; n++)
        free(w->actors[n].service);
    free(w);
}

void world_listen(struct world *w, const struct runtime_listener *to)
{
    w->to = *to;
}

struct actor *world_actor(struct world *w, const char *service)
{
    struct actor *a;

    for (size_t n = 0; n < w->n_actors; n++)
        if (strcmp(w->actors[n].service, service) == 0)
            return &w->actors[n];
    if (w->n_actors == ACTORS)
        abort();
    a = &w->actors[w->n_actors++];
    *a = (struct actor){ .start_us = 10000, .stop_us = 20000 };
    a->service = strdup(service);
    if (!a->service)
        abort();
    return a;
}

void world_end(struct world *w, const char *service, int code, int signal)
{
    const char *index = strchr(service, '@');
    size_t len = strcspn(service, "@");
    char part[16];

    (void) snprintf(part, sizeof part, ".%s.", index ? index + 1 : "");
    for (struct body *b = w->bodies; b; b = b->after)
        if (strncmp(b->actor->service, service, len) == 0 && b->actor->service[len] == '\0' &&
            (!index || strstr(b->id, part)))
            end_body(b, 0, code, signal);
}

void world_lose_broker(struct world *w)
{
    w->to.lost(w->to.owner);
    for (struct answer *a = w->answers; a; a = a->after) {
        a->code = -1;
        at(w, &a->due, 0, on_answer, a);
    }
}

size_t world_alive(const struct world *w, const char *service)
{
    size_t n = 0;

    for (const struct body *b = w->bodies; b; b = b->after)
        n += !b->ended && strcmp(b->actor->service, service) == 0;
    return n;
}
