/* log_reader.h -- reading log files of services back, see logs/sink_json.h for their form.
 * Runs in: CLI.  Files are read directly, so that logs can be seen when no manager runs.
 * Owns: its files and the lines it holds. */
#ifndef IPAM_CLI_LOG_READER_H
#define IPAM_CLI_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct log_line {
    char *text;    /* with its newline, unless it is a piece of a longer line */
    char time[40]; /* as in the file; sorts as text */
    char stream[8];
    unsigned long incarnation;
};

struct log_reader;

/* A service without a file yet is fine: it is looked for again at every read. */
struct log_reader *log_reader_new(const char *project, const char *service);
void log_reader_free(struct log_reader *r); /* accepts NULL */
const char *log_reader_service(const struct log_reader *r);
/* Starts so that `lines` lines are left to read. */
void log_reader_tail(struct log_reader *r, size_t lines);
/* The next whole record; 0, or -EAGAIN at the present end.  *out is valid until the next call. */
int log_reader_next(struct log_reader *r, const struct log_line **out);

/* Prints the last `lines` lines of a service, as part of a report. */
void log_reader_print_last(const char *project, const char *service, size_t lines, FILE *out);

#endif
