/* supervisor_impl.h -- what the files of the supervisor share; included by them only. */
#ifndef IPAM_ENGINE_SUPERVISOR_IMPL_H
#define IPAM_ENGINE_SUPERVISOR_IMPL_H

#include "engine/fsm.h"
#include "engine/once.h"
#include "engine/rollout.h"
#include "engine/supervisor.h"

struct supervisor {
    struct supervisor_config config;
    const struct runtime_ops *ops;
    void *self;             /* of ops */
    bool connected, ending; /* ending: the loop was asked to, for the last project is gone */
    struct deployment **deployments;
    size_t n_deployments;
    char **unread; /* names of saved projects that cannot be read, as in strv.h */
    uint64_t last_tag;
    struct exec_run *execs;
    struct once *one_offs;
    struct attached *attached;
    struct inquiry *inquiries;
    struct timers *timers;          /* of the configuration */
    struct timer save, retry, look; /* look: at schedules */
    struct unfinished *unfinished;  /* see unfinished.h */
    uint64_t began_us;              /* this supervisor, monotonic */
};

struct deployment *supervisor_find(const struct supervisor *s, const char *project);
/* by incarnation id, over all deployments */
struct instance *supervisor_by_id(const struct supervisor *s, const char *id);
/* also of a life that is not its present one */
struct instance *supervisor_by_life(const struct supervisor *s, const char *id,
                                    unsigned *incarnation);
/* A request failed because the broker is gone: being told that it is lost follows. */
bool supervisor_is_cut_off(int code);
/* to whoever waits for its operation, who may start it again (control/proto.h) */
void supervisor_tell_lost(struct deployment *d);
/* makes the state durable in this turn of the loop */
void supervisor_touch(struct supervisor *s);

/* to the observer alone; taken */
void supervisor_note(const struct deployment *d, json_t *event);
/* to the operation's watcher and the observer; taken */
void supervisor_tell(struct deployment *d, json_t *event);
/* steps the state machine of one instance and carries out its actions */
void supervisor_step(struct instance *i, enum fsm_event event, const struct exit_info *how);
/* steps whatever can go on now, ends the operation if it is over; `d` may be gone afterwards */
void supervisor_settle(struct deployment *d);

/* requests.c */
/* -ENOENT (ERR_USAGE) for a service that the project does not have */
int requests_check_services(const struct project *p, const char *const *services, struct err *e);
bool requests_is_named(const char *const *services, const char *name);

/* launch.c */
int launch_instance(struct supervisor *s, struct instance *i, struct err *e);
int launch_open_log(struct supervisor *s, struct instance *i, struct err *e);
/* it will not be launched again: what tells where capturing stood goes */
void launch_forget_log(const struct supervisor *s, const struct instance *i);

/* lodging.c */
/* the instance whose namespace `i` lives in, NULL if it has its own or the host's */
struct instance *lodging_with(const struct deployment *d, const struct instance *i,
                              enum shared which);
/* true when one of those is not there any more */
bool lodging_is_lost(const struct deployment *d, const struct instance *i);
/* true when the one whose PID namespace it lived in has ended, and taken it along */
bool lodging_was_evicted(const struct instance *i, const struct exit_info *how);
/* where it will live, as things are now; noted in it */
void lodging_plan(struct instance *i, struct runtime_launch *out);

/* reservation.c */
/* -EDQUOT when the project reserves more than the others that are up leave */
int reservation_check(const struct supervisor *s, const struct project *p, struct err *e);

/* tidy.c */
/* removes logs beyond what the project says, and comes back to it while the project says anything
 */
void tidy_logs(struct deployment *d);

/* networks.c */
/* true while networks have to be made anew and something still runs on what they were */
bool networks_are_held(const struct deployment *d);
int networks_make(struct supervisor *s, struct deployment *d, struct err *e);
/* links and names of an instance, after networks_make; texts live in the arena */
void networks_plan(const struct supervisor *s, struct instance *i, struct arena *a,
                   struct runtime_launch *out);
/* tells all that run of the deployment what names there are now */
void networks_tell(struct supervisor *s, struct deployment *d);
/* -EBUSY when a service of another project is on one of them */
int networks_unused(const struct supervisor *s, const struct deployment *d, struct err *e);
/* asks; the answers count d->removals down */
void networks_remove(struct supervisor *s, struct deployment *d);
/* true when the tag belonged to such a request */
bool networks_answered(struct deployment *d, uint64_t tag, const struct runtime_answer *a);

/* volumes.c */
/* -EBUSY when a service of another project has one of them; `d` may be NULL */
int volumes_unused(const struct supervisor *s, const struct deployment *d, const struct project *p,
                   struct err *e);
/* asks, if the operation is about them; the answers count d->removals down */
void volumes_remove(struct supervisor *s, struct deployment *d);
/* true when the tag belonged to such a request */
bool volumes_answered(struct deployment *d, uint64_t tag, const struct runtime_answer *a);

/* probing.c */
void probing_begin(struct instance *i, bool adopted);
void probing_end(struct instance *i);
/* it says itself that it is ready */
void probing_told(void *instance);
/* true when the tag belonged to a probe */
bool probing_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);

/* it is not well, whatever it said before; `what` says why */
void probing_failed(struct instance *i, const char *what);

/* notify.c */
/* listens to a socket of sd_notify(3), which is taken */
void notify_open(struct supervisor *s, const char *id, int fd);
/* it runs: from now on it is known who belongs to it */
void notify_begin(struct instance *i);
void notify_close(struct instance *i);
/* ready, or well again: the watchdog bites unless it is told in time */
void notify_watch(struct instance *i);

/* capsule.c */
/* keeps what is known of `i`, to which `event` (borrowed) has just happened */
void capsule_begin(struct instance *i, const json_t *event);
void capsule_flush(struct instance *i);
/* true when the tag belonged to one */
bool capsule_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);

/* hooks.c */
/* FSM_HOOKED or FSM_HOOK_FAILED follows, in a later turn */
void hooks_run(struct instance *i, enum hooks which);
void hooks_end(struct instance *i);
/* true when the tag belonged to a hook */
bool hooks_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);

/* attach.c */
/* a listener of capture.h; `owner` is the instance */
void attach_heard(void *owner, unsigned incarnation, const char *stream, const char *bytes,
                  size_t len);
void attach_ended(struct instance *i, const struct exit_info *how);
/* there is no such instance any more */
void attach_gone(const struct instance *i);
/* true when the tag belonged to one */
bool attach_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);
void attach_forget(struct supervisor *s, const void *owner);
void attach_free(struct supervisor *s);

/* exec.c */
/* the watcher hears the answer with that tag, unless the request could not be handed over */
uint64_t exec_expect(struct supervisor *s, const struct exec_watcher *watcher);
void exec_unexpect(struct supervisor *s, uint64_t tag);
/* -ESRCH (ERR_FAILED) when it does not run or is paused, -ENOENT (ERR_USAGE) when there is none */
int exec_find_running(const struct supervisor *s, const char *project, const char *service,
                      unsigned index, struct instance **out, struct err *e);
/* true when the tag belonged to a command */
bool exec_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);
void exec_forget(struct supervisor *s, const void *owner);
void exec_free(struct supervisor *s);

/* renew.c */
bool renew_concerns(const struct unit *u, const char *const *secrets);
void renew_late(struct instance *i); /* it runs, and was launched with what secrets were before */

/* inquiry.c */
/* true when the tag belonged to an inquiry */
bool inquiry_answered(struct supervisor *s, uint64_t tag, const struct runtime_answer *a);
void inquiry_forget(struct supervisor *s, const void *owner);
void inquiry_free(struct supervisor *s);

/* pause.c */
/* what the broker has done, or was found to have done */
void pause_note(struct instance *i, bool paused);
/* thaws what is to get a signal; nothing where it is not paused */
void pause_lift(struct instance *i);

/* recovery.c */
void recovery_connected(struct supervisor *s, const struct runtime_seen *seen, size_t n);

#endif
