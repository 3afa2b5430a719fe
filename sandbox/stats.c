#include "sandbox/stats.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/paths.h"

enum { NET_DEV_MAX = 256 * 1024 };

static const char *const pressure_text[] = {
    [PRESSURE_CPU] = "cpu", [PRESSURE_MEMORY] = "memory", [PRESSURE_IO] = "io"
};
static_assert(ARRAY_LEN(pressure_text) == PRESSURE_COUNT, "a pressure has no text");

struct traffic {
    unsigned long long received, sent;
};

/* "  eth0: BYTES PACKETS ERRS DROP FIFO FRAME COMPRESSED MULTICAST BYTES ..."; proc(5) */
static void add_interface(char *line, struct traffic *t)
{
    struct traffic one = { 0 };
    char *name = line + strspn(line, " ");
    char *colon = strchr(line, ':');

    if (!colon || strncmp(name, "lo:", 3) == 0)
        return; /* the two heads, and what never left */
    if (sscanf(colon + 1, "%llu %*s %*s %*s %*s %*s %*s %*s %llu", &one.received, &one.sent) != 2)
        return;
    t->received += one.received;
    t->sent += one.sent;
}

static struct traffic traffic_of(pid_t init)
{
    auto_free char *path = paths_join("/proc/%d/net/dev", (int) init);
    auto_free char *text = NULL;
    struct traffic t = { 0 };

    if (fsio_read_pseudo(AT_FDCWD, path, NET_DEV_MAX, &text) < 0)
        return t;
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        add_interface(line, &t);
    return t;
}

json_t *stats_encode(const struct guest *g, const struct cgroup_stats *s)
{
    const struct {
        const char *key;
        uint64_t value;
    } figures[] = { { "memory", s->memory },
                    { "memory_limit", s->memory_limit },
                    { "memory_peak", s->memory_peak },
                    { "memory_idle", s->memory_idle },
                    { "cpu_us", s->cpu_us },
                    { "throttled_us", s->throttled_us },
                    { "pids", s->pids },
                    { "pids_limit", s->pids_limit },
                    { "oom_kills", s->oom_kills },
                    { "time_us", clock_now_us() } };
    struct traffic t = traffic_of(g->init);
    json_t *json = json_pack("{s:I,s:I}", "net_received", (json_int_t) t.received, "net_sent",
                             (json_int_t) t.sent);
    json_t *pressure = json_object();

    for (size_t i = 0; i < ARRAY_LEN(figures); i++)
        (void) json_object_set_new(json, figures[i].key,
                                   json_integer((json_int_t) figures[i].value));
    if (s->disk_told) {
        (void) json_object_set_new(json, "read_bytes", json_integer((json_int_t) s->read_bytes));
        (void) json_object_set_new(json, "write_bytes", json_integer((json_int_t) s->write_bytes));
    }
    for (int i = 0; i < PRESSURE_COUNT; i++)
        if (s->pressure[i] >= 0)
            (void) json_object_set_new(pressure, pressure_text[i], json_integer(s->pressure[i]));
    (void) json_object_set_new(json, "pressure", pressure);
    return json;
}
