/* why: what keeps services from being as they should, followed to where it begins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "cli/cmd.h"
#include "cli/documents.h"
#include "cli/evidence.h"
#include "cli/failure.h"
#include "cli/log_reader.h"
#include "cli/request.h"
#include "model/member.h"

enum { LINES = 10, DEEPEST = 64 };

enum { OPT_LAST = 256 };

struct input {
    bool last;
    char **services;
};

static const struct argp_option options[] = {
    { "last-failure", OPT_LAST, NULL, 0, "what was known when a service failed last", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct input *in = state->input;

    switch (key) {
    case OPT_LAST: in->last = true; return 0;
    case ARGP_KEY_ARG: strv_append(&in->services, arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static json_int_t number_of(const json_t *one, const char *key)
{
    return json_integer_value(json_object_get(one, key));
}

static bool is_state(const json_t *one, const char *state)
{
    return strcmp(member_text(one, "state"), state) == 0;
}

/* whatever it is doing at this moment */
static bool loops(const json_t *one)
{
    return json_is_true(json_object_get(one, "crash_loop"));
}

static bool is_fine(const json_t *one)
{
    return (is_state(one, "up") || is_state(one, "done")) && !loops(one);
}

/* " for 3 s" */
static const char *since(const json_t *one, char *out, size_t room)
{
    uint64_t at = (uint64_t) number_of(one, "since_us"), now = clock_wall_us();

    out[0] = '\0';
    if (at > 0 && now >= at)
        (void) snprintf(out, room, " for %.0f s", (double) (now - at) / USEC_PER_SEC);
    return out;
}

/* the sentence about one instance, without its name */
static void describe(const json_t *one, char *out, size_t room)
{
    const char *said = member_text(one, "health_output"), *end = member_text(one, "last_exit");
    char age[32], next[48] = "";
    uint64_t due = (uint64_t) number_of(one, "next_us"), now = clock_wall_us();

    (void) since(one, age, sizeof age);
    if (due > now)
        (void) snprintf(next, sizeof next, "; the next try is in %.1f s",
                        (double) (due - now) / USEC_PER_SEC);
    if (is_state(one, "waiting"))
        (void) snprintf(out, room, "waits for %s%s", member_text(one, "waits_for"), age);
    else if (is_state(one, "backoff") || loops(one))
        (void) snprintf(out, room, "%s%s, restarted %d times%s",
                        loops(one) ? "crashes again and again: " : "", end,
                        (int) number_of(one, "restarts"), next);
    else if (is_state(one, "failed"))
        (void) snprintf(out, room, "has been given up%s after %d restarts%s%s", age,
                        (int) number_of(one, "restarts"), end[0] ? ": " : "", end);
    else if (is_state(one, "sick") || is_state(one, "starting"))
        (void) snprintf(out, room, "is %s%s%s%s", is_state(one, "sick") ? "unhealthy" : "starting",
                        age, said[0] ? "; the last check said: " : "", said);
    else
        (void) snprintf(out, room, "is %s%s%s%s", member_text(one, "state"), age,
                        end[0] && !is_fine(one) ? "; before: " : "",
                        end[0] && !is_fine(one) ? end : "");
}

static const char *next_step(const json_t *one, char *out, size_t room)
{
    const char *service = member_text(one, "service"), *end = member_text(one, "last_exit");

    if (is_state(one, "down") || is_state(one, "failed"))
        (void) snprintf(out, room, "ipam-orch start %s", service);
    else if (is_state(one, "paused"))
        (void) snprintf(out, room, "ipam-orch unpause %s", service);
    else if (strstr(end, "Bad system call"))
        (void) snprintf(out, room, "ipam-orch harden --explain %s", service);
    else if (strstr(end, "memory"))
        (void) snprintf(out, room, "ipam-orch limits show %s", service);
    else
        (void) snprintf(out, room, "ipam-orch logs %s", service);
    return out;
}

/* what the chain goes on with: who is waited for and is not there */
static const json_t *cause_of(const json_t *one, const json_t *list)
{
    for (size_t i = 0; is_state(one, "waiting") && i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);

        if (strcmp(member_text(other, "service"), member_text(one, "waits_for")) == 0 &&
            (!is_fine(other) || strcmp(member_text(other, "health"), "starting") == 0))
            return other;
    }
    return NULL;
}

/* [{"name":..,"what":..}], from what is asked about to where it begins */
static json_t *chain_of(const json_t *one, const json_t *list, const json_t **root)
{
    json_t *chain = json_array();

    for (int depth = 0; one && depth < DEEPEST; depth++) {
        char what[512];

        describe(one, what, sizeof what);
        (void) json_array_append_new(
            chain, json_pack("{s:s,s:s}", "name", member_text(one, "name"), "what", what));
        *root = one;
        one = cause_of(one, list);
    }
    return chain;
}

static void print_chain(const char *project, const json_t *chain, const json_t *root,
                        const json_t *seen, const char *next)
{
    for (size_t i = 0; i < json_array_size(chain); i++) {
        const json_t *link = json_array_get(chain, i);

        printf("%*s%s %s\n", (int) (2 * i), "", member_text(link, "name"),
               member_text(link, "what"));
    }
    if (is_fine(root))
        return;
    (void) fflush(stdout);
    log_reader_print_last(project, member_text(root, "name"), LINES, stdout);
    for (size_t i = 0; i < json_array_size(seen); i++)
        printf("  seen: %s\n", json_string_value(json_array_get(seen, i)));
    printf("  next: %s\n", next);
}

static void explain(const struct cli *cli, struct client *client, const char *project,
                    const json_t *list, const json_t *one, json_t *out)
{
    const json_t *root = one;
    json_t *chain = chain_of(one, list, &root);
    json_t *seen =
        is_fine(root) ? json_array() : evidence_of(client, project, member_text(root, "service"));
    char next[192];

    (void) next_step(root, next, sizeof next);
    if (cli->format != FORMAT_JSON)
        print_chain(project, chain, root, seen, next);
    (void) json_array_append_new(out,
                                 json_pack("{s:s,s:O,s:o,s:s}", "name", member_text(one, "name"),
                                           "because", chain, "seen", seen, "next", next));
    json_decref(chain);
}

static int why(struct cli *cli, char *const *names, size_t *troubled, struct err *e)
{
    auto_client client = NULL;
    auto_free char *project = NULL;
    json_t *status = NULL, *out = json_array();
    const json_t *list;
    int r = request_open(cli, names, &client, &project, &status, e);

    list = json_object_get(status, "services");
    for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        *troubled += !is_fine(one);
        if (names ? strv_has(names, member_text(one, "service")) : !is_fine(one))
            explain(cli, client, project, list, one, out);
    }
    if (r == 0 && cli->format == FORMAT_JSON) {
        documents_write(out, stdout);
    } else if (r == 0 && json_array_size(out) == 0) {
        puts("every service is as it should be");
    }
    json_decref(out);
    json_decref(status);
    return r;
}

static int last_failures(struct cli *cli, char *const *names, struct err *e)
{
    auto_free char *project = NULL;
    auto_strv services = NULL;
    json_t *list;
    int r = request_services_named(cli, names, &project, &services, e);

    if (r < 0)
        return r;
    list = failure_list(project, names ? names : services);
    if (cli->format == FORMAT_JSON) {
        documents_write(list, stdout);
    }
    for (size_t i = 0; cli->format != FORMAT_JSON && i < json_array_size(list); i++)
        failure_print(json_array_get(list, i));
    if (cli->format != FORMAT_JSON && json_array_size(list) == 0)
        puts("no failure is known");
    json_decref(list);
    return 0;
}

int cmd_why(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[SERVICE...]",
        .doc =
            "Explains services that are not as they should be: what each waits for, down to where "
            "it begins, with the last lines of that one and what to do next.  The exit status is "
            "1 when there is such a service."
    };
    struct input in = { 0 };
    struct err e = ERR_INIT;
    size_t troubled = 0;

    int r;

    if (cli_parse(cli, &argp, argc, argv, &in) != 0)
        return ERR_USAGE;
    r = in.last ? last_failures(cli, in.services, &e) : why(cli, in.services, &troubled, &e);
    strv_free(in.services);
    if (r < 0)
        return cli_fail(cli, &e);
    return troubled > 0 ? ERR_FAILED : 0;
}
