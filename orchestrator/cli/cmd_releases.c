/* releases: what a project was and is, and what of it is kept. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/next.h"
#include "cli/operate.h"
#include "cli/releases.h"
#include "cli/when.h"
#include "model/member.h"
#include "ops/plan.h"
#include "ops/release.h"

enum { OPT_KEEP = 256, WORDS_MAX = 3 };

struct input {
    char **words;
    uint64_t keep;
};

/* ---- ls, show, diff ---- */

static uint64_t bytes_of(const json_t *release)
{
    const json_t *copy;
    uint64_t sum = 0;
    size_t i;

    json_array_foreach (json_object_get(release, "copies"), i, copy)
        sum += (uint64_t) json_integer_value(json_object_get(copy, "bytes"));
    return sum;
}

static void print_row(const json_t *one)
{
    json_int_t served = json_integer_value(json_object_get(one, "served"));
    char when[WHEN_TEXT] = "never", size[NUM_BYTES_TEXT];
    bool pinned = json_is_true(json_object_get(one, "pinned"));
    const char *state = member_text(one, "state");

    if (served > 0)
        when_format((uint64_t) served * USEC_PER_SEC, when);
    num_bytes_text(bytes_of(one), size);
    printf("%-13s %-12s %-24.19s %-9s %8s  %s%s%s%s\n", member_text(one, "id"),
           member_text(one, "label"), when, member_text(one, "verb"), size, state,
           state[0] && pinned ? ", " : "", pinned ? "pinned" : "",
           member_text(one, "message")[0] ? "  " : "");
    if (member_text(one, "message")[0])
        printf("              %s\n", member_text(one, "message"));
}

int releases_list(const struct cli *cli, const char *project, struct err *e)
{
    json_t *list = NULL, *one;
    size_t i;
    int r = release_list(project, &list, e);

    if (r < 0)
        return r;
    if (cli->format == FORMAT_JSON) {
        return documents_print(project, json_pack("{s:o}", "releases", list));
    }
    printf("%-13s %-12s %-24s %-9s %8s\n", "RELEASE", "LABEL", "SERVED", "BY", "FILES");
    json_array_foreach (list, i, one)
        print_row(one);
    json_decref(list);
    return 0;
}

static int show(const struct cli *cli, struct operate *o, const char *id, struct err *e)
{
    json_t *list = NULL, *one, *found = NULL, *copy;
    size_t i;
    int r = release_list(o->project, &list, e);

    json_array_foreach (list, i, one)
        if (strcmp(member_text(one, "id"), id) == 0)
            found = one;
    if (r == 0 && cli->format == FORMAT_JSON) {
        documents_print_one(o->project, "release", found);
    } else if (r == 0) {
        print_row(found);
        json_array_foreach (json_object_get(found, "copies"), i, copy)
            printf("    %-50s %.12s %6lld files\n", member_text(copy, "from"),
                   member_text(copy, "digest"),
                   (long long) json_integer_value(json_object_get(copy, "files")));
    }
    json_decref(list);
    return r;
}

static int diff(const struct cli *cli, struct operate *o, const char *from, const char *to,
                struct err *e)
{
    struct project *a = NULL, *b = NULL;
    json_t *plan = NULL;
    int r = release_load(o->project, from, NULL, &a, e);

    if (r == 0)
        r = release_load(o->project, to, NULL, &b, e);
    if (r == 0)
        r = plan_make(a, NULL, b, &plan, e);
    if (r == 0 && cli->format == FORMAT_JSON) {
        documents_print_one(o->project, "services", plan);
    } else if (r == 0) {
        next_print(plan, false);
    }
    json_decref(plan);
    project_free(a);
    project_free(b);
    return r;
}

/* ---- pin, rm, prune ---- */

static int status_if_running(struct operate *o, json_t **status)
{
    struct err e = ERR_INIT;

    return procedure_status(&o->procedure, status, &e) < 0 ? 0 : 1;
}

static int drop(const struct cli *cli, struct operate *o, const char *id, uint64_t keep,
                struct err *e)
{
    json_t *status = NULL, *removed = NULL, *one;
    size_t i;
    int r;

    (void) status_if_running(o, &status);
    if (id) {
        r = release_remove(o->project, id, status, e);
    } else {
        r = release_prune(o->project, status, (size_t) keep, &removed, e);
        json_array_foreach (removed, i, one)
            if (!cli->quiet)
                printf("removed %s\n", json_string_value(one));
    }
    json_decref(removed);
    json_decref(status);
    return r;
}

static const struct {
    const char *name;
    size_t releases; /* it is about so many */
} words[] = { { "ls", 0 },    { "show", 1 }, { "diff", 2 }, { "pin", 1 },
              { "unpin", 1 }, { "rm", 1 },   { "prune", 0 } };

static int run(const struct cli *cli, struct operate *o, const struct input *in, struct err *e)
{
    const char *what = in->words ? in->words[0] : "ls";
    char id[2][RELEASE_ID] = { "", "" };
    int r = 0;

    for (size_t i = 1; r == 0 && i < strv_len(in->words); i++)
        r = release_find(o->project, in->words[i], id[i - 1], e);
    if (r < 0)
        return r;
    if (strcmp(what, "show") == 0)
        return show(cli, o, id[0], e);
    if (strcmp(what, "diff") == 0)
        return diff(cli, o, id[0], id[1], e);
    if (strcmp(what, "pin") == 0 || strcmp(what, "unpin") == 0)
        return release_pin(o->project, id[0], what[0] == 'p', e);
    if (strcmp(what, "rm") == 0 || strcmp(what, "prune") == 0)
        return drop(cli, o, what[0] == 'r' ? id[0] : NULL, in->keep, e);
    return releases_list(cli, o->project, e);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;
    size_t n = strv_len(in->words), k = 0;

    switch (key) {
    case OPT_KEEP:
        if (num_u64(arg, UINT16_MAX, &in->keep) < 0)
            argp_error(state, "'%s' is no number of releases", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (n >= WORDS_MAX)
            argp_error(state, "too many words");
        strv_append(&in->words, arg);
        return 0;
    case ARGP_KEY_END:
        while (n > 0 && k < ARRAY_LEN(words) && strcmp(words[k].name, in->words[0]) != 0)
            k++;
        if (n > 0 && k == ARRAY_LEN(words))
            argp_error(state, "'%s' is none of: ls, show, diff, pin, unpin, rm, prune",
                       in->words[0]);
        else if (n > 0 && n - 1 != words[k].releases)
            argp_error(state, "'%s' is about %zu release%s", in->words[0], words[k].releases,
                       words[k].releases == 1 ? "" : "s");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "keep", OPT_KEEP, "N", 0, "prune: so many of the newest stay (5)", 0 },
    { 0 },
};

int cmd_releases(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[ls | show RELEASE | diff RELEASE RELEASE | pin RELEASE | unpin RELEASE | rm "
                    "RELEASE | prune]",
        .doc =
            "Shows the releases of a project and what differs between two, keeps one whatever "
            "comes (pin), and removes what nobody needs.  A release is named by the beginning of "
            "its number or by its label."
    };
    struct input in = { .keep = RELEASE_KEEP };
    struct operate o = OPERATE_NONE;
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = cli->project_name ? operate_begin_named(cli, cli->project_name, "releases", "", &o, &e)
                          : operate_begin(cli, "releases", "", &o, &e);
    if (r == 0)
        r = run(cli, &o, &in, &e);
    operate_end(&o, r);
    strv_free(in.words);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
