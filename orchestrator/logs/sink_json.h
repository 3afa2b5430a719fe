/* sink_json.h -- one log record as a line of the json-file convention.  Pure.
 * Runs in: supervisor.
 *   {"log":"text\n","stream":"stdout","time":"2026-11-24T10:00:00.000000Z",
 *    "attrs":{"service":"web","instance":"3"}}
 * `log` ends with \n unless the record is a piece of a longer line. */
#ifndef IPAM_LOGS_SINK_JSON_H
#define IPAM_LOGS_SINK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink_json_record {
    const char *text; /* without the newline; any bytes */
    size_t len;
    bool whole; /* a newline followed */
    const char *stream, *service;
    unsigned incarnation;
    uint64_t wall_us;
};

/* Room a record can need in the worst case. */
size_t sink_json_room(const struct sink_json_record *r);
/* Writes the line including its newline to `out`; returns its length. */
size_t sink_json_format(const struct sink_json_record *r, char *out);

#endif
