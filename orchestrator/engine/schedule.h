/* schedule.h -- when a command of a project is due, and what is known of its runs.
 * Runs in: supervisor, tests.  Pure but for memory: the time is a parameter.
 * Owns: the texts of its state.
 * A run is due at a moment of its calendar and a part of its spread, which depends on host, project
 * and name alone.  What was missed while nothing ran is made up for once, however often it was. */
#ifndef IPAM_ENGINE_SCHEDULE_H
#define IPAM_ENGINE_SCHEDULE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/calendar.h"
#include "model/project.h"

enum schedule_result {
    SCHEDULE_DONE,
    SCHEDULE_FAILED,
    SCHEDULE_TIMED_OUT,
    SCHEDULE_INTERRUPTED, /* nobody knows how far it came: it was killed, or the machine stopped */
    SCHEDULE_RESULT_COUNT
};
extern const char *const schedule_result_text[SCHEDULE_RESULT_COUNT];

struct schedule_run {
    enum schedule_result result;
    uint64_t started_us, took_us; /* time of day; both 0 = none */
    int code;                     /* exit status, or 128 and the signal */
    char *by;                     /* who asked for it, "" = its time had come */
    char *output;                 /* the end of what it printed */
};

enum { SCHEDULE_RUNS = 20 };

struct schedule_state {
    int64_t base_s; /* what was due until then is dealt with; 0 = it is new */
    enum { SCHEDULE_AS_WRITTEN, SCHEDULE_ENABLED, SCHEDULE_DISABLED } said; /* by an operator */
    struct schedule_run runs[SCHEDULE_RUNS];                                /* the newest first */
    size_t n_runs;
    int pid; /* of the present run, 0 = none */
    uint64_t pid_start;
    uint64_t started_us;
    char *by;
};

void schedule_clear(struct schedule_state *s);

/* Which part of its spread is that of `name` on this host, in seconds. */
int64_t schedule_jitter(const char *host, const char *project, const struct schedule *rule);
bool schedule_is_enabled(const struct schedule *rule, const struct schedule_state *s);

enum schedule_verdict { SCHEDULE_WAIT, SCHEDULE_RUN, SCHEDULE_SKIP };
struct schedule_look {
    const struct schedule *rule;
    const struct calendar *calendar;
    int64_t jitter_s, now_s;
};
/* What is to be done now; *due_s is when it was or will be.  A clock that went back by more than a
 * day, or a new schedule, begins anew at `now`: `s` is changed then. */
enum schedule_verdict schedule_look(const struct schedule_look *look, struct schedule_state *s,
                                    int64_t *due_s);
/* What was due until now is dealt with: it runs, or is passed over. */
void schedule_deal(const struct schedule_look *look, struct schedule_state *s);
/* Keeps a run; the texts are copied. */
void schedule_keep(struct schedule_state *s, const struct schedule_run *run);

json_t *schedule_to_json(const struct schedule_state *s); /* new reference */
/* What cannot be read is as if it were new. */
void schedule_from_json(struct schedule_state *s, const json_t *json);
json_t *schedule_run_to_json(const struct schedule_run *run, bool with_output);

#endif
