/* timetable.h -- the schedules of deployments: what is due is sent off, what came of it is kept.
 * Runs in: supervisor.  Owns: the timetable of a deployment, and PROJECT.json in the directory for
 * it, which outlives supervisor and `down`.  One of a project runs at a time. */
#ifndef IPAM_ENGINE_TIMETABLE_H
#define IPAM_ENGINE_TIMETABLE_H

#include "engine/supervisor.h"

/* The schedules of what the project of `d` is now: called whenever it has another one.  What runs
 * goes on. */
void timetable_adopt(struct deployment *d);
void timetable_free(struct deployment *d);
/* What is due now is sent off; comes back by itself when something will be. */
void timetable_look(struct supervisor *s);
/* true when the tag belonged to a run */
bool timetable_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);
void timetable_forget(struct supervisor *s, const void *owner);
enum supervisor_schedule_what { SCHEDULE_BEGIN, SCHEDULE_ENABLE, SCHEDULE_DISABLE };
struct supervisor_schedule {
    const char *project, *name, *by;
    enum supervisor_schedule_what what;
};
/* -ENOENT (ERR_USAGE) when there is none, -EBUSY (ERR_LOCKED) while one of the project runs.  The
 * watcher hears the end of a run in `fields`, in a later turn; of the others this call is the end.
 */
int supervisor_schedule(struct supervisor *s, const struct supervisor_schedule *r,
                        const struct exec_watcher *watcher, struct err *e);
/* All of a project with their runs; new reference.  -ENOENT for an unknown project. */
int supervisor_schedules(struct supervisor *s, const char *project, json_t **out, struct err *e);

/* a list, with all runs or the last one; new reference */
json_t *timetable_describe(const struct deployment *d, bool history);

#endif
