/* verify: does what runs do what it is there for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/verified.h"
#include "cli/verify_print.h"

enum {
    OPT_ONLY = 256,
    OPT_SKIP,
    OPT_CRITERIA,
    OPT_FORM,
    OPT_MIN_SCORE,
    OPT_REPEAT,
    OPT_LIST,
    REPEAT_MAX = 1000,
    SCORE_MAX = 100
};

struct input {
    char **only, **skip;
    bool criteria, list, formed, scored;
    enum verify_form form;
    uint64_t min_score, repeat;
};

static error_t add_checks(char ***list, const char *text, struct argp_state *state)
{
    auto_free char *copy = strdup(text);
    char *rest = copy;

    for (char *name; (name = strsep(&rest, ","));) {
        if (!verify_knows(name))
            argp_error(state, "'%s' is no check (ipam-orch verify --list)", name);
        strv_append(list, name);
    }
    return 0;
}

static enum verify_form form_of(const char *arg, struct argp_state *state)
{
    static const char *const forms[] = { "table", "tap", "junit", "json", "html" };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (strcmp(forms[i], arg) == 0)
            return (enum verify_form) i;
    argp_error(state, "unknown format '%s': it is table, tap, junit, json or html", arg);
    return VERIFY_TABLE;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
    case OPT_ONLY: return add_checks(&in->only, arg, state);
    case OPT_SKIP: return add_checks(&in->skip, arg, state);
    case OPT_CRITERIA: in->criteria = true; return 0;
    case OPT_LIST: in->list = true; return 0;
    case OPT_FORM:
        in->form = form_of(arg, state);
        in->formed = true;
        return 0;
    case OPT_MIN_SCORE:
        in->scored = true;
        if (num_u64(arg, SCORE_MAX, &in->min_score) < 0)
            argp_error(state, "'%s' is no score from 0 to 100", arg);
        return 0;
    case OPT_REPEAT:
        if (num_u64(arg, REPEAT_MAX, &in->repeat) < 0 || in->repeat == 0)
            argp_error(state, "--repeat needs a number from 1 to %d", REPEAT_MAX);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    { "only", OPT_ONLY, "CHECK,...", 0, "only these, as words without an option", 0 },
    { "skip", OPT_SKIP, "CHECK,...", 0, "not these", 0 },
    { "criteria", OPT_CRITERIA, NULL, 0, "the forty criteria, with what shows each", 0 },
    { "format", OPT_FORM, "FORM", 0, "table, tap, junit, json or html", 0 },
    { "min-score", OPT_MIN_SCORE, "N", 0, "fail below a score of N only", 0 },
    { "repeat", OPT_REPEAT, "N", 0, "verify N times; the worst of each check counts", 0 },
    { "list", OPT_LIST, NULL, 0, "only list the checks", 0 },
    { 0 },
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[CHECK...]",
    .doc =
        "Verifies what runs: services afresh, web interface, API, database and cache with the "
        "application's accounts, isolation, hardening.  CHECK is one of --list or what it begins "
        "with.  Exits with 7 when a check fails.",
};

static void print_list(void)
{
    for (const struct verify_check *c = verify_checks; c->id; c++)
        printf("%-26s %-16s %s\n", c->id, c->criterion, c->summary);
}

static int judge(const struct input *in, const struct verify_results *r, struct err *e)
{
    size_t failed = verify_count(r, VERIFY_FAIL);
    unsigned score = verify_score(r);

    if (in->scored ? score >= in->min_score : failed == 0)
        return 0;
    if (in->scored)
        err_set(e, -EBADMSG, "the score is %u, wanted is %u", score, (unsigned) in->min_score);
    else
        err_set(e, -EBADMSG, "%zu of %zu checks failed", failed, r->n);
    err_hint(e, "what is said at each check that failed");
    return err_classify(e, ERR_VERIFY);
}

int cmd_verify(struct cli *cli, int argc, char **argv)
{
    struct input in = { .repeat = 1 };
    struct verify_results found = { 0 };
    struct criterion_result *criteria_found = NULL;
    auto_free char *project = NULL;
    struct err e = ERR_INIT;
    int status = 0, r = 0;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    if (!in.formed && cli->format == FORMAT_JSON)
        in.form = VERIFY_JSON;
    if (in.list)
        print_list();
    else
        r = verified(cli, NULL, &(struct verify_request){ .only = in.only, .skip = in.skip },
                     in.repeat, &found, &project, &e);
    if (r == 0 && !in.list) {
        criteria_found = in.criteria ? criteria_judge(&found) : NULL;
        verify_print(&(struct verify_page){ .project = project,
                                            .results = &found,
                                            .criteria = criteria_found,
                                            .verbose = cli->verbose,
                                            .quiet = cli->quiet },
                     in.form, stdout);
        r = judge(&in, &found, &e);
    }
    /* a document says it all */
    if (r < 0)
        status = e.class == ERR_VERIFY && in.form != VERIFY_TABLE ? ERR_VERIFY : cli_fail(cli, &e);
    criteria_free(criteria_found);
    verify_results_clear(&found);
    strv_free(in.only);
    strv_free(in.skip);
    return status;
}
