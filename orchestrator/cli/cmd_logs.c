#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/level.h"
#include "cli/lives.h"
#include "cli/log_reader.h"
#include "cli/log_watch.h"
#include "cli/remote.h"
#include "cli/request.h"
#include "cli/when.h"

enum {
    OPT_NO_PREFIX = 256,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_GREP,
    OPT_INDEX,
    OPT_LEVEL,
    OPT_PREVIOUS,
    OPT_JSON
};

struct input {
    bool follow, timestamps, no_prefix, previous, json;
    enum level level; /* the least that is shown; LEVEL_NONE: any line */
    uint64_t tail;
    const char *since, *until, *pattern;
    int index; /* of the instance, 0 = all */
    char **services;
    char since_text[WHEN_TEXT], until_text[WHEN_TEXT]; /* as log lines have it; "" = any time */
    regex_t grep;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'f': in->follow = true; return 0;
    case 't': in->timestamps = true; return 0;
    case 'n':
        if (strcmp(arg, "all") == 0)
            in->tail = UINT32_MAX;
        else if (num_u64(arg, UINT32_MAX, &in->tail) < 0)
            argp_error(state, "--tail needs a number or 'all'");
        return 0;
    case OPT_NO_PREFIX: in->no_prefix = true; return 0;
    case OPT_SINCE: in->since = arg; return 0;
    case OPT_UNTIL: in->until = arg; return 0;
    case OPT_GREP: in->pattern = arg; return 0;
    case OPT_LEVEL:
        if ((in->level = level_parse(arg, strlen(arg))) == LEVEL_NONE)
            argp_error(state,
                       "unknown level '%s'; trace, debug, info, notice, warning, error, "
                       "critical, alert or emergency",
                       arg);
        return 0;
    case OPT_PREVIOUS: in->previous = true; return 0;
    case OPT_JSON: in->json = true; return 0;
    case ARGP_KEY_END:
        if (in->previous && in->follow)
            argp_error(state, "--previous is over: there is nothing to --follow");
        return 0;
    case OPT_INDEX: return remote_index(&in->index, arg, state);
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "follow", 'f', NULL, 0, "go on with new lines, across restarts", 0 },
    { "tail", 'n', "N", 0, "only the last N lines of each service", 0 },
    { "timestamps", 't', NULL, 0, "show when a line was captured", 0 },
    { "since", OPT_SINCE, "TIME", 0, "only lines from then on: 10m, 2026-11-24T10:00:00Z", 0 },
    { "until", OPT_UNTIL, "TIME", 0, "only lines before", 0 },
    { "grep", OPT_GREP, "REGEX", 0, "only lines that match (extended regular expression)", 0 },
    { "level", OPT_LEVEL, "LEVEL", 0, "only lines that say to be as grave as that, or graver", 0 },
    { "previous", OPT_PREVIOUS, NULL, 0, "only the life before the last one", 0 },
    { "json", OPT_JSON, NULL, 0, "one JSON object per line, like --format json", 0 },
    { "index", OPT_INDEX, "N", 0, "only this instance of a service", 0 },
    { "no-log-prefix", OPT_NO_PREFIX, NULL, 0, "do not show the service's name", 0 },
    { 0 },
};
static const struct argp argp = { .options = options,
                                  .parser = parse,
                                  .args_doc = "[SERVICE...]",
                                  .doc = "Shows what services printed, the earlier lives of a "
                                         "service included, merged by time." };

struct view {
    const struct input *in;
    struct log_reader **readers;
    const struct log_line **heads; /* next line of each reader, NULL at its end */
    struct life *lives;            /* of each reader, the only one that is wanted; 0 = all */
    size_t *skip;                  /* lines of each reader that are wanted, but not the last N */
    size_t n;
    int width;
};

static void print_json(const char *label, const struct log_line *l)
{
    size_t len = strlen(l->text);
    bool whole = len > 0 && l->text[len - 1] == '\n';
    const char *at = strchr(label, '@');
    enum level level = level_of(l->text);
    json_t *json =
        json_pack("{s:s%,s:s,s:i,s:i,s:s,s:s,s:s%}", "service", label,
                  at ? (size_t) (at - label) : strlen(label), "name", label, "index",
                  at ? (int) strtol(at + 1, NULL, 10) : 1, "incarnation", (int) l->incarnation,
                  "time", l->time, "stream", l->stream, "line", l->text, whole ? len - 1 : len);

    if (level != LEVEL_NONE)
        (void) json_object_set_new(json, "level", json_string(level_text[level]));
    if (!whole)
        (void) json_object_set_new(json, "partial", json_true());
    (void) json_dumpf(json, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(json);
}

static void print_line(const struct view *v, size_t which)
{
    const struct log_line *l = v->heads[which];

    if (v->in->json) {
        print_json(log_reader_service(v->readers[which]), l);
        return;
    }
    if (!v->in->no_prefix)
        printf("%-*s | ", v->width, log_reader_service(v->readers[which]));
    if (v->in->timestamps)
        printf("%s ", l->time);
    fputs(l->text, stdout);
    if (l->text[0] == '\0' || l->text[strlen(l->text) - 1] != '\n')
        fputc('\n', stdout);
}

static bool is_wanted(const struct input *in, const struct life *life, const struct log_line *l)
{
    return (!in->previous || (life->incarnation == l->incarnation && l->incarnation > 0 &&
                              strcmp(l->time, life->since) >= 0)) &&
           strcmp(l->time, in->since_text) >= 0 &&
           (in->until_text[0] == '\0' || strcmp(l->time, in->until_text) < 0) &&
           (!in->pattern || regexec(&in->grep, l->text, 0, NULL, 0) == 0) &&
           (in->level == LEVEL_NONE || level_of(l->text) >= in->level);
}

static void fetch(struct view *v, size_t which)
{
    while (!v->heads[which]) {
        if (log_reader_next(v->readers[which], &v->heads[which]) < 0)
            v->heads[which] = NULL;
        if (!v->heads[which])
            return;
        if (is_wanted(v->in, &v->lives[which], v->heads[which])) {
            if (v->skip[which] == 0)
                return;
            v->skip[which]--;
        }
        v->heads[which] = NULL;
    }
}

/* prints everything there is, oldest first */
static void print_available(struct view *v)
{
    for (;;) {
        size_t oldest = v->n;

        for (size_t i = 0; i < v->n; i++) {
            fetch(v, i);
            if (v->heads[i] &&
                (oldest == v->n || strcmp(v->heads[i]->time, v->heads[oldest]->time) < 0))
                oldest = i;
        }
        if (oldest == v->n)
            break;
        print_line(v, oldest);
        v->heads[oldest] = NULL;
    }
    (void) fflush(stdout);
}

static int follow(struct view *v, const char *project, struct err *e)
{
    auto_fd watch = -1;
    char events[16 * 1024];
    int r = log_watch_open(project, &watch, e);

    if (r < 0)
        return r;
    do
        print_available(v);
    while (!ferror(stdout) && read(watch, events, sizeof events) > 0);
    return 0;
}

/* how many of the lines there are come before the last N that are wanted */
static size_t count_early(const char *project, const struct input *in, const struct life *life,
                          const char *label)
{
    struct log_reader *r = log_reader_new(project, label);
    const struct log_line *line;
    size_t n = 0;

    while (log_reader_next(r, &line) == 0)
        n += is_wanted(in, life, line);
    log_reader_free(r);
    return n > in->tail ? n - (size_t) in->tail : 0;
}

static void start(struct view *v, const char *project, size_t which, const char *label)
{
    const struct input *in = v->in;

    v->readers[which] = log_reader_new(project, label);
    if (in->tail == UINT32_MAX)
        return;
    /* of lines that are chosen by what is in them the last ones are found by reading them */
    if (in->previous || in->pattern || in->until || in->level != LEVEL_NONE)
        v->skip[which] = count_early(project, in, &v->lives[which], label);
    else
        log_reader_tail(v->readers[which], (size_t) in->tail);
}

static int show(const char *project, const struct input *in, char *const *services, struct err *e)
{
    size_t n = strv_len(services);
    auto_free struct log_reader **readers = calloc(n + 1, sizeof(struct log_reader *));
    auto_free const struct log_line **heads = calloc(n + 1, sizeof(struct log_line *));
    auto_free struct life *lives = calloc(n + 1, sizeof *lives);
    auto_free size_t *skip = calloc(n + 1, sizeof *skip);
    struct view v = {
        .in = in, .readers = readers, .heads = heads, .lives = lives, .skip = skip, .n = n
    };
    struct lives *known = in->previous ? lives_read(project) : NULL;
    int r = 0;

    if (!readers || !heads || !lives || !skip)
        abort();
    for (size_t i = 0; i < n; i++) {
        int len = (int) strlen(services[i]);
        v.width = len > v.width ? len : v.width;
        if (known)
            lives[i] = lives_previous(known, services[i]);
        start(&v, project, i, services[i]);
    }
    lives_free(known);
    if (in->follow)
        r = follow(&v, project, e);
    else
        print_available(&v);
    for (size_t i = 0; i < n; i++)
        log_reader_free(readers[i]);
    return r;
}

/* SERVICE, and SERVICE@N of its further instances as far as they have logs; as in strv.h */
static char **instances_of(const char *project, const struct input *in, char *const *services)
{
    char **labels = NULL;

    for (char *const *s = services; s && *s; s++) {
        auto_free char *pattern = paths_join("%s/%s/%s@*.log", paths_log(), project, *s);
        glob_t found = { 0 };

        if (in->index <= 1)
            strv_append(&labels, *s);
        if (in->index > 1)
            strv_appendf(&labels, "%s@%d", *s, in->index);
        else if (in->index == 0 && glob(pattern, 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++) {
                const char *name = strrchr(found.gl_pathv[i], '/') + 1;

                strv_appendf(&labels, "%.*s", (int) (strlen(name) - strlen(".log")), name);
            }
        globfree(&found);
    }
    return labels;
}

static int prepare(struct input *in, struct err *e)
{
    uint64_t now = clock_wall_us(), at = 0;
    char why[128];
    int r = in->since ? when_parse(in->since, now, &at, e) : 0;

    if (r == 0 && in->since)
        when_format_utc(at, in->since_text);
    if (r == 0 && in->until && (r = when_parse(in->until, now, &at, e)) == 0)
        when_format_utc(at, in->until_text);
    if (r < 0 || !in->pattern)
        return r;
    r = regcomp(&in->grep, in->pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    if (r == 0)
        return 0;
    (void) regerror(r, &in->grep, why, sizeof why);
    in->pattern = NULL;
    err_set(e, -EINVAL, "--grep: %s", why);
    return err_classify(e, ERR_USAGE);
}

int cmd_logs(struct cli *cli, int argc, char **argv)
{
    struct input in = { .tail = UINT32_MAX };
    struct err e = ERR_INIT;
    char *project = NULL;
    char **services = NULL, **labels = NULL;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    in.json |= cli->format == FORMAT_JSON;
    r = prepare(&in, &e);
    /* a wrong name is found out even when nothing runs */
    if (r == 0)
        r = request_services_named(cli, in.services, &project, &services, &e);
    if (r == 0)
        r = log_watch_allowed(project, &e);
    if (r == 0)
        labels = instances_of(project, &in, in.services ? in.services : services);
    if (r == 0)
        r = show(project, &in, labels, &e);
    if (in.pattern)
        regfree(&in.grep);
    strv_free(labels);
    strv_free(services);
    strv_free(in.services);
    free(project);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
