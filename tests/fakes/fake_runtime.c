#include "tests/fakes/fake_runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __attribute__((format(printf, 2, 3))) int note(struct fake_runtime *f, const char *fmt, ...)
{
    size_t used = strlen(f->notes);
    va_list ap;

    va_start(ap, fmt);
    (void) vsnprintf(f->notes + used, sizeof f->notes - used, fmt, ap);
    va_end(ap);
    return 0;
}

const char *fake_notes(struct fake_runtime *f)
{
    static char copy[sizeof f->notes];

    memcpy(copy, f->notes, sizeof copy);
    f->notes[0] = '\0';
    return copy;
}

static int fake_connect(void *self, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->to.connected(f->to.owner, f->seen, f->n_seen);
    return 0;
}

static int fake_network(void *self, const struct runtime_network *n, bool wanted, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    if (n->tag)
        f->network_tag = n->tag;
    return note(self, wanted ? "network; " : "no network; ");
}

static int fake_volume_remove(void *self, const struct runtime_volume *v, uint64_t tag,
                              struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->volume_tag = tag;
    return note(self, "no volume %s; ", v->name);
}

static int fake_launch(void *self, const struct runtime_launch *l, struct err *e)
{
    (void) e;
    return note(self, "launch %s; ", l->id);
}

static int fake_signal(void *self, const char *id, int signo, struct err *e)
{
    (void) e;
    return note(self, "signal %s %d; ", id, signo);
}

static int fake_freeze(void *self, const char *id, bool frozen, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->tagged = tag;
    return note(self, "%s %s; ", frozen ? "freeze" : "thaw", id);
}

static int fake_stats(void *self, const char *id, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->tagged = tag;
    return note(self, "stats %s; ", id);
}

static int fake_input(void *self, const char *id, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->tagged = tag;
    return note(self, "input %s; ", id);
}

static int fake_limits(void *self, const char *id, const json_t *set, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->tagged = tag;
    return note(self, "limits %s %zu; ", id, json_object_size(set));
}

static int fake_hosts(void *self, const char *id, const struct runtime_host *hosts, size_t n,
                      struct err *e)
{
    (void) hosts, (void) e;
    return note(self, "hosts %s %zu; ", id, n);
}

static int fake_files(void *self, const char *id, const struct runtime_files *files, uint64_t tag,
                      struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->tagged = tag;
    return note(self, "files %s %s=%s; ", id, files->secrets[0],
                project_secret(files->project, files->secrets[0])->value);
}

static int fake_take_ports(void *self, const char *id, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->tagged = tag;
    return note(self, "take ports %s; ", id);
}

static int fake_inbound(void *self, int pid)
{
    (void) self, (void) pid;
    return 0;
}

static size_t fake_children(void *self, int pid, int *pids, size_t max)
{
    (void) self, (void) pid, (void) pids, (void) max;
    return 0;
}

static bool fake_is_running(void *self, int pid)
{
    (void) self, (void) pid;
    return false;
}

static int fake_remove(void *self, const char *id, struct err *e)
{
    (void) e;
    return note(self, "remove %s; ", id);
}

static int fake_probe(void *self, const char *id, const struct project *p,
                      const struct health_spec *h, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) p, (void) h, (void) e;
    f->probe_tag = tag;
    (void) snprintf(f->probe_id, sizeof f->probe_id, "%s", id);
    return 0;
}

static int fake_exec(void *self, const char *id, const struct runtime_exec *x, uint64_t tag,
                     struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->exec_tag = tag;
    return note(self, "exec %s %s; ", id, x->argv[0]);
}

static int fake_exec_end(void *self, uint64_t tag, struct err *e)
{
    const struct fake_runtime *f = self;

    (void) e;
    return note(self, tag == f->exec_tag ? "end exec; " : "end another exec; ");
}

static int fake_errand(void *self, struct runtime_errand *x, uint64_t tag, struct err *e)
{
    struct fake_runtime *f = self;

    (void) e;
    f->errand_tag = tag;
    (void) note(f, x->pid > 0 ? "find again %d" : "send off", x->pid);
    for (const char *const *word = x->argv; *word; word++)
        (void) note(f, " %s", *word);
    if (x->pid == 0)
        x->pid = 4711;
    x->start = 99;
    return note(f, "; ");
}

static int fake_quit(void *self, struct err *e)
{
    (void) e;
    return note(self, "quit; ");
}

const struct runtime_ops fake_runtime_ops = {
    .name = "fake",
    .connect = fake_connect,
    .network = fake_network,
    .volume_remove = fake_volume_remove,
    .launch = fake_launch,
    .signal = fake_signal,
    .freeze = fake_freeze,
    .stats = fake_stats,
    .input = fake_input,
    .limits = fake_limits,
    .hosts = fake_hosts,
    .files = fake_files,
    .take_ports = fake_take_ports,
    .inbound = fake_inbound,
    .children = fake_children,
    .is_running = fake_is_running,
    .remove = fake_remove,
    .probe = fake_probe,
    .exec = fake_exec,
    .exec_end = fake_exec_end,
    .errand = fake_errand,
    .quit = fake_quit,
};
