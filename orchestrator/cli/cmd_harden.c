/* harden: what services may do, how exposed that makes them, and which rule refuses a call. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/denied.h"
#include "cli/documents.h"
#include "cli/exposure.h"
#include "cli/learn.h"
#include "cli/options.h"
#include "cli/request.h"
#include "cli/syscalls.h"
#include "compose/load.h"
#include "compose/values.h"

enum question { QUESTION_SCORE, QUESTION_SHOW, QUESTION_EXPLAIN, QUESTION_LEARN };

struct input {
    enum question question;
    const char *call, *log; /* of --explain; NULL: what the log has */
    uint64_t learn_us;
    char **services;
};

enum { OPTION_SCORE = 1000, OPTION_SHOW, OPTION_EXPLAIN, OPTION_LOG, OPTION_LEARN };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;
    int64_t ns = 0;

    switch (key) {
    case OPTION_SCORE: in->question = QUESTION_SCORE; return 0;
    case OPTION_SHOW: in->question = QUESTION_SHOW; return 0;
    case OPTION_EXPLAIN:
        in->question = QUESTION_EXPLAIN;
        in->call = arg;
        return 0;
    case OPTION_LEARN:
        in->question = QUESTION_LEARN;
        if (values_duration(arg, &ns) < 0 || ns <= 0)
            argp_error(state, "'%s' is no duration such as 30s or 5m", arg);
        in->learn_us = (uint64_t) ns / 1000;
        return 0;
    case OPTION_LOG: in->log = arg; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    case ARGP_KEY_END:
        if (in->question == QUESTION_LEARN && strv_len(in->services) != 1)
            argp_error(state, "--learn watches one service: name it");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "score", OPTION_SCORE, NULL, 0, "exposure from 0 to 10 with its reasons; the usual", 0 },
    { "show", OPTION_SHOW, NULL, 0, "what each service may do", 0 },
    { "explain", OPTION_EXPLAIN, "CALL", OPTION_ARG_OPTIONAL,
      "which rule refuses a system call; without CALL those in the log of the kernel", 0 },
    { "learn", OPTION_LEARN, "DURATION", 0,
      "count the calls of one running service and print a profile that allows those; root", 0 },
    { "log", OPTION_LOG, "FILE", 0, "for --explain: lines of the kernel in a file", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[SERVICE...]",
    .doc = "Shows what services may do, how exposed that makes them, and which rule refuses a "
           "system call.  It speaks of the compose file: what `up` would start.",
};

/* ---- show ---- */

static json_t *texts(const char *const *list)
{
    json_t *out = json_array();

    for (; list && *list; list++)
        (void) json_array_append_new(out, json_string(*list));
    return out;
}

static json_t *show_files(const struct unit *u, bool written)
{
    static const char *const scratch[] = { "/tmp", "/run", "/dev/shm" };
    json_t *out = json_array();

    for (size_t i = 0; written && i < ARRAY_LEN(scratch) - u->no_shm; i++)
        (void) json_array_append_new(out, json_string(scratch[i]));
    for (size_t i = 0; i < u->n_mounts; i++) {
        const struct mount *m = &u->mounts[i];

        if (m->read_only == written || (!written && m->kind == MOUNT_TMPFS))
            continue;
        (void) json_array_append_new(
            out, m->kind == MOUNT_TMPFS
                     ? json_sprintf("%s (memory)", m->target)
                     : json_sprintf("%s (%s %s)", m->target, mount_kind_text[m->kind], m->source));
    }
    return out;
}

static json_t *show_networks(const struct project *p, const struct unit *u)
{
    json_t *out = json_array();

    if (strcmp(u->network_of, PROJECT_HOST) == 0)
        (void) json_array_append_new(out, json_string("the host's"));
    else if (u->network_of[0])
        (void) json_array_append_new(out, json_sprintf("that of %s", u->network_of));
    for (size_t i = 0; i < u->n_networks; i++) {
        const struct network *n = project_network(p, u->networks[i].network);

        (void) json_array_append_new(out, json_sprintf("%s%s", u->networks[i].network,
                                                       n && n->internal ? " (internal)" : ""));
    }
    return out;
}

static json_t *show_ports(const struct unit *u)
{
    json_t *out = json_array();

    for (size_t i = 0; i < u->n_ports; i++)
        (void) json_array_append_new(
            out, json_sprintf("%s:%u to %u/%s", u->ports[i].address[0] ? u->ports[i].address : "*",
                              u->ports[i].published, u->ports[i].target,
                              u->ports[i].udp ? "udp" : "tcp"));
    return out;
}

static json_t *show_limits(const struct unit *u)
{
    json_t *out = json_array();

    if (u->limits.memory)
        (void) json_array_append_new(
            out, json_sprintf("%" PRIu64 " MiB of memory", u->limits.memory / 1024 / 1024));
    if (u->limits.milli_cpus)
        (void) json_array_append_new(
            out, json_sprintf("%.2f processors", (double) u->limits.milli_cpus / 1000));
    if (u->limits.pids)
        (void) json_array_append_new(out, json_sprintf("%" PRIu64 " processes", u->limits.pids));
    return out;
}

/* its own */
static json_t *show_namespaces(const struct unit *u)
{
    const struct {
        const char *name;
        bool own;
    } of[] = { { "pid", !u->pid_of[0] },      { "mnt", true },
               { "ipc", !u->ipc_of[0] },      { "uts", !u->host_uts },
               { "cgroup", !u->host_cgroup }, { "net", !u->network_of[0] },
               { "user", u->own_users } };
    json_t *out = json_array();

    for (size_t i = 0; i < ARRAY_LEN(of); i++)
        if (of[i].own)
            (void) json_array_append_new(out, json_string(of[i].name));
    return out;
}

static json_t *show(const struct project *p, const struct unit *u, const struct syscalls *s)
{
    struct syscalls_count calls = syscalls_count(s);
    json_t *devices = json_array(), *groups = json_array();

    for (size_t i = 0; i < u->n_devices; i++)
        (void) json_array_append_new(
            devices, json_sprintf("%s:%s", u->devices[i].source, u->devices[i].access));
    for (size_t i = 0; u->device_rules && u->device_rules[i]; i++)
        (void) json_array_append_new(devices, json_sprintf("rule %s", u->device_rules[i]));
    for (size_t i = 0; i < u->n_groups; i++)
        (void) json_array_append_new(groups, json_integer(u->groups[i].gid));
    return json_pack(
        "{s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:s,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "service", u->name,
        "user", u->user, "uid", (json_int_t) u->uid, "gid", (json_int_t) u->gid, "groups", groups,
        "capabilities", texts(u->capabilities), "namespaces", show_namespaces(u), "profile",
        s->name, "calls_allowed", (json_int_t) calls.allowed, "calls_by_argument",
        (json_int_t) calls.by_argument, "calls", (json_int_t) calls.total, "writable",
        show_files(u, true), "readable", show_files(u, false), "devices", devices, "networks",
        show_networks(p, u), "ports", show_ports(u), "limits", show_limits(u));
}

static void print_list(const char *title, const json_t *list, const char *none)
{
    printf("  %-14s", title);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);

        if (json_is_integer(item))
            printf("%s%lld", i ? ", " : "", (long long) json_integer_value(item));
        else
            printf("%s%s", i ? ", " : "", json_string_value(item));
    }
    printf("%s\n", json_array_size(list) ? "" : none);
}

static void print_show(const json_t *j)
{
    static const struct {
        const char *key, *none;
    } lists[] = { { "groups", "its own" }, { "capabilities", "none" }, { "namespaces", "" },
                  { "writable", "" },      { "readable", "/usr" },     { "devices", "the usual" },
                  { "networks", "none" },  { "ports", "none" },        { "limits", "none" } };
    const char *service = "", *user = "", *profile = "";
    json_int_t uid = 0, gid = 0, allowed = 0, some = 0, total = 0;
    json_t *all = (json_t *) (uintptr_t) j; /* json_unpack(3) does not change it */

    (void) json_unpack(all, "{s:s,s:s,s:I,s:I,s:s,s:I,s:I,s:I}", "service", &service, "user", &user,
                       "uid", &uid, "gid", &gid, "profile", &profile, "calls_allowed", &allowed,
                       "calls_by_argument", &some, "calls", &total);
    printf("%s\n  %-14s%s (%lld:%lld)\n", service, "user", user, (long long) uid, (long long) gid);
    printf("  %-14s%lld of %lld, %lld more by their arguments; profile %s\n", "system calls",
           (long long) allowed, (long long) total, (long long) some, profile);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        print_list(lists[i].key, json_object_get(j, lists[i].key), lists[i].none);
}

/* ---- score ---- */

static json_t *score(const struct project *p, const struct unit *u, const struct syscalls *s)
{
    struct syscalls_count calls = syscalls_count(s);
    json_t *reasons = json_array();
    struct exposure x;

    exposure_of(p, u, &calls, &x);
    for (size_t i = 0; i < x.n; i++)
        (void) json_array_append_new(reasons,
                                     json_pack("{s:f,s:s}", "points", x.reasons[i].points / 10.0,
                                               "reason", x.reasons[i].text));
    return json_pack("{s:s,s:f,s:o}", "service", u->name, "score", x.points / 10.0, "reasons",
                     reasons);
}

static void print_score(const json_t *j)
{
    const json_t *reasons = json_object_get(j, "reasons");

    printf("%-16s %4.1f of 10\n", json_string_value(json_object_get(j, "service")),
           json_real_value(json_object_get(j, "score")));
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *reason = json_array_get(reasons, i);

        printf("  %4.1f  %s\n", json_real_value(json_object_get(reason, "points")),
               json_string_value(json_object_get(reason, "reason")));
    }
}

/* ---- explain ---- */

static json_t *explained(const struct unit *u, const struct syscalls *s, const char *call)
{
    static const char *const answers[] = { [SYSCALLS_REFUSED] = "refused",
                                           [SYSCALLS_BY_ARGUMENT] = "allowed by its arguments",
                                           [SYSCALLS_ALLOWED] = "allowed" };
    struct syscalls_verdict v;

    if (syscalls_judge(s, call, &v) < 0)
        return NULL;
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "service", u->name, "call", call, "answer",
                     answers[v.answer], "profile", v.source, "rule", v.rule);
}

/* by user: the log knows processes, and those are gone */
static void explain_log(const struct unit *u, const struct syscalls *s, const struct denied_list *l,
                        json_t *out)
{
    for (size_t i = 0; i < l->n; i++) {
        auto_free char *name =
            denied_is_of(&l->items[i], u) ? syscalls_name(l->items[i].call) : NULL;
        json_t *one = name ? explained(u, s, name) : NULL;

        if (!one)
            continue;
        (void) json_object_set_new(one, "program", json_string(l->items[i].program));
        (void) json_object_set_new(one, "times", json_integer(l->items[i].times));
        (void) json_array_append_new(out, one);
    }
}

static void print_explained(const json_t *j)
{
    const char *program = json_string_value(json_object_get(j, "program"));
    const char *rule = json_string_value(json_object_get(j, "rule"));

    printf("%s: %s is %s by %s", json_string_value(json_object_get(j, "service")),
           json_string_value(json_object_get(j, "call")),
           json_string_value(json_object_get(j, "answer")),
           json_string_value(json_object_get(j, "profile")));
    printf(": %s", rule[0] ? rule : "no entry names it");
    if (program)
        printf("; %s, %lld times", program,
               (long long) json_integer_value(json_object_get(j, "times")));
    putchar('\n');
}

/* ---- learn ---- */

static int pid_of(const struct cli *cli, char *const *services, pid_t *out, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    int r = request_open(cli, services, &client, &project, &status, e);
    const json_t *list = json_object_get(status, "services");

    *out = 0;
    for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(s, "service"));

        if (name && strcmp(name, services[0]) == 0)
            *out = (pid_t) json_integer_value(json_object_get(s, "pid"));
    }
    json_decref(status);
    if (r == 0 && *out <= 0) {
        err_set(e, -ESRCH, "service '%s' does not run", services[0]);
        r = err_hint(e, "ipam-orch up %s", services[0]);
    }
    return r;
}

/* What it is narrowed from: its own, or the default one where that refuses nothing by itself. */
static int base_profile(const struct unit *u, json_t **out, struct err *e)
{
    struct syscalls s;
    int r = syscalls_open(u, &s, e);
    const char *action = json_string_value(json_object_get(s.profile, "defaultAction"));

    if (r == 0 && action && strcmp(action, "SCMP_ACT_ALLOW") == 0)
        r = syscalls_read("default", out, e);
    else if (r == 0)
        *out = json_incref(s.profile);
    syscalls_clear(&s);
    return r;
}

static json_t *counted(const uint64_t counts[LEARN_CALLS_MAX])
{
    json_t *out = json_object();

    for (int n = 0; n < LEARN_CALLS_MAX; n++) {
        auto_free char *name = counts[n] ? syscalls_name(n) : NULL;

        if (name)
            (void) json_object_set_new(out, name, json_integer((json_int_t) counts[n]));
    }
    return out;
}

static int learn(const struct cli *cli, const struct input *in, const struct project *p,
                 json_t *out, struct err *e)
{
    static uint64_t counts[LEARN_CALLS_MAX];
    const struct unit *u = project_unit(p, in->services[0]);
    json_t *profile = NULL;
    pid_t pid = 0;
    int r = base_profile(u, &profile, e);

    if (r == 0)
        r = pid_of(cli, in->services, &pid, e);
    if (r == 0)
        r = learn_count(pid, in->learn_us, counts, e);
    if (r == 0)
        (void) json_array_append_new(out, json_pack("{s:s,s:o,s:o}", "service", u->name, "calls",
                                                    counted(counts), "profile",
                                                    learn_profile(profile, counts)));
    json_decref(profile);
    return r;
}

/* the profile alone, so that it can go into a file; about it on the other stream */
static void print_learned(const json_t *j)
{
    fprintf(stderr,
            "%s made %zu different system calls; the profile has these and what programs need to "
            "begin and to end.\nCalls it did not make now are refused: try it, with security_opt: "
            "[\"seccomp=FILE\"]\n",
            json_string_value(json_object_get(j, "service")),
            json_object_size(json_object_get(j, "calls")));
    documents_write(json_object_get(j, "profile"), stdout);
}

/* ---- all services ---- */

static int ask(const struct input *in, const struct project *p, const struct unit *u,
               const struct denied_list *log, json_t *out, struct err *e)
{
    struct syscalls s;
    json_t *one = NULL;
    int r = syscalls_open(u, &s, e);

    if (r == 0 && in->question == QUESTION_SHOW)
        one = show(p, u, &s);
    else if (r == 0 && in->question == QUESTION_SCORE)
        one = score(p, u, &s);
    else if (r == 0 && !in->call)
        explain_log(u, &s, log, out);
    else if (r == 0 && !(one = explained(u, &s, in->call))) {
        err_set(e, -ENOENT, "there is no system call '%s'", in->call);
        r = err_classify(e, ERR_USAGE);
    }
    if (one)
        (void) json_array_append_new(out, one);
    syscalls_clear(&s);
    return r;
}

static int harden(const struct cli *cli, const struct input *in, json_t *out, struct err *e)
{
    struct load_options load = options_load(cli);
    struct warnings warnings = { 0 };
    struct denied_list log = { 0 };
    struct project *p = NULL;
    int r = load_project(&load, &p, &warnings, e);

    if (r == 0)
        r = request_check_units(p, in->services, e);
    if (r == 0 && in->question == QUESTION_EXPLAIN && !in->call) {
        r = denied_read(in->log ? in->log : DENIED_KERNEL_LOG, &log, e);
        if (r == -EPERM || r == -EACCES)
            err_classify(e, ERR_DENIED);
    }
    if (r == 0 && in->question == QUESTION_LEARN)
        r = learn(cli, in, p, out, e);
    for (size_t i = 0; r == 0 && in->question != QUESTION_LEARN && i < p->n_units; i++)
        if (!in->services || strv_has(in->services, p->units[i].name))
            r = ask(in, p, &p->units[i], &log, out, e);
    denied_clear(&log);
    project_free(p);
    return r;
}

static void print(const struct cli *cli, const struct input *in, const json_t *answers)
{
    void (*const forms[])(const json_t *j) = { [QUESTION_SCORE] = print_score,
                                               [QUESTION_SHOW] = print_show,
                                               [QUESTION_EXPLAIN] = print_explained,
                                               [QUESTION_LEARN] = print_learned };

    if (cli->format == FORMAT_JSON) {
        json_t *document =
            json_pack("{s:i,s:O}", "schema", 1, "services", (json_t *) (uintptr_t) answers);

        (void) json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(3));
        putchar('\n');
        json_decref(document);
        return;
    }
    for (size_t i = 0; i < json_array_size(answers); i++)
        forms[in->question](json_array_get(answers, i));
    if (in->question == QUESTION_EXPLAIN && json_array_size(answers) == 0 && !cli->quiet)
        printf("the log has no refused call of these services; calls are logged where policy.conf "
               "says log-denied = yes\n");
}

int cmd_harden(struct cli *cli, int argc, char **argv)
{
    struct input in = { .question = QUESTION_SCORE };
    struct err e = ERR_INIT;
    json_t *answers;
    int result = 0;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    answers = json_array();
    if (harden(cli, &in, answers, &e) < 0)
        result = cli_fail(cli, &e);
    else
        print(cli, &in, answers);
    json_decref(answers);
    strv_free(in.services);
    return result;
}
