/* audit: who changed the project, what was asked for, and how it ended. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/request.h"
#include "cli/when.h"
#include "model/member.h"
#include "ops/audit.h"
#include "ops/workdir.h"

enum { OPT_SINCE = 256, OPT_USER, SECONDS_ONLY = 19 };

struct input {
    const char *since, *user;
    uint64_t since_us, last;
};

static const struct argp_option options[] = {
    { "since", OPT_SINCE, "TIME", 0, "what was asked for since then, or in the last 2h", 0 },
    { "user", OPT_USER, "NAME", 0, "by this user, or by whoever became root with sudo", 0 },
    { "tail", 'n', "NUMBER", 0, "the last ones only", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_SINCE: in->since = arg; return 0;
    case OPT_USER: in->user = arg; return 0;
    case 'n':
        if (num_u64(arg, UINT32_MAX, &in->last) < 0 || in->last == 0)
            argp_error(state, "'%s' is no number of lines", arg);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool is_wanted(const struct input *in, const json_t *one)
{
    if ((uint64_t) json_integer_value(json_object_get(one, "time_us")) < in->since_us)
        return false;
    return !in->user || strcmp(in->user, member_text(one, "user")) == 0 ||
           strcmp(in->user, member_text(one, "sudo_user")) == 0;
}

static json_t *select_lines(const struct input *in, const json_t *all)
{
    json_t *list = json_array();
    size_t n;

    for (size_t i = 0; i < json_array_size(all); i++)
        if (is_wanted(in, json_array_get(all, i)))
            (void) json_array_append(list, json_array_get(all, i));
    n = json_array_size(list);
    for (size_t i = in->last; in->last > 0 && i < n; i++)
        (void) json_array_remove(list, 0);
    return list;
}

static void print_one(const json_t *one)
{
    const json_t *words = json_object_get(one, "words");
    const char *sudo = member_text(one, "sudo_user"), *why = member_text(one, "why");
    char at[WHEN_TEXT], who[96];

    when_format((uint64_t) json_integer_value(json_object_get(one, "time_us")), at);
    at[SECONDS_ONLY] = '\0';
    (void) snprintf(who, sizeof who, "%s%s%s", member_text(one, "user"), sudo[0] ? "/" : "", sudo);
    printf("%s %-16s %-12s %6.1fs ", at, who, member_text(one, "result"),
           (double) json_integer_value(json_object_get(one, "took_us")) / (double) USEC_PER_SEC);
    for (size_t i = 0; i < json_array_size(words); i++)
        printf("%s%s", i > 0 ? " " : "", json_string_value(json_array_get(words, i)));
    printf("%s%s\n", why[0] ? ": " : "", why);
}

static int audit(const struct cli *cli, struct input *in, struct err *e)
{
    auto_free char *project = NULL;
    json_t *all, *list;
    auto_fd dir = -1;
    int r = in->since ? when_parse(in->since, clock_wall_us(), &in->since_us, e) : 0;

    if (r == 0)
        r = request_name(cli, &project, e);
    if (r == 0)
        r = workdir_open(project, NULL, &dir, e);
    if (r < 0)
        return r;
    all = audit_read(dir);
    list = select_lines(in, all);
    if (cli->format == FORMAT_JSON)
        documents_print_one(project, "audit", list);
    else
        for (size_t i = 0; i < json_array_size(list); i++)
            print_one(json_array_get(list, i));
    json_decref(list);
    json_decref(all);
    return 0;
}

int cmd_audit(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .doc = "Shows who changed the project: when, which user, how "
                                             "it ended and how long it took, and the command "
                                             "without what may be secret in it.  It is kept when "
                                             "the project goes down." };
    struct input in = { 0 };
    struct err e = ERR_INIT;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    return audit(cli, &in, &e) < 0 ? cli_fail(cli, &e) : 0;
}
