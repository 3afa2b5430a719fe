/* lock: who works on the project, and keeping everybody away from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/record.h"
#include "cli/request.h"
#include "cli/when.h"
#include "model/member.h"
#include "ops/audit.h"
#include "ops/oplock.h"
#include "ops/workdir.h"

enum { OPT_FORCE = 256, SECONDS_ONLY = 19 };

struct input {
    char **words;
    const char *message;
    bool force;
};

static const struct argp_option options[] = {
    { "message", 'm', "TEXT", 0, "why, for whoever is kept away", 0 },
    { "force", OPT_FORCE, NULL, 0, "release what somebody else has acquired", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case 'm': in->message = arg; return 0;
    case OPT_FORCE: in->force = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->words, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_holder(const json_t *holder)
{
    const char *message = member_text(holder, "message");
    char since[WHEN_TEXT];

    if (!holder) {
        puts("free");
        return;
    }
    when_format((uint64_t) json_integer_value(json_object_get(holder, "since")) * USEC_PER_SEC,
                since);
    since[SECONDS_ONLY] = '\0';
    printf("%s by %s (%s, pid %lld) since %s%s%s\n",
           json_is_true(json_object_get(holder, "hold")) ? "held" : "locked",
           member_text(holder, "user"), member_text(holder, "verb"),
           (long long) json_integer_value(json_object_get(holder, "pid")), since,
           message[0] ? ": " : "", message);
}

static int status(const struct cli *cli, const char *project, int dir, struct err *e)
{
    json_t *holder = NULL;
    int r = oplock_holder(dir, &holder, e);

    if (r < 0)
        return r;
    if (cli->format == FORMAT_JSON) {
        documents_print_one(project, "holder", holder ? holder : json_null());
    } else {
        print_holder(holder);
    }
    json_decref(holder);
    return 0;
}

static int acquire(const struct cli *cli, int dir, const char *message, struct err *e)
{
    auto_fd lock = -1;
    int r = oplock_take(dir, "lock", message, cli->lock_wait_us, &lock, e);

    return r < 0 ? r : oplock_hold(dir, message, e);
}

/* of somebody else only when that is meant */
static int release(int dir, bool force, struct err *e)
{
    json_t *holder = NULL, *who = audit_who();
    int r = oplock_holder(dir, &holder, e);

    if (r == 0 && json_is_true(json_object_get(holder, "hold")) && !force &&
        strcmp(member_text(holder, "user"), member_text(who, "user")) != 0) {
        err_set(e, -EPERM, "it is %s who holds the project%s%s", member_text(holder, "user"),
                member_text(holder, "message")[0] ? ": " : "", member_text(holder, "message"));
        err_hint(e, "ipam-orch lock release --force");
        r = err_classify(e, ERR_UNSAFE);
    } else if (r == 0 && holder && !json_is_true(json_object_get(holder, "hold"))) {
        err_set(e, -EBUSY, "%s of %s (pid %lld) works on the project: it ends by itself",
                member_text(holder, "verb"), member_text(holder, "user"),
                (long long) json_integer_value(json_object_get(holder, "pid")));
        r = err_classify(e, ERR_LOCKED);
    }
    json_decref(holder);
    json_decref(who);
    return r < 0 ? r : oplock_release(dir, e);
}

static int act(const struct cli *cli, const struct input *in, struct err *e)
{
    const char *what = in->words ? in->words[0] : "status";
    auto_free char *project = NULL;
    auto_fd dir = -1;
    int r;

    if (strv_len(in->words) > 1 || (strcmp(what, "status") != 0 && strcmp(what, "acquire") != 0 &&
                                    strcmp(what, "release") != 0)) {
        err_set(e, -EINVAL, "'%s' is none of: status, acquire, release",
                strv_len(in->words) > 1 ? in->words[1] : what);
        err_hint(e, "ipam-orch lock status");
        return err_classify(e, ERR_USAGE);
    }
    r = request_name(cli, &project, e);
    if (r == 0)
        r = workdir_open(project, NULL, &dir, e);
    if (r < 0)
        return r;
    if (strcmp(what, "status") == 0)
        return status(cli, project, dir, e);
    record_project(project);
    return strcmp(what, "acquire") == 0 ? acquire(cli, dir, in->message ? in->message : "", e)
                                        : release(dir, in->force, e);
}

int cmd_lock(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[status]\nacquire\nrelease",
        .doc = "Shows who works on the project.  `acquire` keeps everybody from changing it, also "
               "what is scheduled, until `release`; services go on."
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
