#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/log_watch.h"
#include "cli/ps_tree.h"
#include "cli/published.h"
#include "cli/renewal.h"
#include "cli/request.h"
#include "model/member.h"

struct input {
    bool services, watch, tree, no_orphans;
    char **names;
};

enum { OPT_SERVICES = 256, OPT_TREE, OPT_ORPHANS };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_SERVICES: in->services = true; return 0;
    case OPT_TREE: in->tree = true; return 0;
    case OPT_ORPHANS:
        if (arg && strcmp(arg, "true") != 0 && strcmp(arg, "false") != 0)
            argp_error(state, "--orphans is true or false, not '%s'", arg);
        in->no_orphans = arg && arg[0] == 'f';
        return 0;
    case 'w': in->watch = true; return 0;
    case 'a': return 0; /* stopped services are always shown */
    case ARGP_KEY_ARG: strv_append(&in->names, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "services", OPT_SERVICES, NULL, 0, "print names only", 0 },
    { "tree", OPT_TREE, NULL, 0, "what services depend on below them", 0 },
    { "orphans", OPT_ORPHANS, "BOOL", OPTION_ARG_OPTIONAL,
      "false: without services that the files do not have any more", 0 },
    { "watch", 'w', NULL, 0,
      "go on: on a terminal the table anew with every change, elsewhere a line for each", 0 },
    { "all", 'a', NULL, 0, "accepted for compatibility: stopped services are shown too", 0 },
    { 0 },
};
static const struct argp argp = { .options = options,
                                  .parser = parse,
                                  .args_doc = "[SERVICE...]",
                                  .doc = "Shows services, their state and health.  The exit status "
                                         "is 1 when one of them is not as it should be." };

static bool is_fine(const json_t *service)
{
    const char *state = member_text(service, "state");

    return strcmp(state, "up") == 0 || strcmp(state, "done") == 0;
}

static void format_age(uint64_t since_us, char *out, size_t room)
{
    uint64_t s = since_us ? (clock_wall_us() - since_us) / USEC_PER_SEC : 0;

    if (s < 120)
        (void) snprintf(out, room, "%" PRIu64 "s", s);
    else if (s < 7200)
        (void) snprintf(out, room, "%" PRIu64 "m", s / 60);
    else
        (void) snprintf(out, room, "%" PRIu64 "h", s / 3600);
}

static void format_bytes(json_int_t n, char *out, size_t room)
{
    if (n <= 0)
        (void) snprintf(out, room, "-");
    else
        (void) snprintf(out, room, "%.0fM", (double) n / (1024.0 * 1024.0));
}

/* true when there are any */
static bool print_ports(const json_t *service)
{
    const json_t *ports = json_object_get(service, "ports");

    for (size_t i = 0; i < json_array_size(ports); i++) {
        const json_t *p = json_array_get(ports, i);
        char text[PUBLISHED_TEXT];
        int published = (int) json_integer_value(json_object_get(p, "published"));

        if (published)
            printf("%s%s->%d/%s%s", i ? ", " : "",
                   published_text(member_text(p, "address"), "*", published, text),
                   (int) json_integer_value(json_object_get(p, "target")),
                   member_text(p, "protocol"), member_text(p, "shut")[0] != '\0' ? " (shut)" : "");
    }
    return json_array_size(ports) > 0;
}

static void print_row(const json_t *s)
{
    char age[24], limit[24], pid[24] = "-";
    int number = (int) json_integer_value(json_object_get(s, "pid"));

    if (number > 0)
        (void) snprintf(pid, sizeof pid, "%d", number);
    format_age((uint64_t) json_integer_value(json_object_get(s, "since_us")), age, sizeof age);
    format_bytes(json_integer_value(json_object_get(s, "memory_limit")), limit, sizeof limit);
    printf("%-16s %-9s %-10s %-6s %8d %8s %8s  ", member_text(s, "name"), member_text(s, "state"),
           member_text(s, "health"), age, (int) json_integer_value(json_object_get(s, "restarts")),
           pid, limit);
    const char *gap = print_ports(s) ? "  " : "";
    if (!is_fine(s) && member_text(s, "waits_for")[0] != '\0')
        printf("%swaits for %s", gap, member_text(s, "waits_for"));
    else if (!is_fine(s) && member_text(s, "last_exit")[0] != '\0')
        printf("%s%s", gap, member_text(s, "last_exit"));
    else if (json_is_true(json_object_get(s, "orphan")))
        printf("%snot in the files", gap);
    else if (json_is_true(json_object_get(s, "config_changed")))
        printf("%sconfig changed", gap);
    else if (member_text(s, "says")[0] != '\0')
        printf("%s%s", gap, member_text(s, "says"));
    putchar('\n');
}

static bool is_wanted(const struct input *in, const json_t *service)
{
    if (in->no_orphans && json_is_true(json_object_get(service, "orphan")))
        return false;
    return !in->names || strv_has(in->names, member_text(service, "service"));
}

static void print_table(const struct input *in, const json_t *list)
{
    if (!in->services)
        printf("%-16s %-9s %-10s %-6s %8s %8s %8s  %s\n", "SERVICE", "STATE", "HEALTH", "SINCE",
               "RESTARTS", "PID", "LIMIT", "PORTS");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);

        if (!is_wanted(in, s))
            continue;
        if (in->services && i > 0 &&
            strcmp(member_text(s, "service"),
                   member_text(json_array_get(list, i - 1), "service")) == 0)
            continue; /* another instance of it */
        if (in->services)
            puts(member_text(s, "service"));
        else
            print_row(s);
    }
}

/* commands of `run`, whose state is nobody's concern but their caller's */
static void print_one_offs(const struct input *in, const json_t *list)
{
    for (size_t i = 0; !in->services && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        char age[24];

        if (!is_wanted(in, one))
            continue;
        format_age((uint64_t) json_integer_value(json_object_get(one, "since_us")), age,
                   sizeof age);
        printf("%-16s %-9s %-10s %-6s %8s %8d %8s  runs once\n", member_text(one, "name"),
               member_text(one, "state"), "-", age, "-",
               (int) json_integer_value(json_object_get(one, "pid")), "-");
    }
}

/* optional services whose programs are not on this host: not there, and nothing is wrong */
static void print_absent(const struct input *in, const json_t *list)
{
    for (size_t i = 0; !in->services && i < json_array_size(list); i++)
        if (is_wanted(in, json_array_get(list, i)))
            printf("%-16s %-9s %s\n", member_text(json_array_get(list, i), "service"), "absent",
                   member_text(json_array_get(list, i), "reason"));
}

static void print_json(const char *project, const json_t *list, const json_t *status)
{
    uint64_t now = clock_wall_us();
    time_t second = (time_t) (now / USEC_PER_SEC);
    char stamp[40];
    json_t *document;
    struct tm tm;

    (void) strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&second, &tm));
    document =
        json_pack("{s:i,s:s,s:s,s:s,s:O,s:O*,s:O*}", "schema", 1, "mode", "native", "project",
                  project, "time", stamp, "services", list, "one_offs",
                  json_object_get(status, "one_offs"), "absent", json_object_get(status, "absent"));
    documents_end(document);
}

/* has it come to another state since? */
static bool is_changed(const json_t *one, const json_t *before)
{
    static const char *const keys[] = { "state", "health", "pid", "restarts", "waits_for" };
    const json_t *old = NULL;

    for (size_t i = 0; i < json_array_size(before) && !old; i++)
        if (strcmp(member_text(json_array_get(before, i), "name"), member_text(one, "name")) == 0)
            old = json_array_get(before, i);
    for (size_t i = 0; old && i < ARRAY_LEN(keys); i++)
        if (!json_equal(json_object_get(one, keys[i]), json_object_get(old, keys[i])))
            return true;
    return !old;
}

static void print_changes(const struct input *in, const json_t *list, const json_t *before)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (is_wanted(in, json_array_get(list, i)) && is_changed(json_array_get(list, i), before))
            print_row(json_array_get(list, i));
}

/* *before is what was shown last, replaced by what is shown now */
static int show_again(const struct cli *cli, const struct input *in, json_t **before, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *list;
    int r = request_open(cli, in->names, &client, &project, &status, e);

    if (r < 0)
        return r;
    list = json_object_get(status, "services");
    if (isatty(STDOUT_FILENO)) {
        fputs("\033[H\033[2J", stdout);
        print_table(in, list);
        print_one_offs(in, json_object_get(status, "one_offs"));
        print_absent(in, json_object_get(status, "absent"));
    } else {
        print_changes(in, list, *before);
    }
    json_decref(*before);
    *before = json_incref(list);
    json_decref(status);
    return fflush(stdout) != 0 || ferror(stdout) ? -EPIPE : 0;
}

/* what changes is in the journal of the project: who looks again after each line misses nothing */
static int watch(const struct cli *cli, const struct input *in, struct err *e)
{
    auto_free char *project = NULL;
    auto_fd changed = -1;
    auto_strv services = NULL;
    json_t *before = NULL;
    char changes[16 * 1024];
    int r = request_services(cli, &project, &services, e);

    if (r < 0 || (r = log_watch_open(project, &changed, e)) < 0)
        return r;
    while ((r = show_again(cli, in, &before, e)) == 0) {
        if (isatty(STDOUT_FILENO)) /* nobody reads faster */
            (void) poll(NULL, 0, USEC_PER_SEC / USEC_PER_MSEC);
        if (read(changed, changes, sizeof changes) <= 0)
            r = log_watch_failed(project, e);
    }
    json_decref(before);
    return r == -EPIPE && e->code == 0 ? 0 : r;
}

static int ps(const struct cli *cli, const struct input *in, bool *all_fine, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL;
    struct project *now = NULL;
    struct err mistake = ERR_INIT;
    json_t *list;
    int r =
        in->watch ? watch(cli, in, e) : request_open(cli, in->names, &client, &project, &status, e);

    if (r < 0 || in->watch)
        return r;
    list = json_object_get(status, "services");
    if (renewal_load(cli, status, &now, &mistake) < 0 && renewal_orphans(cli, status))
        (void) renewal_load(cli, status, &now, &mistake); /* what fails then is another matter */
    renewal_mark(list, now);
    project_free(now);
    for (size_t i = json_array_size(list); i > 0; i--) {
        if (is_wanted(in, json_array_get(list, i - 1)))
            *all_fine &= is_fine(json_array_get(list, i - 1));
        else
            (void) json_array_remove(list, i - 1);
    }
    if (cli->format == FORMAT_JSON) {
        print_json(project, list, status);
    } else if (in->tree) {
        ps_tree_print(list, stdout);
    } else {
        print_table(in, list);
        print_one_offs(in, json_object_get(status, "one_offs"));
        print_absent(in, json_object_get(status, "absent"));
    }
    json_decref(status);
    return 0;
}

int cmd_ps(struct cli *cli, int argc, char **argv)
{
    struct input in = { 0 };
    struct err e = ERR_INIT;
    bool all_fine = true;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = ps(cli, &in, &all_fine, &e);
    strv_free(in.names);
    if (r < 0)
        return cli_fail(cli, &e);
    return all_fine ? 0 : ERR_FAILED;
}
