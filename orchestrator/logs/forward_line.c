#include "logs/forward_line.h"

#include <endian.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/paths.h"

/* as Docker has it: what is written on stderr is an error */
enum { SEVERITY_ERROR = 3, SEVERITY_INFORMATIONAL = 6, FACILITY_STEP = 8 };

struct record {
    const char *text, *time;
    size_t len;
    int severity;
    bool whole;
};

static int read_record(const json_t *json, struct record *out)
{
    const json_t *log = json_object_get(json, "log");
    const char *stream = json_string_value(json_object_get(json, "stream"));

    *out = (struct record){ .text = json_string_value(log),
                            .len = json_string_length(log),
                            .time = json_string_value(json_object_get(json, "time")) };
    if (!out->text || !out->time || !stream)
        return -1;
    out->severity = strcmp(stream, "stderr") == 0 ? SEVERITY_ERROR : SEVERITY_INFORMATIONAL;
    out->whole = out->len > 0 && out->text[out->len - 1] == '\n';
    out->len -= out->whole;
    return 0;
}

/* a field whose value may be anything: its length in front */
static void put_field(FILE *out, const char *name, const char *value, size_t len)
{
    uint64_t size = htole64(len);

    (void) fprintf(out, "%s\n", name);
    (void) fwrite(&size, sizeof size, 1, out);
    (void) fwrite(value, 1, len, out);
    (void) fputc('\n', out);
}

static void journal(FILE *out, const struct forward_origin *from, const struct record *r)
{
    put_field(out, "MESSAGE", r->text, r->len);
    (void) fprintf(out, "PRIORITY=%d\nSYSLOG_TIMESTAMP=%s\n", r->severity, r->time);
    put_field(out, "SYSLOG_IDENTIFIER", from->to.tag, strlen(from->to.tag));
    put_field(out, "CONTAINER_TAG", from->to.tag, strlen(from->to.tag));
    put_field(out, "CONTAINER_NAME", from->service, strlen(from->service));
    put_field(out, "IPAM_ORCH_PROJECT", from->project, strlen(from->project));
    put_field(out, "IPAM_ORCH_SERVICE", from->service, strlen(from->service));
    if (!r->whole)
        (void) fputs("CONTAINER_PARTIAL_MESSAGE=true\n", out);
}

/* "Nov 27 06:11:07" in local time, of an RFC 3339 time in UTC */
static void put_old_time(FILE *out, const char *time)
{
    struct tm tm = { 0 };
    char text[32] = "";
    time_t at;

    if (strptime(time, "%Y-%m-%dT%H:%M:%S", &tm)) {
        at = timegm(&tm);
        (void) strftime(text, sizeof text, "%b %e %H:%M:%S", localtime_r(&at, &tm));
    }
    (void) fputs(text, out);
}

static void syslog_message(FILE *out, const struct forward_origin *from, const struct record *r)
{
    const struct log_forward *to = &from->to;
    unsigned priority = to->facility * FACILITY_STEP + (unsigned) r->severity;

    (void) fprintf(out, "<%u>", priority);
    if (strcmp(to->format, "rfc3164") == 0) {
        put_old_time(out, r->time);
        /* a local daemon knows the host */
        if (strncmp(to->address, "unix:", 5) != 0)
            (void) fprintf(out, " %s", from->host);
        (void) fprintf(out, " %s: ", to->tag);
    } else {
        bool micro = strcmp(to->format, "rfc5424micro") == 0;

        (void) fprintf(out, "1 %.*s%s %s %s - - - ", micro ? 26 : 19, r->time, "Z", from->host,
                       to->tag);
    }
    (void) fwrite(r->text, 1, r->len, out);
}

char *forward_line(const struct forward_origin *from, const char *line, bool framed, size_t *len)
{
    bool counted = framed && strcmp(from->to.format, "rfc3164") != 0;
    json_t *json = json_loads(line, JSON_ALLOW_NUL, NULL);
    char *text = NULL, *whole;
    struct record r;
    FILE *out;

    if (!json || read_record(json, &r) < 0) {
        json_decref(json);
        return NULL;
    }
    out = open_memstream(&text, len);
    if (!out)
        abort();
    if (strcmp(from->to.driver, "journald") == 0)
        journal(out, from, &r);
    else
        syslog_message(out, from, &r);
    if (framed && !counted)
        (void) fputc('\n', out);
    fclose(out);
    json_decref(json);
    if (!counted)
        return text;
    /* RFC 6587: a text may have line breaks of its own, so its length says where it ends */
    out = open_memstream(&whole, len);
    if (!out)
        abort();
    (void) fprintf(out, "%zu ", strlen(text));
    (void) fputs(text, out);
    fclose(out);
    free(text);
    return whole;
}
