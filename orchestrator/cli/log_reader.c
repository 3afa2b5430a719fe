#include "cli/log_reader.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"
#include "logs/line_reader.h"

struct log_reader {
    char *service;
    struct line_reader *lines;
    struct log_line now;
};

struct log_reader *log_reader_new(const char *project, const char *service)
{
    auto_free char *path = paths_join("%s/%s/%s.log", paths_log(), project, service);
    struct log_reader *r = calloc(1, sizeof *r);

    if (!r || !(r->service = strdup(service)))
        abort();
    r->lines = line_reader_new(path);
    return r;
}

void log_reader_free(struct log_reader *r)
{
    if (!r)
        return;
    line_reader_free(r->lines);
    free(r->service);
    free(r->now.text);
    free(r);
}

const char *log_reader_service(const struct log_reader *r)
{
    return r->service;
}

void log_reader_tail(struct log_reader *r, size_t lines)
{
    line_reader_tail(r->lines, lines);
}

static int decode(struct log_reader *r, const char *line)
{
    const char *text = "", *stream_name = "", *time = "", *incarnation = "0";
    json_t *json = json_loads(line, 0, NULL);

    if (!json)
        return -EBADMSG;
    (void) json_unpack(json, "{s:s,s:s,s:s,s?{s?s}}", "log", &text, "stream", &stream_name, "time",
                       &time, "attrs", "instance", &incarnation);
    free(r->now.text);
    r->now.text = strdup(text);
    (void) snprintf(r->now.time, sizeof r->now.time, "%s", time);
    (void) snprintf(r->now.stream, sizeof r->now.stream, "%s", stream_name);
    r->now.incarnation = strtoul(incarnation, NULL, 10);
    json_decref(json);
    return 0;
}

int log_reader_next(struct log_reader *r, const struct log_line **out)
{
    const char *line;

    do
        line = line_reader_next(r->lines);
    while (line && decode(r, line) < 0);
    if (!line)
        return -EAGAIN;
    *out = &r->now;
    return 0;
}

void log_reader_print_last(const char *project, const char *service, size_t lines, FILE *out)
{
    struct log_reader *r = log_reader_new(project, service);
    const struct log_line *line;
    bool any = false;

    log_reader_tail(r, lines);
    while (log_reader_next(r, &line) == 0) {
        if (!any)
            fprintf(out, "  last lines of %s:\n", service);
        any = true;
        fprintf(out, "    %s", line->text);
    }
    log_reader_free(r);
}
