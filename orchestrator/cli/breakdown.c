#include "cli/breakdown.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strv.h"
#include "cli/documents.h"
#include "cli/likely.h"
#include "cli/log_reader.h"
#include "cli/when.h"
#include "model/member.h"

enum { LINES = 40 };

static char **last_lines(const char *project, const char *service)
{
    struct log_reader *r = log_reader_new(project, service);
    const struct log_line *line;
    char **all = NULL;

    log_reader_tail(r, LINES);
    while (log_reader_next(r, &line) == 0)
        strv_appendf(&all, "%.*s", (int) strcspn(line->text, "\n"), line->text);
    log_reader_free(r);
    return all;
}

static json_int_t number(const json_t *one, const char *key)
{
    return json_integer_value(json_object_get(one, key));
}

static size_t count_counted(const json_t *checks)
{
    const json_t *one;
    size_t i, n = 0;

    json_array_foreach (checks, i, one)
        n += json_is_true(json_object_get(one, "counted"));
    return n;
}

static void print_check(const json_t *one)
{
    const char *output = member_text(one, "output");
    char at[WHEN_TEXT];

    when_format((uint64_t) number(one, "begun_us"), at);
    fprintf(stderr, "    %s %7.3f s  %s%s%.*s\n", at,
            (double) number(one, "took_us") / USEC_PER_SEC,
            json_is_true(json_object_get(one, "ok"))        ? "passed"
            : json_is_true(json_object_get(one, "counted")) ? "failed, counted"
                                                            : "failed, in the start period",
            output[0] ? ": " : "", (int) strcspn(output, "\n"), output);
}

static void print_checks(const json_t *details)
{
    const json_t *checks = json_object_get(details, "checks"), *one;
    size_t i;

    if (json_array_size(checks) == 0)
        return;
    fprintf(stderr, "  its last health checks, %zu of them counted (retries: %d):\n",
            count_counted(checks), (int) number(details, "retries"));
    json_array_foreach (checks, i, one)
        print_check(one);
}

static void print_text(const char *service, const char *phase, const json_t *details,
                       char *const *lines, const struct likely *likely)
{
    fprintf(stderr, "%s failed in phase %s\n", service, phase);
    print_checks(details);
    if (lines)
        fprintf(stderr, "  last lines of %s:\n", service);
    for (; lines && *lines; lines++)
        fprintf(stderr, "    %s\n", *lines);
    if (likely->kind)
        fprintf(stderr, "  likely cause (%s): %s\n", likely->kind, likely->text);
}

/* what a service prints is bytes */
static json_t *texts(char *const *v)
{
    json_t *list = json_array();

    for (; v && *v; v++) {
        json_t *text = json_string(*v);

        (void) json_array_append_new(list, text ? text : json_string("(not readable as UTF-8)"));
    }
    return list;
}

static json_t *object_or_null(const json_t *object)
{
    return object ? json_incref((json_t *) (size_t) object) : json_null();
}

static json_t *body_of(const char *service, const char *phase, const json_t *details,
                       char *const *lines, const struct likely *likely, const struct err *e)
{
    const json_t *checks = json_object_get(details, "checks");
    json_t *cause =
        likely->kind ? json_pack("{s:s,s:s}", "kind", likely->kind, "text", likely->text) : NULL;

    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:s}", "service", service, "phase",
                     phase, "code", err_class_text(e->class), "what", e->msg, "retries",
                     (int) number(details, "retries"), "exit",
                     object_or_null(json_object_get(details, "exit")), "checks",
                     checks ? object_or_null(checks) : json_array(), "lines", texts(lines),
                     "likely", cause ? cause : json_null(), "next", e->hint);
}

void breakdown_show(const struct cli *cli, const char *project, const json_t *failure,
                    struct err *e)
{
    const json_t *details = json_object_get(failure, "details");
    const char *service = member_text(failure, "service");
    const char *phase = failure ? member_text(failure, "phase") : "resolve";
    auto_strv lines = service[0] ? last_lines(project, service) : NULL;
    struct likely likely = { .kind = NULL };
    json_t *body;

    if (service[0] && likely_cause(service, details, lines, &likely))
        err_hint(e, "%s", likely.next);
    if (cli->format == FORMAT_JSON) {
        body = body_of(service, phase[0] ? phase : "resolve", details, lines, &likely, e);
        documents_print_one(project, "failure", body);
        json_decref(body);
    } else if (service[0]) {
        print_text(service, phase, details, lines, &likely);
    }
}
