#include "engine/health_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/limits.h"

void health_log_begin(struct health_log *l, uint64_t wall_us, uint64_t mono_us)
{
    l->begun_us = wall_us;
    l->begun_mono_us = mono_us;
}

static void drop(struct health_result *r)
{
    free((void *) (uintptr_t) r->output);
    *r = (struct health_result){ 0 };
}

void health_log_end(struct health_log *l, uint64_t mono_us, bool ok, int code, const char *output)
{
    struct health_result *r = &l->results[l->n++ % HEALTH_LOG_MAX];
    size_t len = strnlen(output, LIMIT_PROBE_OUTPUT);

    drop(r);
    while (len > 0 && output[len - 1] == '\n')
        len--;
    *r = (struct health_result){ .begun_us = l->begun_us,
                                 .took_us = mono_us - l->begun_mono_us,
                                 .ok = ok,
                                 .code = code,
                                 .output = strndup(output, len) };
    if (!r->output)
        abort();
}

void health_log_count(struct health_log *l)
{
    if (l->n > 0)
        l->results[(l->n - 1) % HEALTH_LOG_MAX].counted = true;
}

void health_log_clear(struct health_log *l)
{
    for (size_t n = 0; n < HEALTH_LOG_MAX; n++)
        drop(&l->results[n]);
    *l = (struct health_log){ 0 };
}

json_t *health_log_text(const char *text)
{
    json_t *json = json_string(text);
    auto_free char *copy = json ? NULL : strdup(text);

    for (char *c = copy; c && *c; c++)
        if ((unsigned char) *c >= 0x80)
            *c = '?';
    return json ? json : json_string(copy ? copy : "");
}

json_t *health_log_to_json(const struct health_log *l)
{
    size_t first = l->n > HEALTH_LOG_MAX ? l->n - HEALTH_LOG_MAX : 0;
    json_t *list = json_array();

    for (size_t k = first; k < l->n; k++) {
        const struct health_result *r = &l->results[k % HEALTH_LOG_MAX];

        (void) json_array_append_new(
            list, json_pack("{s:I,s:I,s:b,s:b,s:i,s:o}", "begun_us", (json_int_t) r->begun_us,
                            "took_us", (json_int_t) r->took_us, "ok", r->ok, "counted", r->counted,
                            "code", r->code, "output", health_log_text(r->output)));
    }
    return list;
}
