/* metrics: figures of a project in the text format of Prometheus. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "cli/cmd.h"
#include "cli/page.h"
#include "cli/request.h"
#include "model/member.h"
#include "ops/cert.h"
#include "ops/served.h"

enum { OPT_LISTEN = 256 };

struct input {
    const char *output, *listen;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'o': in->output = arg; return 0;
    case OPT_LISTEN: in->listen = arg; return 0;
    case ARGP_KEY_END:
        if (in->output && in->listen)
            argp_error(state, "-o writes a file and --listen none");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "output", 'o', "FILE", 0, "replace this file, for the textfile collector of node_exporter",
      0 },
    { "listen", OPT_LISTEN, "ADDRESS:PORT", 0, "answer GET /metrics there, until it is ended", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Prints states, restarts, health, last ends and what services use, in the text format "
           "of Prometheus.",
};

/* one member of what the manager or the broker says of an instance */
struct metric {
    const char *name, *type, *key, *help;
    double unit; /* what one of it is in the metric's */
    bool used;   /* of `stats`: told of what runs only */
};

#define US 1e-6

#define CERTIFICATE(name)                                                                          \
    "ipam_orch_certificate_" name "{project=\"%s\",service=\"%s\",instance=\"%s\",port=\"%u\"}"

static const struct metric metrics[] = {
    { "restarts_total", "counter", "restarts", "restarts by policy since it was asked to start", 1,
      false },
    { "crash_loop", "gauge", "crash_loop", "1 while it crashes again and again", 1, false },
    { "last_exit_code", "gauge", "exit_code", "status of the last end, 128 and more: by a signal",
      1, false },
    { "health_failing", "gauge", "health_failing", "failed health checks in a row", 1, false },
    { "log_lost_lines_total", "counter", "log_lost", "lines that could not be written to the log",
      1, false },
    { "state_since_seconds", "gauge", "since_us", "when it came to its state, since 1970", US,
      false },
    { "cpu_seconds_total", "counter", "cpu_us", "processor time", US, true },
    { "cpu_throttled_seconds_total", "counter", "throttled_us",
      "time in which the processor limit held it back", US, true },
    { "memory_bytes", "gauge", "memory", "memory, with pages of files", 1, true },
    { "memory_idle_bytes", "gauge", "memory_idle", "of it pages of files that nobody used lately",
      1, true },
    { "memory_peak_bytes", "gauge", "memory_peak", "the most memory there was", 1, true },
    { "memory_limit_bytes", "gauge", "memory_limit", "limit of memory, 0 without one", 1, true },
    { "oom_kills_total", "counter", "oom_kills", "processes killed for lack of memory", 1, true },
    { "processes", "gauge", "pids", "processes and threads", 1, true },
    { "network_received_bytes_total", "counter", "net_received", "bytes over its networks", 1,
      true },
    { "network_sent_bytes_total", "counter", "net_sent", "bytes over its networks", 1, true },
    { "disk_read_bytes_total", "counter", "read_bytes", "bytes from block devices", 1, true },
    { "disk_written_bytes_total", "counter", "write_bytes", "bytes to block devices", 1, true },
};

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP ipam_orch_%s %s\n# TYPE ipam_orch_%s %s\n", name, help, name, type);
}

/* names of projects and services hold nothing that would have to be escaped */
static void sample(FILE *out, const char *name, const char *project, const json_t *one,
                   const char *more)
{
    fprintf(out, "ipam_orch_%s{project=\"%s\",service=\"%s\",instance=\"%s\"%s} ", name, project,
            member_text(one, "service"), member_text(one, "name"), more);
}

static void print_metric(FILE *out, const struct metric *m, const char *project, const json_t *list)
{
    bool begun = false;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *value = json_object_get(one, m->key);

        if (!json_is_integer(value) && !json_is_boolean(value))
            continue;
        if (!begun)
            head(out, m->name, m->type, m->help);
        begun = true;
        sample(out, m->name, project, one, "");
        fprintf(out, "%.16g\n",
                json_is_boolean(value) ? json_is_true(value)
                                       : (double) json_integer_value(value) * m->unit);
    }
}

static void print_state(FILE *out, const char *project, const json_t *list)
{
    head(out, "state", "gauge", "1 for the state it is in");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char label[64];

        (void) snprintf(label, sizeof label, ",state=\"%s\"",
                        member_text(json_array_get(list, i), "state"));
        sample(out, "state", project, json_array_get(list, i), label);
        fputs("1\n", out);
    }
}

/* of what has a check that has answered */
static void print_health(FILE *out, const char *project, const json_t *list)
{
    head(out, "healthy", "gauge", "1 when its last health checks said so");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *health = member_text(one, "health");

        if (strcmp(health, "none") == 0)
            continue;
        sample(out, "healthy", project, one, "");
        fprintf(out, "%d\n", strcmp(health, "healthy") == 0);
    }
    head(out, "health_check_seconds", "gauge", "how long the last health check took");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *log = json_object_get(one, "health_log");
        size_t n = json_array_size(log);

        if (n == 0)
            continue;
        sample(out, "health_check_seconds", project, one, "");
        fprintf(
            out, "%.6f\n",
            (double) json_integer_value(json_object_get(json_array_get(log, n - 1), "took_us")) *
                US);
    }
}

/* of each schedule's last run, if there was one */
static void print_schedules(FILE *out, const char *project, const json_t *list)
{
    static const struct {
        const char *name, *key, *help;
    } all[] = {
        { "schedule_last_ok", NULL, "1 when the last run of the schedule did what it should" },
        { "schedule_last_start_seconds", "started_us", "when it began, since 1970" },
        { "schedule_last_duration_seconds", "took_us", "how long it took" },
    };

    for (size_t m = 0; m < ARRAY_LEN(all) && json_array_size(list) > 0; m++) {
        head(out, all[m].name, "gauge", all[m].help);
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *one = json_array_get(list, i);
            const json_t *run = json_array_get(json_object_get(one, "runs"), 0);

            if (!run)
                continue;
            fprintf(out, "ipam_orch_%s{project=\"%s\",schedule=\"%s\"} %.16g\n", all[m].name,
                    project, member_text(one, "name"),
                    all[m].key ? (double) json_integer_value(json_object_get(run, all[m].key)) * US
                               : strcmp(member_text(run, "result"), "done") == 0);
        }
    }
}

/* ---- certificates: what each published TLS port shows ---- */

struct shown {
    FILE *not_after, *self_signed; /* one metric's samples belong together */
    const char *project;
    bool any;
};

/* by its name and its own port: for one who lives in a network of the project */
static int look_inside(const struct cert_port *port, struct served *seen)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char address[NI_MAXHOST] = "";
    int r = -ENOENT;

    if (getaddrinfo(port->service, NULL, &hints, &found) == 0 &&
        getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0,
                    NI_NUMERICHOST) == 0)
        r = served_look(address, port->target, seen, NULL);
    if (found)
        freeaddrinfo(found);
    return r;
}

static void look_at(void *owner, const struct cert_port *port)
{
    struct shown *s = owner;
    struct served seen = { 0 };

    if (served_look(port->address, port->port, &seen, NULL) < 0 && look_inside(port, &seen) < 0)
        return;
    s->any = true;
    fprintf(s->not_after, CERTIFICATE("not_after_seconds") " %lld\n", s->project, port->service,
            port->name, port->port, (long long) seen.not_after);
    fprintf(s->self_signed, CERTIFICATE("self_signed") " %d\n", s->project, port->service,
            port->name, port->port, seen.self_signed);
}

static void print_certificates(FILE *out, const char *project, const json_t *list)
{
    auto_free char *first = NULL, *second = NULL;
    size_t first_len = 0, second_len = 0;
    struct shown s = { .project = project,
                       .not_after = open_memstream(&first, &first_len),
                       .self_signed = open_memstream(&second, &second_len) };

    if (!s.not_after || !s.self_signed)
        abort();
    for (size_t i = 0; i < json_array_size(list); i++)
        cert_instance_ports(json_array_get(list, i), look_at, &s);
    (void) fclose(s.not_after);
    (void) fclose(s.self_signed);
    if (!s.any)
        return;
    head(out, "certificate_not_after_seconds", "gauge",
         "when the certificate expires that is shown, since 1970");
    fputs(first, out);
    head(out, "certificate_self_signed", "gauge", "1 for a test certificate, which nobody trusts");
    fputs(second, out);
}

static void print_all(FILE *out, const char *project, const json_t *status, const json_t *used)
{
    print_state(out, project, status);
    print_health(out, project, status);
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
        print_metric(out, &metrics[i], project, metrics[i].used ? used : status);
    print_certificates(out, project, status);
}

static void print_backups(FILE *out, const char *project, const json_t *kept)
{
    static const char *const kinds[] = { "backup", "drill" };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const json_t *state = json_object_get(kept, kinds[i]);

        if (state)
            fprintf(out,
                    "# HELP ipam_orch_%s_failed 1 when the last one did not succeed\n"
                    "# TYPE ipam_orch_%s_failed gauge\nipam_orch_%s_failed{project=\"%s\"} %d\n"
                    "# HELP ipam_orch_%s_done_seconds when one last succeeded, since 1970\n"
                    "# TYPE ipam_orch_%s_done_seconds gauge\n"
                    "ipam_orch_%s_done_seconds{project=\"%s\"} %lld\n"
                    "# HELP ipam_orch_%s_bytes how large that one is\n"
                    "# TYPE ipam_orch_%s_bytes gauge\nipam_orch_%s_bytes{project=\"%s\"} %lld\n",
                    kinds[i], kinds[i], kinds[i], project,
                    strcmp(member_text(state, "state"), "failed") == 0, kinds[i], kinds[i],
                    kinds[i], project,
                    (long long) json_integer_value(json_object_get(state, "done_s")), kinds[i],
                    kinds[i], kinds[i], project,
                    (long long) json_integer_value(json_object_get(state, "bytes")));
    }
}

static bool any_runs(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_integer_value(json_object_get(json_array_get(list, i), "pid")) > 0)
            return true;
    return false;
}

static int collect(const struct cli *cli, char **text, size_t *len, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *used = NULL;
    const json_t *list;
    FILE *out;
    int r = request_open(cli, NULL, &client, &project, &status, e);

    list = json_object_get(status, "services");
    if (r == 0 && any_runs(list)) /* what ends meanwhile is none of our business */
        (void) request_ask(client, project, "stats", NULL, NULL, &used, NULL);
    if (r == 0) {
        out = open_memstream(text, len);
        if (!out)
            abort();
        print_all(out, project, list, used);
        print_schedules(out, project, json_object_get(status, "schedules"));
        print_backups(out, project, json_object_get(status, "kept"));
        if (fclose(out) != 0)
            r = err_set(e, -ENOMEM, "no memory for the metrics of '%s'", project);
    }
    json_decref(used);
    json_decref(status);
    return r;
}

static int make_page(const void *self, const char *query, char **text, size_t *len, struct err *e)
{
    (void) query;
    return collect(self, text, len, e);
}

int cmd_metrics(struct cli *cli, int argc, char **argv)
{
    const struct page page = { .path = "/metrics",
                               .type = "text/plain; version=0.0.4; charset=utf-8",
                               .make = make_page,
                               .self = cli };
    const struct site site = { .pages = &page, .n = 1 };
    auto_free char *text = NULL;
    struct input in = { 0 };
    struct err e = ERR_INIT;
    size_t len = 0;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = in.listen ? page_serve(&site, in.listen, &e) : collect(cli, &text, &len, &e);
    if (r == 0 && in.output) {
        r = fsio_write_volatile(AT_FDCWD, in.output, text, len, 0644);
        if (r < 0)
            err_set(&e, r, "%s: %s", in.output, strerror(-r));
    } else if (r == 0) {
        (void) fwrite(text, 1, len, stdout);
    }
    return r < 0 ? cli_fail(cli, &e) : 0;
}
