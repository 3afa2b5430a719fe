/* volumes: the data of the project, and what of it can be brought back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/paths.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/confirm.h"
#include "cli/daemons.h"
#include "cli/documents.h"
#include "cli/operate.h"
#include "cli/request.h"
#include "cli/storage.h"
#include "cli/when.h"
#include "model/member.h"

enum { OPT_PURGE = 256, SECONDS_ONLY = 19 };

struct input {
    char **words;
    bool all, purge;
};

static const struct argp_option options[] = {
    { "all", 'a', NULL, 0, "of every project", 0 },
    { "purge", OPT_PURGE, NULL, 0, "rm: deletes at once, also what is in the trash", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'a': in->all = true; return 0;
    case OPT_PURGE: in->purge = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->words, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* "-" for whom may not look */
static json_t *size_of(const char *below, const char *name)
{
    auto_free char *path = paths_join("%s/volumes%s", paths_state(), below);
    auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t bytes = 0;

    if (dir < 0 || storage_bytes(dir, name, &bytes) < 0)
        return json_null();
    return json_integer((json_int_t) bytes);
}

static void size_text(const json_t *one, char out[NUM_BYTES_TEXT])
{
    const json_t *bytes = json_object_get(one, "bytes");

    if (json_is_integer(bytes))
        num_bytes_text((uint64_t) json_integer_value(bytes), out);
    else
        (void) snprintf(out, NUM_BYTES_TEXT, "-");
}

/* the ones of the project, with their sizes; new reference */
static json_t *choose(const json_t *list, const char *project, bool all, const char *below)
{
    json_t *chosen = json_array();

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        const char *id = member_text(one, "id"), *name = member_text(one, "name");

        if (!all && (id[0] ? strcmp(member_text(one, "project"), project) != 0
                           : !storage_is_of(project, NULL, name)))
            continue;
        (void) json_object_set_new(one, "bytes", size_of(below, id[0] ? id : name));
        (void) json_array_append(chosen, one);
    }
    return chosen;
}

static void print_volumes(const json_t *list)
{
    char size[NUM_BYTES_TEXT];

    printf("%-32s %-10s %s\n", "VOLUME", "SIZE", "IN USE");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        size_text(one, size);
        printf("%-32s %-10s %s\n", member_text(one, "name"), size,
               json_is_true(json_object_get(one, "used")) ? "yes" : "no");
    }
}

static void moment(const json_t *one, const char *key, char out[WHEN_TEXT])
{
    when_format((uint64_t) json_integer_value(json_object_get(one, key)) * USEC_PER_SEC, out);
    out[SECONDS_ONLY] = '\0';
}

static void print_trash(const json_t *list)
{
    char size[NUM_BYTES_TEXT], from[WHEN_TEXT], until[WHEN_TEXT];

    printf("%-28s %-10s %-19s %-19s %s\n", "VOLUME", "SIZE", "REMOVED", "UNTIL", "ID");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        size_text(one, size);
        moment(one, "from", from);
        moment(one, "until", until);
        printf("%-28s %-10s %-19s %-19s %s\n", member_text(one, "name"), size, from, until,
               member_text(one, "id"));
    }
}

static int list(const struct cli *cli, const char *project, bool trash, bool all, struct err *e)
{
    const char *key = trash ? "trash" : "volumes";
    auto_client client = NULL;
    json_t *answer = NULL, *chosen;
    int r = daemons_connect(cli, &client, e);

    if (r == 0)
        r = storage_ask(client, "volumes", NULL, &answer, e);
    if (r < 0)
        return r;
    chosen = choose(json_object_get(answer, key), project, all, trash ? "/.trash" : "");
    if (cli->format == FORMAT_JSON)
        documents_print_one(project, key, chosen);
    else
        (trash ? print_trash : print_volumes)(chosen);
    if (json_is_true(json_object_get(answer, "more")))
        fprintf(stderr, "there are more than can be told\n");
    json_decref(chosen);
    json_decref(answer);
    return 0;
}

/* for how long: as the project says, if it is known */
static json_t *keep_us(const struct procedure *p)
{
    struct project *project = NULL;
    struct err e = ERR_INIT;
    uint64_t us = procedure_definition(p, &project, &e) == 0 ? project->trash_us : PROJECT_TRASH_US;

    project_free(project);
    return json_integer((json_int_t) us);
}

static void say_done(const struct cli *cli, const char *name, const json_t *answer)
{
    char until[WHEN_TEXT];

    if (cli->quiet)
        return;
    if (json_object_get(answer, "trash")) {
        moment(answer, "until", until);
        printf("%s: in the trash until %s\n", name, until);
    } else if (json_object_get(answer, "volume")) {
        printf("%s: back again\n", member_text(answer, "volume"));
    } else {
        printf("%s: deleted\n", name);
    }
}

/* what is asked of the broker for `what` */
static const char *request_of(const char *what, bool purge, const char *name)
{
    if (strcmp(what, "restore") == 0)
        return "trash_restore";
    return purge && strchr(name, '@') ? "trash_purge" : "volume_remove";
}

static int change(const struct cli *cli, const char *project, const char *what, const char *name,
                  bool purge, struct err *e)
{
    const char *request = request_of(what, purge, name);
    json_t *fields = json_pack("{s:s}", "volume", name), *answer = NULL;
    auto_client client = NULL;
    struct operate o = OPERATE_NONE;
    int r = daemons_connect(cli, &client, e);

    if (r == 0)
        r = operate_begin_named(cli, project, "volumes", name, &o, e);
    if (r == 0 && strcmp(request, "volume_remove") == 0 && !purge)
        (void) json_object_set_new(fields, "keep_us", keep_us(&o.procedure));
    if (r == 0 && strcmp(request, "volume_remove") == 0)
        (void) json_object_set_new(fields, "project", json_string(project));
    if (r == 0)
        r = storage_ask(client, request, json_incref(fields), &answer, e);
    if (r < 0 && r == -EREMOTEIO && strstr(e->msg, "in the trash"))
        err_hint(e, "ipam-orch volumes trash");
    json_decref(fields);
    if (r == 0)
        say_done(cli, name, answer);
    json_decref(answer);
    operate_end(&o, r);
    return r;
}

static int act(const struct cli *cli, const struct input *in, struct err *e)
{
    const char *what = in->words ? in->words[0] : "ls";
    const char *name = strv_len(in->words) == 2 ? in->words[1] : NULL;
    bool changes = strcmp(what, "restore") == 0 || strcmp(what, "rm") == 0;
    auto_free char *project = NULL;
    auto_free char *question = NULL;
    int r;

    if (changes
            ? !name
            : strv_len(in->words) > 1 || (strcmp(what, "ls") != 0 && strcmp(what, "trash") != 0)) {
        err_set(e, -EINVAL,
                changes ? "which volume, exactly one, to %s?"
                        : "'%s' is none of: ls, trash, restore NAME, rm NAME",
                what);
        err_hint(e, "ipam-orch volumes ls");
        return err_classify(e, ERR_USAGE);
    }
    r = request_name(cli, &project, e);
    if (r < 0)
        return r;
    if (!changes)
        return list(cli, project, strcmp(what, "trash") == 0, in->all, e);
    question = paths_join(
        in->purge ? "Volume '%s' will be deleted." : "Volume '%s' goes into the trash.", name);
    if (strcmp(what, "rm") == 0)
        r = confirm_project(cli, project, question, "ipam-orch -y volumes rm NAME", e);
    return r < 0 ? r : change(cli, project, what, name, in->purge, e);
}

int cmd_volumes(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[ls]\ntrash\nrestore NAME\nrm NAME",
        .doc = "Shows the volumes of the project, and those that were removed and can be brought "
               "back: `restore` does, by the name or by the id that `trash` shows.  `rm` puts one "
               "into the trash that no project has."
    };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = act(cli, &in, &e);
    strv_free(in.words);
    return r < 0 ? cli_fail(cli, &e) : 0;
}
