/* help, version: what the program says about itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/cmd.h"

static const struct {
    enum err_class class;
    const char *meaning;
} codes[] = {
    { (enum err_class) 0, "done, or healthy" },
    { ERR_FAILED, "the operation failed, or something is not as it should be" },
    { ERR_USAGE, "usage: unknown verb, option or service" },
    { ERR_CONFIG, "configuration invalid or incomplete" },
    { ERR_CHECK, "a check before the start failed" },
    { ERR_MISSING, "a program or package is missing" },
    { ERR_HEALTH, "health not reached in time" },
    { ERR_VERIFY, "a check of what runs failed" },
    { ERR_LOCKED, "another operation is running on the project" },
    { ERR_UPDATE, "an update failed, and what was before serves again" },
    { ERR_STUCK, "an update failed, and so did going back" },
    { ERR_MIGRATION, "a migration failed" },
    { ERR_BACKUP, "a backup, a restore or a trial of one failed" },
    { ERR_DENIED, "permission denied" },
    { ERR_UNREACHABLE, "the manager is not reachable" },
    { ERR_UNSAFE, "refused because data would be lost, or a plan is out of date" },
    { ERR_PENDING, "changes are pending (plan --exit-code)" },
};

static void print_codes(void)
{
    puts("Exit status:");
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        printf("  %3d  %s\n", (int) codes[i].class, codes[i].meaning);
}

static void print_overview(void)
{
    puts("Usage: ipam-orch [GLOBAL OPTION...] VERB [ARGUMENT...]\n\nVerbs:");
    for (const struct cmd *c = cmd_table; c->name; c++)
        if (c->summary)
            printf("  %-10s %s%s%s%s\n", c->name, c->summary, c->alias ? " (also: " : "",
                   c->alias ? c->alias : "", c->alias ? ")" : "");
    puts("\nStart with: ipam-orch up\n"
         "More:       ipam-orch help VERB, ipam-orch help codes, man ipam-orch");
}

static error_t parse_topic(int key, char *arg, struct argp_state *state)
{
    const char **topic = state->input;

    if (key != ARGP_KEY_ARG || *topic)
        return ARGP_ERR_UNKNOWN;
    *topic = arg;
    return 0;
}

const struct cmd *cmd_find(const char *name)
{
    for (const struct cmd *c = cmd_table; c->name; c++)
        if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
            return c;
    return NULL;
}

int cmd_unknown(const struct cli *cli, const char *name)
{
    auto_strv names = NULL;
    struct err e = ERR_INIT;
    const char *near;

    for (const struct cmd *c = cmd_table; c->name; c++) {
        if (!c->summary)
            continue;
        strv_append(&names, c->name);
        if (c->alias)
            strv_append(&names, c->alias);
    }
    near = suggest(name, (const char *const *) names);
    err_set(&e, -1, "unknown verb '%s'%s%s%s", name, near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    err_hint(&e, "ipam-orch help");
    err_classify(&e, ERR_USAGE);
    return cli_fail(cli, &e);
}

int cmd_help(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .parser = parse_topic,
                                      .args_doc = "[VERB|codes]",
                                      .doc = "Explains a verb, or all of them in short." };
    const char *topic = NULL;
    const struct cmd *c;

    if (cli_parse(cli, &argp, argc, argv, &topic) != 0)
        return ERR_USAGE;
    if (!topic) {
        print_overview();
        return 0;
    }
    if (strcmp(topic, "codes") == 0) {
        print_codes();
        return 0;
    }
    c = cmd_find(topic);
    if (!c)
        return cmd_unknown(cli, topic);
    return c->run(cli, 2, (char *[]){ (char *) (size_t) c->name, (char[]){ "--help" }, NULL });
}

static error_t parse_nothing(int key, char *arg, struct argp_state *state)
{
    (void) key, (void) arg, (void) state;
    return ARGP_ERR_UNKNOWN;
}

int cmd_version(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = { .parser = parse_nothing, .doc = "Shows the version." };

    if (cli_parse(cli, &argp, argc, argv, NULL) != 0)
        return ERR_USAGE;
    if (cli->format == FORMAT_JSON)
        puts("{\"version\":\"" VERSION "\"}");
    else
        puts("ipam-orch " VERSION);
    return 0;
}
