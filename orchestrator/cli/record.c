#include "cli/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/err.h"
#include "ops/audit.h"
#include "ops/workdir.h"

static struct {
    json_t *words; /* the parsers may change those of the process */
    uint64_t began_us;
    char project[256], why[512];
} record;

void record_words(char *const *words)
{
    record.words = audit_words(words);
    record.began_us = clock_wall_us();
}

void record_project(const char *project)
{
    (void) snprintf(record.project, sizeof record.project, "%s", project);
}

void record_failure(const char *why)
{
    (void) snprintf(record.why, sizeof record.why, "%s", why);
}

/* the status of a command inside a service means nothing of ours */
static const char *result_of(int status)
{
    if (status == 0)
        return "done";
    return record.why[0] != '\0' ? err_class_text((enum err_class) status) : "failed";
}

static json_t *describe(int status)
{
    json_t *line = json_pack("{s:I}", "time_us", (json_int_t) record.began_us);
    json_t *who = audit_who();

    (void) json_object_update(line, who);
    json_decref(who);
    (void) json_object_set(line, "words", record.words);
    (void) json_object_set_new(line, "result", json_string(result_of(status)));
    (void) json_object_set_new(line, "exit", json_integer(status));
    (void) json_object_set_new(line, "took_us",
                               json_integer((json_int_t) (clock_wall_us() - record.began_us)));
    if (status != 0 && record.why[0] != '\0')
        (void) json_object_set_new(line, "why", json_string(record.why));
    return line;
}

/* Whoever may not write there may not change the project either: that is refused elsewhere. */
void record_end(int status)
{
    auto_fd dir = -1;
    json_t *line;

    if (record.project[0] != '\0' && workdir_open(record.project, NULL, &dir, NULL) == 0) {
        struct err e = ERR_INIT;

        line = describe(status);
        if (audit_append(dir, line, &e) < 0)
            fprintf(stderr, "warning: this is not in the audit: %s\n", e.msg);
        json_decref(line);
    }
    json_decref(record.words);
    record.words = NULL;
}
