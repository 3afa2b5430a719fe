/* Errors as a person or a program reads them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cmd.h"
#include "cli/record.h"

/* the line of the file an error is about, and a caret below the place */
static void show_source(const struct mark *at)
{
    auto_file file = fopen(at->file, "re");
    auto_free char *line = NULL;
    size_t room = 0;
    ssize_t n = -1;

    for (unsigned i = 0; file && i < at->line; i++)
        n = getline(&line, &room, file);
    if (n <= 0)
        return;
    line[strcspn(line, "\r\n")] = '\0';
    if (strlen(line) > 160)
        return;
    fprintf(stderr, "  %5u | %s\n", at->line, line);
    if (at->column == 0)
        return;
    fprintf(stderr, "        | ");
    /* tabs are kept so that the caret stands below its character */
    for (unsigned i = 0; i + 1 < at->column && line[i]; i++)
        fputc(line[i] == '\t' ? '\t' : ' ', stderr);
    fprintf(stderr, "^\n");
}

static void fail_json(const struct err *e)
{
    json_t *where = json_object();
    json_t *error;

    if (e->at.file) {
        (void) json_object_set_new(where, "file", json_string(e->at.file));
        (void) json_object_set_new(where, "line", json_integer(e->at.line));
        (void) json_object_set_new(where, "column", json_integer(e->at.column));
    }
    error = json_pack("{s:{s:s,s:i,s:s,s:o,s:s}}", "error", "code", err_class_text(e->class),
                      "exit", (int) e->class, "what", e->msg, "where", where, "next", e->hint);
    (void) json_dumpf(error, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(error);
}

int cli_fail(const struct cli *cli, const struct err *e)
{
    bool colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");

    record_failure(e->msg);
    if (cli->format == FORMAT_JSON) {
        fail_json(e);
        return (int) e->class;
    }
    fprintf(stderr, "%sipam-orch: ", colour ? "\033[31m" : "");
    if (e->at.file && e->at.line > 0 && e->at.column > 0)
        fprintf(stderr, "%s:%u:%u: ", e->at.file, e->at.line, e->at.column);
    else if (e->at.file && e->at.line > 0)
        fprintf(stderr, "%s:%u: ", e->at.file, e->at.line);
    fprintf(stderr, "%s%s\n", e->msg, colour ? "\033[0m" : "");
    if (e->at.file && e->at.line > 0)
        show_source(&e->at);
    if (e->hint[0] != '\0')
        fprintf(stderr, "  next: %s\n", e->hint);
    return (int) e->class;
}
