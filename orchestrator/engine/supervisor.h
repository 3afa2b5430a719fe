/* supervisor.h -- the glue: requests and reports in, state machines stepped, actions out.
 * Runs in: supervisor.  Owns: all deployments and, through them, instances, logs and timers.
 * Decides nothing itself: fsm.c, health.c, backoff.c, deployment.c and operation.c do. */
#ifndef IPAM_ENGINE_SUPERVISOR_H
#define IPAM_ENGINE_SUPERVISOR_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "engine/operation.h"
#include "engine/timers.h"
#include "runtime/runtime.h"

struct supervisor;

struct supervisor_config {
    sd_event *loop;
    struct timers *timers; /* outlives it */
    const char *state_dir, *log_dir;
    bool exit_idle;             /* end the loop when the last project is gone */
    uint64_t milli_cpus;        /* of this host: what services can reserve together */
    const char *operations_dir; /* what operations have written down; NULL: nobody looks */
    const char *schedule_dir;   /* what is known of schedules; NULL: there are none */
    const char *host;           /* which host this is, for them; NULL = any */
    uint64_t (*wall_us)(void);  /* the time of day they go by; NULL = that of the machine */
    /* hears every event of every project; may be NULL */
    void (*observe)(void *observer, const json_t *event);
    void *observer;
};

struct supervisor *supervisor_new(const struct supervisor_config *config);
/* The table to call and the listener to register with it; before supervisor_load. */
struct runtime_listener supervisor_listener(struct supervisor *s);
void supervisor_use(struct supervisor *s, const struct runtime_ops *ops, void *self);
void supervisor_free(struct supervisor *s); /* accepts NULL */

/* Reads what was saved and connects to the runtime. */
int supervisor_load(struct supervisor *s, struct err *e);
/* Connects when the runtime was away; -ENOTCONN or the like if it still is. */
int supervisor_connect(struct supervisor *s, struct err *e);
/* Ends a process that was only started for projects (exit_idle) when there is none; after the last
 * one went and after the last client did, who may have come for nothing. */
void supervisor_check_idle(struct supervisor *s);
/* The last project is gone and the process is about to end (exit_idle). */
bool supervisor_is_ending(const struct supervisor *s);

struct supervisor_request {
    enum operation_kind kind;
    const char *project; /* name; OP_UP: that of `definition` */
    struct project
        *definition; /* OP_UP; OP_UPDATE: of its one service; OP_RESTART: what is restarted becomes
                        what it says there; OP_DOWN: used when the project is unknown; taken */
    const char *const *services; /* NULL = all */
    const char *by;              /* who asks, for the journal; NULL = nobody knows */
    bool keep, no_wait, no_deps;
    bool deps_only;    /* not the services named, only what they need */
    uint64_t ready_us; /* of starts: after so long they have failed; 0 = whenever they do */
    bool has_grace;    /* grace_us instead of the grace periods of those it stops */
    uint64_t grace_us;
    bool as_is;        /* OP_UP: what runs is not replaced because its definition is another one */
    bool back;         /* OP_UPDATE: the rollback section of the service holds */
    unsigned canaries; /* OP_UPDATE: so many instances only; 0 = all */
    bool volumes;      /* OP_DOWN: remove the project's volumes too, unless they are external */
    bool purge;        /* they can not be brought back */
};

/* Starts an operation; -EBUSY (class ERR_LOCKED) while another runs, -ENOENT (ERR_USAGE) for an
 * unknown project or service.  The watcher hears the end even if it comes at once. */
int supervisor_begin(struct supervisor *s, const struct supervisor_request *request,
                     const struct watcher *watcher, struct err *e);
/* Sends a signal to services, NULL for all that run, 0 for all replicas; *out lists who got it.
 * -ESRCH (ERR_FAILED) when none of them runs. */
int supervisor_kill(struct supervisor *s, const char *project, const char *const *services,
                    unsigned index, int signo, json_t **out, struct err *e);

struct supervisor_exec {
    const char *project, *service;
    unsigned index; /* which of its replicas */
    struct runtime_exec command;
};

struct exec_watcher {
    void *owner;
    void (*done)(void *owner, const struct runtime_answer *how);
};

/* Runs a command inside a running service; -ESRCH (ERR_FAILED) when it does not run, -ENOENT
 * (ERR_USAGE) for an unknown one.  The watcher hears the end, in a later turn of the loop. */
int supervisor_exec(struct supervisor *s, const struct supervisor_exec *x,
                    const struct exec_watcher *watcher, struct err *e);

struct supervisor_attach {
    const char *project, *service;
    unsigned index; /* which of its replicas */
    bool input;     /* what its program reads, or at least the size of its terminal, is wanted */
};

struct attach_watcher {
    void *owner;
    /* `input` (borrowed): see runtime.h; 0 = not asked for, or it reads nothing */
    void (*begun)(void *owner, const struct instance *i, int input);
    void (*output)(void *owner, const char *stream, const char *bytes, size_t len);
    /* the instance has ended, and all it wrote was told: `how`; or it cannot be: `why` */
    void (*done)(void *owner, const struct exit_info *how, const struct err *why);
};

/* Tells what a running instance writes from now on, until it ends.  Errors as for supervisor_exec;
 * begun and done come in this turn or a later one. */
int supervisor_attach(struct supervisor *s, const struct supervisor_attach *a,
                      const struct attach_watcher *watcher, struct err *e);

enum inquiry_kind {
    INQUIRY_PAUSE,
    INQUIRY_UNPAUSE,
    INQUIRY_STATS,
    INQUIRY_LIMITS,
    INQUIRY_FILES, /* of supervisor_renew: nobody who runs is no error */
    INQUIRY_PROBE  /* a health check more; one that fails is an answer, no failure */
};

struct supervisor_inquiry {
    enum inquiry_kind kind;
    const char *project;
    const char *const *services; /* NULL = all that run */
    const json_t *set;           /* INQUIRY_LIMITS: what to change, NULL = nothing */
    const char *const *secrets;  /* INQUIRY_FILES: those who have a file with one of these */
};

struct inquiry_watcher {
    void *owner;
    /* [{"service":..,"pid":N,..}] (borrowed), with what the broker answered; `why` is the first
     * failure, NULL = none */
    void (*done)(void *owner, json_t *instances, const struct err *why);
};

/* Asks the broker about running services; -ESRCH (ERR_FAILED) when none runs, -ENOENT (ERR_USAGE)
 * for an unknown one.  The watcher hears the answers together, in this turn of the loop or a later
 * one. */
int supervisor_inquire(struct supervisor *s, const struct supervisor_inquiry *r,
                       const struct inquiry_watcher *watcher, struct err *e);

struct supervisor_renewal {
    const char *project;
    const json_t *secrets; /* NAME: text, or a list of bytes; the others stay as they are */
    const json_t *digests; /* SERVICE: the digest of its definition with them; may be NULL */
};

/* Secrets of a project get other values: in what is saved, then in the files of what runs, without
 * a restart.  From when it is saved every launch has the new values, whatever ends in between; what
 * runs and was not reached has a digest that none of its definitions has, and is replaced by the
 * next `up`.  -EBUSY (ERR_LOCKED) during an operation, -ENOENT for an unknown secret. */
int supervisor_renew(struct supervisor *s, const struct supervisor_renewal *r,
                     const struct inquiry_watcher *watcher, struct err *e);

struct supervisor_run {
    const char *service, *name;  /* it is called SERVICE.run-NAME */
    struct project *definition;  /* of the service as it is to be; taken */
    struct runtime_exec command; /* detach: the definition's own command, answered when it runs */
};

/* Runs a command in a sandbox of its own like that of a service; errors as for supervisor_exec, and
 * -EBUSY (ERR_LOCKED) while the project goes down.  The watcher hears the end when the sandbox is
 * gone; `output` of a detached one is its name. */
int supervisor_run(struct supervisor *s, const struct supervisor_run *r,
                   const struct exec_watcher *watcher, struct err *e);
/* The owner of a watcher goes away: its operations go on, its commands are killed. */
void supervisor_forget_watcher(struct supervisor *s, const void *owner);

/* Before the machine stops: everything ends in the order of `stop`, and stays wanted.  A later
 * supervisor starts it again, in the order of `up`. */
void supervisor_rest(struct supervisor *s);
bool supervisor_is_at_rest(const struct supervisor *s);

/* Why this is no moment to replace one of our programs: an operation, a hook, a command of an
 * operator; false when there is no reason. */
bool supervisor_is_busy(const struct supervisor *s, char *why, size_t room);
/* What is known is on disk, for whoever goes on with it. */
void supervisor_save(struct supervisor *s);
bool supervisor_has_runtime(const struct supervisor *s);

/* An operator asked for something that begins no operation: for the journal of the project.
 * `services` may be NULL. */
void supervisor_asked(struct supervisor *s, const char *project, const char *what, const char *by,
                      const json_t *services);

/* Something that happened to a project, told by an operator's procedure, for its journal; `details`
 * (borrowed, may be NULL) are further members. */
int supervisor_noted(struct supervisor *s, const char *project, const char *event, const char *by,
                     const json_t *details, struct err *e);

/* {"projects":[{"project":..,"services":[..]}]}; all when `project` is NULL; new reference */
/* A project as it was sent, as JSON text with its secrets; malloc'd. */
int supervisor_definition(const struct supervisor *s, const char *project, char **out,
                          struct err *e);
json_t *supervisor_status(const struct supervisor *s, const char *project);

#endif
