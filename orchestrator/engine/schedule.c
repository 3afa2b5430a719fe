#include "engine/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

enum {
    LATE_S = 600,      /* what is not caught up may be so late: a machine that was busy */
    BACK_S = 24 * 3600 /* further back than any change of the clocks */
};

const char *const schedule_result_text[] = {
    [SCHEDULE_DONE] = "done",
    [SCHEDULE_FAILED] = "failed",
    [SCHEDULE_TIMED_OUT] = "timed out",
    [SCHEDULE_INTERRUPTED] = "interrupted",
};
_Static_assert(ARRAY_LEN(schedule_result_text) == SCHEDULE_RESULT_COUNT, "a result has no text");

static char *copy(const char *text)
{
    char *out = strdup(text ? text : "");

    if (!out)
        abort();
    return out;
}

static void clear_run(struct schedule_run *run)
{
    free(run->by);
    free(run->output);
    *run = (struct schedule_run){ 0 };
}

void schedule_clear(struct schedule_state *s)
{
    for (size_t i = 0; i < s->n_runs; i++)
        clear_run(&s->runs[i]);
    free(s->by);
    *s = (struct schedule_state){ 0 };
}

/* FNV-1a: spread evenly, nothing depends on its strength */
static uint64_t mix(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char) *text) * 1099511628211u;
    return (hash ^ '/') * 1099511628211u;
}

int64_t schedule_jitter(const char *host, const char *project, const struct schedule *rule)
{
    uint64_t spread_s = rule->spread_us / USEC_PER_SEC;
    uint64_t hash = mix(mix(mix(14695981039346656037u, host), project), rule->name);

    hash ^= hash >> 32;
    return spread_s > 0 ? (int64_t) (hash % spread_s) : 0;
}

bool schedule_is_enabled(const struct schedule *rule, const struct schedule_state *s)
{
    return s->said == SCHEDULE_AS_WRITTEN ? !rule->disabled : s->said == SCHEDULE_ENABLED;
}

void schedule_deal(const struct schedule_look *look, struct schedule_state *s)
{
    s->base_s = look->now_s - look->jitter_s;
}

enum schedule_verdict schedule_look(const struct schedule_look *look, struct schedule_state *s,
                                    int64_t *due_s)
{
    int64_t slot = INT64_MAX / 2;

    if (s->base_s == 0 || s->base_s > look->now_s + BACK_S)
        s->base_s = look->now_s;
    (void) calendar_next(look->calendar, s->base_s, &slot);
    *due_s = slot + look->jitter_s;
    if (look->now_s < *due_s)
        return SCHEDULE_WAIT;
    if (!schedule_is_enabled(look->rule, s))
        return SCHEDULE_SKIP;
    return look->rule->no_catch_up && look->now_s - *due_s > LATE_S ? SCHEDULE_SKIP : SCHEDULE_RUN;
}

void schedule_keep(struct schedule_state *s, const struct schedule_run *run)
{
    struct schedule_run mine = *run;

    mine.by = copy(run->by);
    mine.output = copy(run->output);
    if (s->n_runs == SCHEDULE_RUNS)
        clear_run(&s->runs[--s->n_runs]);
    memmove(s->runs + 1, s->runs, s->n_runs * sizeof *s->runs);
    s->runs[0] = mine;
    s->n_runs++;
}

json_t *schedule_run_to_json(const struct schedule_run *run, bool with_output)
{
    json_t *json =
        json_pack("{s:s,s:I,s:I,s:i,s:s}", "result", schedule_result_text[run->result],
                  "started_us", (json_int_t) run->started_us, "took_us", (json_int_t) run->took_us,
                  "code", run->code, "by", run->by ? run->by : "");

    if (with_output)
        (void) json_object_set_new(json, "output", json_string(run->output ? run->output : ""));
    return json;
}

json_t *schedule_to_json(const struct schedule_state *s)
{
    json_t *runs = json_array();

    for (size_t i = 0; i < s->n_runs; i++)
        (void) json_array_append_new(runs, schedule_run_to_json(&s->runs[i], true));
    return json_pack("{s:I,s:i,s:i,s:I,s:I,s:s,s:o}", "base_s", (json_int_t) s->base_s, "said",
                     (int) s->said, "pid", s->pid, "pid_start", (json_int_t) s->pid_start,
                     "started_us", (json_int_t) s->started_us, "by", s->by ? s->by : "", "runs",
                     runs);
}

static void run_from_json(struct schedule_state *s, const json_t *json)
{
    struct schedule_run run = { 0 };
    const char *word = NULL, *by = "", *output = "";
    json_int_t started = 0, took = 0;

    if (json_unpack((json_t *) (size_t) json, "{s:s,s:I,s:I,s:i,s?s,s?s}", "result", &word,
                    "started_us", &started, "took_us", &took, "code", &run.code, "by", &by,
                    "output", &output) < 0)
        return;
    while (run.result < SCHEDULE_INTERRUPTED && strcmp(schedule_result_text[run.result], word) != 0)
        run.result++;
    run.started_us = (uint64_t) started;
    run.took_us = (uint64_t) took;
    run.by = (char *) (size_t) by;
    run.output = (char *) (size_t) output;
    schedule_keep(s, &run);
}

void schedule_from_json(struct schedule_state *s, const json_t *json)
{
    json_int_t base = 0, start = 0, started = 0;
    const json_t *runs = json_object_get(json, "runs");
    const char *by = "";
    int said = 0, pid = 0;

    schedule_clear(s);
    if (json_unpack((json_t *) (size_t) json, "{s:I,s?i,s?i,s?I,s?I,s?s}", "base_s", &base, "said",
                    &said, "pid", &pid, "pid_start", &start, "started_us", &started, "by", &by) < 0)
        return;
    s->base_s = base;
    s->said = said == SCHEDULE_ENABLED || said == SCHEDULE_DISABLED ? (unsigned) said : 0;
    s->pid = pid;
    s->pid_start = (uint64_t) start;
    s->started_us = (uint64_t) started;
    s->by = copy(by);
    for (size_t i = json_array_size(runs); i > 0; i--)
        run_from_json(s, json_array_get(runs, i - 1));
}
