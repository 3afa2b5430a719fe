/* stats: what services use, once or once per second. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/request.h"

/* The share of a processor is that of the time between two looks: the first pair is close together,
 * so that an answer comes soon. */
enum { FIRST_MS = 500, NEXT_MS = 1000, OPT_NO_STREAM = 256 };

struct input {
    bool all, once;
    char **names;
};

static const struct argp_option options[] = {
    { "all", 'a', NULL, 0, "show stopped services too", 0 },
    { "no-stream", OPT_NO_STREAM, NULL, 0, "show once, also on a terminal", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'a': in->all = true; return 0;
    case OPT_NO_STREAM: in->once = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->names, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *name_of(const json_t *one)
{
    return json_string_value(json_object_get(one, "name"));
}

static const json_t *find(const json_t *list, const char *service)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(name_of(json_array_get(list, i)), service) == 0)
            return json_array_get(list, i);
    return NULL;
}

/* null where it is not known: at the first look, or when it is another process since */
static json_t *cpu_percent(const json_t *now, const json_t *before)
{
    json_int_t time = number(now, "time_us") - number(before, "time_us");
    json_int_t used = number(now, "cpu_us") - number(before, "cpu_us");

    if (!before || number(now, "pid") != number(before, "pid") || time <= 0 || used < 0)
        return json_null();
    return json_real((double) used * 100.0 / (double) time);
}

static json_t *pressure(const json_t *now)
{
    json_t *out = json_object();
    const json_t *value;
    const char *key;

    json_object_foreach (json_object_get(now, "pressure"), key, value)
        (void) json_object_set_new(out, key, json_real((double) json_integer_value(value) / 100.0));
    return out;
}

static json_t *row(const json_t *now, const json_t *before)
{
    static const char *const as_they_are[] = {
        "pid",          "memory_limit", "memory_peak",  "pids",     "pids_limit", "cpu_us",
        "throttled_us", "oom_kills",    "net_received", "net_sent", "read_bytes", "write_bytes",
    };
    json_int_t used = number(now, "memory") - number(now, "memory_idle");
    json_t *out = json_pack("{s:s,s:s,s:o,s:I,s:o}", "service",
                            json_string_value(json_object_get(now, "service")), "name",
                            name_of(now), "cpu_percent", cpu_percent(now, before), "memory",
                            used > 0 ? used : (json_int_t) 0, "pressure", pressure(now));

    for (size_t i = 0; i < ARRAY_LEN(as_they_are); i++) {
        json_t *value = json_object_get(now, as_they_are[i]); /* what is not told is null */

        (void) json_object_set_new(out, as_they_are[i], value ? json_incref(value) : json_null());
    }
    return out;
}

/* ---- as a table ---- */

enum { CELL = 48 };

static void two_sizes(const json_t *r, const char *a, const char *b, char out[CELL])
{
    char first[NUM_BYTES_TEXT], second[NUM_BYTES_TEXT];

    if (!json_is_integer(json_object_get(r, a))) {
        (void) snprintf(out, CELL, "-");
        return;
    }
    num_bytes_text((uint64_t) number(r, a), first);
    num_bytes_text((uint64_t) number(r, b), second);
    (void) snprintf(out, CELL, "%.20s / %.20s", first, second);
}

static void memory_cell(const json_t *r, char out[CELL])
{
    char used[NUM_BYTES_TEXT];

    if (number(r, "memory_limit") > 0) {
        two_sizes(r, "memory", "memory_limit", out);
        return;
    }
    num_bytes_text((uint64_t) number(r, "memory"), used);
    (void) snprintf(out, CELL, "%.20s / -", used);
}

static void cpu_cell(const json_t *r, char out[CELL])
{
    const json_t *cpu = json_object_get(r, "cpu_percent");

    if (json_is_real(cpu))
        (void) snprintf(out, CELL, "%.1f%%", json_real_value(cpu));
    else
        (void) snprintf(out, CELL, "-");
}

static void pressure_cell(const json_t *r, char out[CELL])
{
    const json_t *p = json_object_get(r, "pressure");

    if (json_object_size(p) == 0)
        (void) snprintf(out, CELL, "-");
    else
        (void) snprintf(out, CELL, "%.1f %.1f %.1f", json_real_value(json_object_get(p, "cpu")),
                        json_real_value(json_object_get(p, "memory")),
                        json_real_value(json_object_get(p, "io")));
}

static void print_row(const json_t *r, const char *end)
{
    char cpu[CELL], memory[CELL], net[CELL], disk[CELL], waits[CELL], peak[NUM_BYTES_TEXT];

    if (number(r, "pid") == 0) {
        printf("%-16s %7s %23s %10s %5s %23s %23s %9s %4s  %s%s\n", name_of(r), "-", "-", "-", "-",
               "-", "-", "-", "-", "-", end);
        return;
    }
    cpu_cell(r, cpu);
    memory_cell(r, memory);
    two_sizes(r, "net_received", "net_sent", net);
    two_sizes(r, "read_bytes", "write_bytes", disk);
    pressure_cell(r, waits);
    num_bytes_text((uint64_t) number(r, "memory_peak"), peak);
    printf("%-16s %7s %23s %10s %5lld %23s %23s %7.1f s %4lld  %s%s\n", name_of(r), cpu, memory,
           peak, (long long) number(r, "pids"), net, disk, (double) number(r, "throttled_us") / 1e6,
           (long long) number(r, "oom_kills"), waits, end);
}

static void print(const struct cli *cli, const json_t *rows, bool redraw)
{
    const char *end = redraw ? "\033[K" : "";

    if (cli->format == FORMAT_JSON) {
        json_t *document = json_pack("{s:i,s:O}", "schema", 1, "services", rows);

        (void) json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(document);
        return;
    }
    if (redraw)
        fputs("\033[H", stdout);
    printf("%-16s %7s %23s %10s %5s %23s %23s %9s %4s  %s%s\n", "SERVICE", "CPU", "MEMORY / LIMIT",
           "PEAK", "PIDS", "NET IN / OUT", "DISK READ / WRITE", "THROTTLED", "OOM",
           "WAITS % CPU MEM IO", end);
    for (size_t i = 0; i < json_array_size(rows); i++)
        print_row(json_array_get(rows, i), end);
    if (redraw)
        fputs("\033[J", stdout);
    (void) fflush(stdout);
}

/* ---- looking ---- */

struct view {
    const struct cli *cli;
    const struct input *in;
    struct client *client;
    const char *project;
    const json_t *services; /* of `status` */
};

static bool something_runs(const json_t *services, char *const *names)
{
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *s = json_array_get(services, i);

        if (number(s, "pid") > 0 && (!names || strv_has(names, name_of(s))))
            return true;
    }
    return false;
}

static int look(const struct view *v, json_t **out, struct err *e)
{
    if (v->in->all && !something_runs(v->services, v->in->names)) {
        *out = json_array();
        return 0;
    }
    return request_ask(v->client, v->project, "stats", v->in->names, NULL, out, e);
}

static json_t *rows_of(const struct view *v, const json_t *now, const json_t *before)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < json_array_size(v->services); i++) {
        const json_t *known = json_array_get(v->services, i);
        const char *name = name_of(known);
        const char *service = json_string_value(json_object_get(known, "service"));
        const json_t *one = find(now, name);

        if (v->in->names && !strv_has(v->in->names, service))
            continue;
        if (one)
            (void) json_array_append_new(rows, row(one, find(before, name)));
        else if (v->in->all)
            (void) json_array_append_new(
                rows, json_pack("{s:s,s:s,s:i}", "service", service, "name", name, "pid", 0));
    }
    return rows;
}

/* the end of the connection is an error, anything else that comes is for nobody */
static int wait_ms(const struct view *v, int ms, struct err *e)
{
    json_t *unasked = NULL;
    int r = client_receive(v->client, ms, &unasked, e);

    json_decref(unasked);
    return r == -EAGAIN || r == -EINTR ? 0 : r;
}

static int watch(const struct view *v, bool stream, struct err *e)
{
    json_t *before = NULL, *now = NULL;
    int r = look(v, &before, e);

    for (int ms = FIRST_MS; r == 0; ms = NEXT_MS) {
        r = wait_ms(v, ms, e);
        if (r == 0)
            r = look(v, &now, e);
        if (r < 0)
            break;
        json_t *rows = rows_of(v, now, before);
        if (stream && ms == FIRST_MS)
            fputs("\033[2J", stdout);
        print(v->cli, rows, stream);
        json_decref(rows);
        json_decref(before);
        before = take_ptr(now);
        if (!stream)
            break;
    }
    json_decref(before);
    json_decref(now);
    return r;
}

static int stats(const struct cli *cli, const struct input *in, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    int r = request_open(cli, in->names, &client, &project, &status, e);

    if (r == 0) {
        const struct view v = { .cli = cli,
                                .in = in,
                                .client = client,
                                .project = project,
                                .services = json_object_get(status, "services") };

        r = watch(&v, !in->once && cli->format == FORMAT_TABLE && isatty(STDOUT_FILENO), e);
    }
    json_decref(status);
    return r;
}

int cmd_stats(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[SERVICE...]",
        .doc = "Shows what services use: share of one processor, memory, processes, bytes over "
               "network and disk, time in which the processor limit held them back, kills for lack "
               "of memory, and waiting for processor, memory and disk in percent of the last ten "
               "seconds.  On a terminal once per second, else once."
    };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = stats(cli, &in, &e);
    strv_free(in.names);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
