/* procedure.h -- an operation that is more than one request: backup, restore, migration, update,
 * renewal.  Plain blocking code, one step after the other, in a process that may be killed: the
 * lock goes with it, and what it had begun is undone by whoever takes the lock next (intent.h).
 * Runs in: CLI, for a person or for the schedule of the supervisor.
 * Owns: work directory, lock and name until procedure_end.
 * Fails: ERR_LOCKED, ERR_DENIED, what undoing says. */
#ifndef IPAM_OPS_PROCEDURE_H
#define IPAM_OPS_PROCEDURE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "control/client.h"
#include "model/project.h"

struct procedure;

struct procedure_config {
    const char *project, *verb, *message; /* message: why, may be "" */
    uint64_t lock_wait_us;
    void *owner;
    /* a connection to the manager, which is started if it has to be */
    int (*connect)(void *owner, struct client **out, struct err *e);
    /* what is being done, for a person: one line without its end */
    void (*say)(void *owner, const char *line);
};

struct procedure {
    const struct procedure_config *config; /* outlives it */
    char *project;
    int dir;  /* of workdir.h */
    int lock; /* of oplock.h */
};

/* what procedure_end may be called for before procedure_begin */
#define PROCEDURE_NONE ((struct procedure){ .dir = -1, .lock = -1 })

/* Takes the lock, then undoes what an earlier one has left unfinished. */
int procedure_begin(const struct procedure_config *config, struct procedure *out, struct err *e);
/* For who only looks: without the lock, and nothing is undone. */
void procedure_look(const struct procedure_config *config, struct procedure *out);
void procedure_end(struct procedure *p, int result); /* 0 or the negative errno it came to */

void procedure_say(const struct procedure *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The project as the manager has it, with its secrets; the caller's.  -ENOENT: it does not. */
int procedure_definition(const struct procedure *p, struct project **out, struct err *e);
/* What the manager says of it, as `status` of control/proto.h; new reference. */
int procedure_status(const struct procedure *p, json_t **out, struct err *e);
/* The first answer to `message` (stolen); new reference. */
int procedure_ask(const struct procedure *p, json_t *message, json_t **answer, struct err *e);
/* A line of the project's journal; `details` (stolen, may be NULL) are further members.  That it
 * could not be written fails nothing. */
void procedure_note(const struct procedure *p, const char *event, json_t *details);
/* Sends `message` (stolen) and waits until it is answered with "done"; its events are passed over.
 */
int procedure_request(const struct procedure *p, json_t *message, struct err *e);

#endif
