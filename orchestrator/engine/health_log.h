/* health_log.h -- what the last health checks of an instance said, as Docker's State.Health.Log.
 * Runs in: supervisor.  Owns: the texts.  Units: microseconds; `us` of the time of day.
 * A zeroed log is an empty one. */
#ifndef IPAM_ENGINE_HEALTH_LOG_H
#define IPAM_ENGINE_HEALTH_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* results that are kept: more than most files have retries, so that a report has each of them */
enum { HEALTH_LOG_MAX = 16 };

struct health_result {
    uint64_t begun_us, took_us;
    bool ok;
    bool counted;       /* a failure after the start period */
    int code;           /* of the command; -1 when it did not answer in time or was not run */
    const char *output; /* copied, at most LIMIT_PROBE_OUTPUT bytes of it */
};

struct health_log {
    uint64_t begun_us, begun_mono_us; /* of the check that is being made */
    struct health_result results[HEALTH_LOG_MAX];
    size_t n; /* ever; the result number k is at k % HEALTH_LOG_MAX */
};

void health_log_begin(struct health_log *l, uint64_t wall_us, uint64_t mono_us);
/* The check that was begun has ended. */
void health_log_end(struct health_log *l, uint64_t mono_us, bool ok, int code, const char *output);
/* The last one counts against the service. */
void health_log_count(struct health_log *l);
void health_log_clear(struct health_log *l);
/* [{"begun_us":N,"took_us":N,"ok":b,"counted":b,"code":N,"output":..}], the oldest first; new
 * reference */
json_t *health_log_to_json(const struct health_log *l);
/* What a check prints is bytes: what is no UTF-8 is shown as question marks; new reference. */
json_t *health_log_text(const char *text);

#endif
