/* check: is this host fit for the project, and what to do where it is not. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/options.h"
#include "cli/request.h"
#include "cli/when.h"
#include "control/client.h"
#include "preflight/fix.h"
#include "preflight/preflight.h"

enum {
    OPT_MIN_MEMORY = 256,
    OPT_MIN_DISK,
    OPT_PORTS,
    OPT_ONLY,
    OPT_SKIP,
    OPT_FIX,
    OPT_LIST,
    OPT_STRICT,
    PORTS_MAX = 64
};

struct input {
    uint64_t min_memory, min_disk;
    uint16_t ports[PORTS_MAX];
    size_t n_ports;
    char **only, **skip;
    bool fix, list, strict;
};

static bool is_subject(const char *name)
{
    size_t len = strcspn(name, ".");

    for (const struct preflight_subject *s = preflight_subjects; s->name; s++)
        if (strlen(s->name) == len && strncmp(s->name, name, len) == 0)
            return true;
    return false;
}

static error_t add_subjects(char ***list, const char *text, struct argp_state *state)
{
    auto_free char *copy = strdup(text);
    char *rest = copy;

    for (char *name; (name = strsep(&rest, ","));) {
        if (!is_subject(name))
            argp_error(state, "'%s' is no subject of checks (ipam-orch check --list)", name);
        strv_append(list, name);
    }
    return 0;
}

static error_t set_ports(struct input *in, const char *text, struct argp_state *state)
{
    auto_free char *copy = strdup(text);
    char *rest = copy;

    in->n_ports = 0;
    for (char *port; (port = strsep(&rest, ","));)
        if (in->n_ports == PORTS_MAX || num_port(port, &in->ports[in->n_ports++]) < 0)
            argp_error(state, "'%s' is no list of ports such as 80,443", text);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;
    uint64_t *bytes = key == OPT_MIN_MEMORY ? &in->min_memory : &in->min_disk;

    switch (key) {
    case OPT_MIN_MEMORY:
    case OPT_MIN_DISK:
        if (num_bytes(arg, bytes) < 0)
            argp_error(state, "'%s' is no size such as 4g", arg);
        return 0;
    case OPT_PORTS: return set_ports(in, arg, state);
    case ARGP_KEY_ARG:
    case OPT_ONLY: return add_subjects(&in->only, arg, state);
    case OPT_SKIP: return add_subjects(&in->skip, arg, state);
    case OPT_FIX: in->fix = true; return 0;
    case OPT_LIST: in->list = true; return 0;
    case OPT_STRICT: in->strict = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "min-memory", OPT_MIN_MEMORY, "SIZE", 0, "memory that must be available (4 GB)", 0 },
    { "min-disk", OPT_MIN_DISK, "SIZE", 0, "free space on each file system (20 GB)", 0 },
    { "ports", OPT_PORTS, "PORT,...", 0, "ports that must be free (80,443,3000,3306,6379,9090)",
      0 },
    { "only", OPT_ONLY, "SUBJECT,...", 0, "only these, as words without an option", 0 },
    { "skip", OPT_SKIP, "SUBJECT,...", 0, "not these", 0 },
    { "fix", OPT_FIX, NULL, 0, "put right what is safe: kernel settings, system users", 0 },
    { "list", OPT_LIST, NULL, 0, "only list the subjects", 0 },
    { "strict", OPT_STRICT, NULL, 0, "warnings count as failures", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[SUBJECT...]",
    .doc = "Checks whether this host is fit for the project: what is missing is told with the "
           "command that helps.  Exits with 4 when something fails.  Where there is no project "
           "yet, it is the one that `up` would create.",
};

/* ---- what is there ---- */

/* The files as they are written, or those of the template: no variable is needed to check. */
static bool load(const struct cli *cli, struct loaded *l, struct err *e)
{
    static char every_profile[] = "*";
    char *profiles[] = { every_profile, NULL };
    auto_free char *template = paths_join("%s/examples/ipam/compose.yaml", paths_data());
    char *files[] = { template, NULL };
    struct load_options how = options_load(cli);
    int r;

    how.profiles = profiles;
    how.unreadable_env = true;
    r = load_raw(&how, l, e);
    if (r == -ENOENT && !cli->files) {
        loaded_clear(l);
        *l = (struct loaded){ 0 };
        *e = ERR_INIT;
        how.files = files;
        r = load_raw(&how, l, e);
    }
    return load_finish_error(e, r) == 0;
}

/* ports that services of the running project have */
static size_t own_ports(const struct cli *cli, uint16_t *out)
{
    auto_free char *path = options_socket(cli), *name = NULL;
    auto_client client = NULL;
    json_t *status = NULL, *service, *port;
    size_t n = 0, i, k;

    if (client_open(path, &client, NULL) < 0 ||
        request_project(cli, client, &name, &status, NULL) < 0)
        return 0;
    json_array_foreach (json_object_get(status, "services"), i, service)
        json_array_foreach (json_object_get(service, "ports"), k, port)
            if (n < PORTS_MAX)
                out[n++] = (uint16_t) json_integer_value(json_object_get(port, "published"));
    json_decref(status);
    return n;
}

static bool matches(char *const *list, const char *id)
{
    for (; list && *list; list++) {
        size_t len = strlen(*list);

        if (strncmp(*list, id, len) == 0 && (id[len] == '\0' || id[len] == '.'))
            return true;
    }
    return false;
}

static bool is_wanted(const struct input *in, const char *id)
{
    return (!in->only || matches(in->only, id)) && !matches(in->skip, id);
}

/* a subject is looked at when it, or a part of it, is asked for */
static bool may_have_wanted(const struct input *in, const char *subject)
{
    size_t len = strlen(subject);

    if (matches(in->skip, subject))
        return false;
    for (char **o = in->only; o && *o; o++)
        if (strncmp(*o, subject, len) == 0)
            return true;
    return !in->only;
}

static void look(const struct preflight *p, const struct input *in, struct findings *out)
{
    struct findings all = { 0 };

    for (const struct preflight_subject *s = preflight_subjects; s->name; s++)
        if (may_have_wanted(in, s->name))
            s->check(p, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (!is_wanted(in, all.items[i].id))
            continue;
        *findings_add(out, FINDING_OK, "%s", "") = all.items[i];
        all.items[i] = (struct finding){ 0 };
    }
    findings_clear(&all);
}

/* ---- what is shown ---- */

static void print_list(void)
{
    for (const struct preflight_subject *s = preflight_subjects; s->name; s++)
        printf("%-10s %s\n", s->name, s->summary);
}

static const char *word_of(const struct finding *f)
{
    return f->informs && f->status == FINDING_FAIL ? "absent" : finding_status_text[f->status];
}

static void print_finding(const struct finding *f)
{
    printf("%-6s %-28s %s", word_of(f), f->id, f->measured ? f->measured : "");
    if (f->required && f->status != FINDING_OK)
        printf("  (required: %s)", f->required);
    putchar('\n');
    if (f->remedy)
        printf("       next: %s\n", f->remedy);
}

/* the worst first; what only informs comes last, however bad it is */
static void print_text(const struct findings *found, bool quiet)
{
    static const enum finding_status order[] = { FINDING_FAIL, FINDING_WARN, FINDING_SKIP,
                                                 FINDING_OK };

    for (size_t o = 0; o < ARRAY_LEN(order); o++)
        for (size_t i = 0; i < found->n; i++)
            if (found->items[i].status == order[o] && !found->items[i].informs &&
                (!quiet || order[o] != FINDING_OK))
                print_finding(&found->items[i]);
    for (size_t i = 0; i < found->n && !quiet; i++)
        if (found->items[i].informs)
            print_finding(&found->items[i]);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void print_json(const struct findings *found, const char *mode, const char *reason,
                       const char *project)
{
    json_t *list = json_array(), *all;
    char now[WHEN_TEXT];

    for (size_t i = 0; i < found->n; i++) {
        const struct finding *f = &found->items[i];

        (void) json_array_append_new(
            list, json_pack("{s:s,s:s,s:b,s:o,s:o,s:o}", "id", f->id, "status",
                            finding_status_text[f->status], "required_here", !f->informs,
                            "measured", text_or_null(f->measured), "required",
                            text_or_null(f->required), "remedy", text_or_null(f->remedy)));
    }
    when_format_utc(clock_wall_us(), now);
    all = json_pack("{s:i,s:s,s:s,s:o,s:s,s:o}", "schema", 1, "mode", mode, "reason", reason,
                    "project", text_or_null(project), "time", now, "checks", list);
    documents_end(all);
}

static void say_fixed(void *owner, const char *what)
{
    const struct cli *cli = owner;

    if (!cli->quiet)
        fprintf(stderr, "fixed: %s\n", what);
}

static const char *reason_of(const struct preflight *p, const struct findings *found)
{
    if (p->compose)
        return "--mode compose asks for it";
    for (size_t i = 0; i < found->n; i++)
        if (strcmp(found->items[i].id, "docker.client") == 0)
            return found->items[i].status == FINDING_OK
                       ? "Docker is there; this version runs projects natively"
                       : "Docker not found";
    return "it needs no Docker";
}

static int check(struct cli *cli, const struct input *in, struct err *e)
{
    uint16_t ours[PORTS_MAX];
    struct findings found = { 0 };
    struct loaded l = { 0 };
    struct err unknown = ERR_INIT;
    bool known = load(cli, &l, &unknown);
    struct preflight p = { .loaded = known ? &l : NULL,
                           .ports = in->ports,
                           .n_ports = in->n_ports,
                           .own_ports = ours,
                           .n_own_ports = own_ports(cli, ours),
                           .min_memory = in->min_memory,
                           .min_disk = in->min_disk,
                           .compose = strcmp(cli->mode, "compose") == 0 };
    const char *mode = p.compose ? "compose" : "native";
    int r = 0;

    look(&p, in, &found);
    if (!known && (!in->only || matches(in->only, "package")))
        finding_measured(findings_add(&found, FINDING_SKIP, "package"), "%s", unknown.msg);
    if (in->fix) {
        r = fix_findings(&found, say_fixed, cli, e);
        findings_clear(&found);
        look(&p, in, &found);
    }
    if (r == 0 && cli->format == FORMAT_JSON) {
        print_json(&found, mode, reason_of(&p, &found), l.name);
    } else if (r == 0) {
        print_text(&found, cli->quiet);
        if (!cli->quiet)
            printf("mode: %s (%s)\n", mode, reason_of(&p, &found));
    }
    if (r == 0 && findings_against(&found, in->strict) > 0) {
        err_set(e, -EBADMSG, "%zu of %zu checks failed", findings_against(&found, in->strict),
                found.n);
        r = err_classify(e, ERR_CHECK);
    }
    findings_clear(&found);
    loaded_clear(&l);
    return r;
}

int cmd_check(struct cli *cli, int argc, char **argv)
{
    struct input in = { .min_memory = 4ull * 1000 * 1000 * 1000,
                        .min_disk = 20ull * 1000 * 1000 * 1000,
                        .n_ports = PREFLIGHT_PORTS };
    struct err e = ERR_INIT;
    int status = 0;

    memcpy(in.ports, preflight_ports_wanted, sizeof preflight_ports_wanted);
    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    if (in.list)
        print_list();
    else if (check(cli, &in, &e) < 0 && e.class == ERR_CHECK && cli->format == FORMAT_JSON)
        status = ERR_CHECK; /* the document says it all */
    else if (e.code < 0)
        status = cli_fail(cli, &e);
    strv_free(in.only);
    strv_free(in.skip);
    return status;
}
