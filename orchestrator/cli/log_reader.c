#include "cli/log_reader.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/paths.h"

struct log_reader {
    char *service, *path;
    FILE *file;
    char *line;
    size_t room;
    struct log_line now;
};

struct log_reader *log_reader_new(const char *project, const char *service)
{
    struct log_reader *r = calloc(1, sizeof *r);

    if (!r || !(r->service = strdup(service)))
        abort();
    r->path = paths_join("%s/%s/%s.log", paths_log(), project, service);
    return r;
}

void log_reader_free(struct log_reader *r)
{
    if (!r)
        return;
    if (r->file)
        fclose(r->file);
    free(r->service);
    free(r->path);
    free(r->line);
    free(r->now.text);
    free(r);
}

const char *log_reader_service(const struct log_reader *r)
{
    return r->service;
}

static FILE *stream(struct log_reader *r)
{
    if (!r->file)
        r->file = fopen(r->path, "re");
    return r->file;
}

void log_reader_tail(struct log_reader *r, size_t lines)
{
    enum { STEP = 64 * 1024 };
    auto_free char *block = malloc(STEP);
    long at;

    if (!block)
        abort();
    if (!stream(r) || fseek(r->file, 0, SEEK_END) < 0)
        return;
    at = ftell(r->file);
    /* newlines are counted from the end; the one that ends the file is the first */
    for (size_t seen = 0; at > 0;) {
        long start = at > STEP ? at - STEP : 0;
        size_t n = (size_t) (at - start);

        if (fseek(r->file, start, SEEK_SET) < 0 || fread(block, 1, n, r->file) != n)
            break;
        while (n > 0)
            if (block[--n] == '\n' && seen++ == lines) {
                (void) fseek(r->file, start + (long) n + 1, SEEK_SET);
                return;
            }
        at = start;
    }
    (void) fseek(r->file, 0, SEEK_SET);
}

static int decode(struct log_reader *r)
{
    const char *text = "", *stream_name = "", *time = "", *incarnation = "0";
    json_t *json = json_loads(r->line, 0, NULL);

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
    long at;
    ssize_t n;

    if (!stream(r))
        return -EAGAIN;
    do {
        clearerr(r->file);
        at = ftell(r->file);
        n = getline(&r->line, &r->room, r->file);
        if (n <= 0 || r->line[n - 1] != '\n') {
            /* a record still being written is read again when it is whole */
            (void) fseek(r->file, at, SEEK_SET);
            return -EAGAIN;
        }
    } while (decode(r) < 0);
    *out = &r->now;
    return 0;
}

void log_reader_print_last(const char *project, const char *service, size_t lines)
{
    struct log_reader *r = log_reader_new(project, service);
    const struct log_line *line;
    bool any = false;

    log_reader_tail(r, lines);
    while (log_reader_next(r, &line) == 0) {
        if (!any)
            fprintf(stderr, "  last lines of %s:\n", service);
        any = true;
        fprintf(stderr, "    %s", line->text);
    }
    log_reader_free(r);
}
