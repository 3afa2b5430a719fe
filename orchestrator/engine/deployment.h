/* deployment.h -- one supervised project: what is wanted (project) beside what is (instances).
 * Runs in: supervisor.
 * Owns: its project, instances and address book.  An instance keeps what is needed to stop it, so
 * that it may outlive the definition it was started from. */
#ifndef IPAM_ENGINE_DEPLOYMENT_H
#define IPAM_ENGINE_DEPLOYMENT_H

#include <jansson.h>
#include <stddef.h>

#include "engine/health.h"
#include "engine/health_log.h"
#include "engine/lease.h"
#include "engine/rolling.h"
#include "engine/timers.h"
#include "logs/capture.h"
#include "model/instance.h"
#include "model/project.h"
#include "model/shared.h"

enum { INSTANCE_ID = 192 };

struct supervisor;
struct deployment;
struct operation;
struct timetable;

/* hooks of an instance, one after the other */
enum hooks { HOOKS_NONE, HOOKS_POST_START, HOOKS_PRE_STOP };

struct hooks_run {
    enum hooks which; /* of its unit */
    size_t at;
    uint64_t tag;
};

/* While a service is replaced (rollout.h) there are two with the same name and index. */
enum part {
    PART_REGULAR, /* the one that is meant when the service is named */
    PART_NEXT,    /* starts beside it, to take its place */
    PART_LEAVING  /* has had its place */
};

struct instance {
    struct deployment *in;
    char *name;     /* of the service */
    unsigned index; /* among its replicas, from 1 */
    char *base;     /* NAME, of further replicas NAME@INDEX */
    char *label;    /* the same; of one beside it with its part */
    enum part part;
    unsigned slot;           /* 0 or 1: which of the two places it has in networks */
    struct rolling rolling;  /* of the rollout of its service */
    const struct unit *unit; /* NULL: no longer part of the project */
    unsigned incarnation;
    unsigned spent;       /* incarnations up to this one are used up by others beside it */
    char id[INSTANCE_ID]; /* of the present or last incarnation, "" before the first */

    enum state state;
    enum want want;
    bool replace;           /* stop, then start from the present definition */
    unsigned restarts;      /* by policy, since it was last asked to start */
    unsigned attempts;      /* of these the last in a row that failed */
    unsigned crash_streak;  /* for backoff */
    unsigned false_starts;  /* ends before it was ready, since it was last asked to start */
    bool ready_seen;        /* this incarnation was ready once */
    bool told;              /* it has said that it is ready, see probing.c */
    bool came_back;         /* it ended by itself, and is not ready again yet */
    bool to_blame;          /* it is stopped because of what `blame` says */
    char blame[320];        /* why its last end was ours, "" = it was not */
    uint64_t since_wall_us; /* of the state */
    uint64_t launched_us;   /* monotonic; this incarnation */
    int pid;
    uint16_t *ports; /* of the host it has, in the order of the unit's */
    size_t n_ports;
    char **shut;    /* as many: what of the host keeps other machines from it, "" = nothing */
    unsigned names; /* its deployment's, when it was last told who there is */
    bool outdated;  /* secrets have changed since it was asked to be launched */
    uint64_t memory_limit; /* that holds, see `limits` of control/proto.h; 0 = none */
    bool paused;           /* its processes are frozen; the state stays what it was */
    char lodges[SHARED_COUNT][INSTANCE_ID]; /* in whose namespaces it lives, "" = its own */
    char digest[96];                        /* of the definition this incarnation runs */
    char release[40];                       /* whose copies it has, "" = none */
    int stop_signal;
    uint64_t stop_grace_us;

    struct health_run health;
    struct health_log checks; /* of the present or last incarnation */
    uint64_t probe_tag;       /* 0 = none in flight */
    int notify;               /* what it says with sd_notify(3), -1 = nothing comes */
    sd_event_source *notify_source;
    char says[128];        /* of its status, "" = nothing */
    bool disbelieved;      /* somebody else said something in its name */
    struct timer watchdog; /* until it must have said something */
    struct hooks_run hooks;
    struct exit_info last;
    bool has_last;
    bool marked;        /* part of the running operation */
    bool started_by_op; /* to be stopped when the operation fails */

    struct forward *forward; /* of its log file to elsewhere; NULL: nothing is */
    struct capture_log *log; /* the service's log file; NULL until first needed */
    bool log_told;           /* it hears what the log says */
    struct timer timer, probe_timer;

    json_t *capsule; /* of its last failure, not written yet; NULL = none */
    unsigned capsule_incarnation;
    uint64_t capsule_tag;
    struct timer capsule_timer;
};

struct rollout;

struct deployment {
    struct supervisor *supervisor;
    struct timers *timers; /* borrowed */
    struct project *project;
    struct instance **instances;
    size_t n_instances;      /* the regular ones, which come first */
    size_t n_all;            /* with those beside them */
    struct rollout *rollout; /* NULL: no service is being replaced */
    struct lease *leases;    /* its own networks */
    size_t n_leases;
    struct operation *op;                        /* NULL when idle */
    bool leaving;                                /* `down`: forget it when everything has stopped */
    bool leaving_with_volumes, leaving_for_good; /* those are deleted at once */
    bool resting; /* all stops for now, in order, and stays wanted: whoever is next starts it */
    bool networks_ready;
    unsigned names;              /* how often instances came and went */
    bool names_pass;             /* among them are those of a command of `run` */
    bool removing;               /* the end: no instance is left, networks and volumes go */
    struct timetable *timetable; /* its schedules; NULL = none */
    struct timer tidy;
    size_t removals; /* of these, asked for and not answered yet */
};

struct deployment *deployment_new(struct supervisor *s, struct timers *timers);
void deployment_free(struct deployment *d); /* accepts NULL */

/* Makes `project` (taken) the wanted one: new instances for new units, changed ones marked for
 * replacement, those of vanished units marked to rest. */
void deployment_adopt(struct deployment *d, struct project *project);

/* Makes `same` (taken) the wanted one, which differs in values of secrets and in digests alone:
 * what ran as it was wanted does so still. */
void deployment_swap(struct deployment *d, struct project *same);

/* whoever says so in depends_on and ran before `i` did is to be stopped and started again */
void deployment_replace_dependants(struct instance *i);

/* what is to be of it now */
enum want deployment_want(const struct instance *i);
/* the first of its replicas */
struct instance *deployment_instance(const struct deployment *d, const char *service);
struct instance *deployment_replica(const struct deployment *d, const char *service,
                                    unsigned index);
void deployment_keep_ports(struct instance *i, const uint16_t *ports, size_t n);
void deployment_keep_shut(struct instance *i, const char *const *shut, size_t n);
/* how its last incarnation ended, or why it was ended; "" if there was none */
void deployment_describe_end(const struct instance *i, char *out, size_t room);
/* by the id of its present incarnation */
struct instance *deployment_by_id(const struct deployment *d, const char *id);
/* another one with its name and index, as PART_NEXT; not launched, of no unit yet */
struct instance *deployment_add_beside(struct instance *i);
/* the one of that part beside a regular instance, NULL if none */
struct instance *deployment_beside(const struct instance *i, enum part part);
/* `next` becomes the regular one, and what was it leaves */
void deployment_change_places(struct instance *regular, struct instance *next);
void deployment_leave(struct instance *i);
/* the number of its unit in the present project, -1 if it has none */
long deployment_unit_of(const struct instance *i);
/* the definition it is launched from */
const struct project *deployment_project_of(const struct instance *i);
/* removes an instance that is down and no longer part of the project */
void deployment_drop(struct deployment *d, struct instance *i);

/* the lease of one of its networks, NULL before there is one */
struct lease *deployment_lease(const struct deployment *d, const char *key);
void deployment_drop_lease(struct deployment *d, struct lease *l);

enum deps { DEPS_OK, DEPS_PENDING, DEPS_FAILED };
/* whether `i` may start; when not OK, *because names the dependency (borrowed) */
enum deps deployment_deps(const struct deployment *d, const struct instance *i,
                          const char **because);
/* something that depends on `i` and is to stop as well still runs */
bool deployment_has_live_dependant(const struct deployment *d, const struct instance *i);

/* what survives a restart of the supervisor, both ways; the projects travel apart */
json_t *deployment_to_json(const struct deployment *d);
/* how a program ended, for events and reports; new reference */
json_t *deployment_end_to_json(const struct exit_info *x);
/* what cannot be read is left out, and an error says so */
int deployment_from_json(struct deployment *d, const json_t *json, struct err *e);

#endif
